import type { TransformationId } from '../graph/transformation.ts';
import { setDescription, setMaxParallelism, setName, setParallelism, setSlotSharingGroup, setUid } from './operator-settings.ts';
import type { StreamScope } from './stream-scope.ts';

/** The end of a stream, and the settings of its sink. */
export class DataStreamSink {
  readonly #scope: StreamScope;
  readonly #id: TransformationId;

  /** Internal: made by `sinkTo` and its kin. */
  constructor(scope: StreamScope, id: TransformationId) {
    this.#scope = scope;
    this.#id = id;
  }

  /** What users see: plans, errors, metrics. */
  name(name: string): this {
    setName(this.#scope.program, this.#id, name);
    return this;
  }

  /** A longer text for plans. */
  setDescription(description: string): this {
    setDescription(this.#scope.program, this.#id, description);
    return this;
  }

  /** Identifies the sink across versions of the program. Unique in a job. */
  uid(uid: string): this {
    setUid(this.#scope.program, this.#id, uid);
    return this;
  }

  /** How many writers there are. */
  setParallelism(parallelism: number): this {
    setParallelism(this.#scope.program, this.#id, parallelism);
    return this;
  }

  setMaxParallelism(maxParallelism: number): this {
    setMaxParallelism(this.#scope.program, this.#id, maxParallelism);
    return this;
  }

  /** Operators of different groups never share a slot. */
  slotSharingGroup(group: string): this {
    setSlotSharingGroup(this.#scope.program, this.#id, group);
    return this;
  }

  /** The sink runs in a task of its own. */
  disableChaining(): this {
    this.#scope.program.change(this.#id, { chaining: 'NEVER' });
    return this;
  }
}

import { UsageError } from '@millrace/core/base/errors';
import type { DurationLike } from '@millrace/core/config/duration';
import { descriptionOf } from '@millrace/core/types/types';
import type { TypeInformation } from '@millrace/core/types/type-information';
import { OutputTag } from '../contract/output-tag.ts';
import { DataStream } from './data-stream.ts';
import type { TransformationId } from '../graph/transformation.ts';
import { show } from './function-checks.ts';
import type { Program } from './program.ts';
import type { Configuration } from './stream-types.ts';
import {
  setBufferTimeout,
  setDescription,
  setMaxParallelism,
  setName,
  setParallelism,
  setSlotSharingGroup,
  setUid,
} from './operator-settings.ts';
import type { SideOutputDataStream } from './side-output-data-stream.ts';

/** The output of one operator: a stream, and the settings of that operator. Each setter checks its argument and returns the stream. */
export class SingleOutputStreamOperator<out T> extends DataStream<T> {
  /** What users see: plans, errors, metrics. It does not identify the operator; `uid` does. */
  name(name: string): this {
    setName(this.scope.program, this.id, name);
    return this;
  }

  /** A longer text for plans. */
  setDescription(description: string): this {
    setDescription(this.scope.program, this.id, description);
    return this;
  }

  /** Identifies the operator across versions of the program, so that its state is found again. Unique in a job. */
  uid(uid: string): this {
    setUid(this.scope.program, this.id, uid);
    return this;
  }

  /** How many subtasks the operator has, whatever environment, command line and configuration say. */
  setParallelism(parallelism: number): this {
    setParallelism(this.scope.program, this.id, parallelism);
    return this;
  }

  /** The number of key groups, and so the greatest parallelism that the operator's state can be spread over. Fixed for the life of that state. */
  setMaxParallelism(maxParallelism: number): this {
    setMaxParallelism(this.scope.program, this.id, maxParallelism);
    return this;
  }

  /** How long what this operator emits may wait in a buffer that is not full: 0 ms not at all, −1 ms for ever. */
  setBufferTimeout(timeout: DurationLike): this {
    setBufferTimeout(this.scope.program, this.id, timeout);
    return this;
  }

  /** Operators of different groups never share a slot. What follows inherits the group. */
  slotSharingGroup(group: string): this {
    setSlotSharingGroup(this.scope.program, this.id, group);
    return this;
  }

  /** The operator runs in a task of its own. */
  disableChaining(): this {
    this.scope.program.change(this.id, { chaining: 'NEVER' });
    return this;
  }

  /** The operator begins a task; what follows may join it. */
  startNewChain(): this {
    this.scope.program.change(this.id, { chaining: 'HEAD' });
    return this;
  }

  /**
   * Declares the type of the records: a generated codec in place of a learned one. Checked at the first record.
   *
   * ```ts
   * words.map((word) => ({ word, count: 1 })).returns(Types.row({ word: Types.STRING, count: Types.INT }));
   * ```
   */
  returns<U extends T>(type: TypeInformation<U>): SingleOutputStreamOperator<U> {
    if (typeof (type as Partial<TypeInformation<U>> | undefined)?.typeName !== 'string') {
      throw new UsageError(
        `returns of '${this.scope.program.nameOf(this.id)}' got ${show(type)}. Give it a type, for example Types.STRING or Types.row({ … }).`,
      );
    }
    descriptionOf(type);
    this.scope.program.change(this.id, { type });
    return this.scope.streams.operator(this.scope, this.id);
  }

  /** Values for the functions of this operator, which read them by `getRuntimeContext().getParameters()`. */
  withParameters(parameters: Configuration): this {
    if (typeof parameters !== 'object' || parameters === null)
      throw new UsageError(
        `withParameters of '${this.scope.program.nameOf(this.id)}' got ${show(parameters)}. Give it an object of values by name.`,
      );
    this.scope.program.change(this.id, { parameters: Object.freeze({ ...parameters }) });
    return this;
  }

  /** The records that this operator emits to the tag; none, if it emits to another. Refused where it is known that the operator never emits to it. */
  getSideOutput<X>(tag: OutputTag<X>): SideOutputDataStream<X> {
    if (!(tag instanceof OutputTag))
      throw new UsageError(`getSideOutput of '${this.scope.program.nameOf(this.id)}' got ${show(tag)}. Give it the OutputTag.`);
    refuseWithoutSides(this.scope.program, this.id, tag.id);
    const id = this.scope.program.add({ kind: 'side-output', input: this.id, tag: tag.id, type: tag.getTypeInfo() });
    return this.scope.streams.sideOutput(this.scope, id);
  }
}

/** Operators whose functions have no way to a side output, by what they do. */
const WITHOUT_SIDES: ReadonlySet<string> = new Set([
  ...['Map', 'Flat Map', 'Filter', 'Projection', 'Timestamps/Watermarks', 'Keyed Reduce', 'Keyed Aggregation', 'Keyed Fold'],
  ...['Co-Map', 'Co-Flat Map', 'Partition Window', 'async wait operator'],
]);

function refuseWithoutSides(program: Program, id: TransformationId, tag: string): void {
  const { operation, sideTags } = program.operator(id);
  if (sideTags !== undefined && !sideTags.includes(tag)) throw neverEmitted(program.nameOf(id), tag, sideTags);
  if (!WITHOUT_SIDES.has(operation)) return;
  throw new UsageError(
    `getSideOutput('${tag}') of '${program.nameOf(id)}': this operator has no side outputs. Call it on the result of the one that emits to the tag: ` +
      'of process(…) with context.output(tag, record), or of windows and joins that send late records there.',
    { reason: 'no-side-output' },
  );
}

/** Of windows that have no function of their own: late records are all that they send aside. */
function neverEmitted(name: string, tag: string, [late]: readonly string[]): UsageError {
  const instead =
    late === undefined
      ? 'it has no side outputs. For its late records call sideOutputLateData(tag) on the windows, before they are reduced'
      : `its late records go to '${late}', and nothing else goes aside`;
  return new UsageError(
    `getSideOutput('${tag}') of '${name}': nothing is ever emitted there, as ${instead}; or read '${tag}' from the operator that emits to it.`,
    { reason: 'no-side-output' },
  );
}

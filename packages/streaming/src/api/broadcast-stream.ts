import type { AnyMapStateDescriptor } from '../contract/state-descriptor.ts';
import type { TransformationId } from '../graph/transformation.ts';
import type { StreamScope } from './stream-scope.ts';

/** A stream of which every record goes to every subtask of what it is connected to, and the states that its records are kept in there. Flink: "Broadcast State". */
export class BroadcastStream<out T> {
  /** Internal: made by `broadcast`. */
  readonly scope: StreamScope;
  readonly id: TransformationId;
  readonly descriptors: readonly AnyMapStateDescriptor[];
  /** For the compiler only. */
  declare readonly holds: T;

  constructor(scope: StreamScope, id: TransformationId, descriptors: readonly AnyMapStateDescriptor[]) {
    this.scope = scope;
    this.id = id;
    this.descriptors = descriptors;
  }
}

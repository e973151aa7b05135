/**
 * What the calls of a program leave behind: plain frozen data that refers to its inputs by number. The streams of the API are handles on these; the stream
 * graph is made of them. Flink: `Transformation`.
 */
import type { StateBackend } from '../contract/state-backend.ts';
import type { AnyTypeInformation, TypeInformation } from '@millrace/core/types/type-information';
import type { OperatorLogic } from '../contract/operator.ts';
import type { PartitionerKind } from './job-graph.ts';

/** The index of a transformation in its program. */
export type TransformationId = number;

/** ALWAYS: with whoever feeds it; HEAD: only what comes behind it; NEVER: a task of its own. */
export type ChainingStrategy = 'ALWAYS' | 'HEAD' | 'NEVER';

export interface OperatorTransformation {
  readonly kind: 'operator';
  readonly id: TransformationId;
  readonly input: TransformationId | undefined; // a source has none
  readonly secondInput?: TransformationId; // of two-input operators
  readonly logic: OperatorLogic;
  /** What it does (`Map`, `Keyed Reduce`); part of its id, which its name is not. */
  readonly operation: string;
  readonly name: string;
  readonly description: string | undefined;
  readonly uid: string | undefined;
  readonly parallelism: number | undefined; // undefined: the job's
  readonly maxParallelism: number | undefined; // undefined: the job's, or from the parallelism
  readonly bufferTimeoutMs: number | undefined; // undefined: the job's
  readonly slotSharingGroup: string | undefined; // undefined: that of the inputs
  readonly chaining: ChainingStrategy;
  /** Declared type of what it emits. */
  readonly type: AnyTypeInformation | undefined;
  /** For the operator's functions; plain values under keys. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** Emits nothing before its input has ended: what is behind it may be scheduled apart. Flink: `outputOnlyAfterEndOfStream`. */
  readonly outputOnlyAfterEndOfStream?: true;
  /** Why it cannot run in more than one subtask, for the message to whoever tries. */
  readonly notParallel?: string;
  /** The side outputs that it can emit to; absent where that is its function's to say. */
  readonly sideTags?: readonly string[];
}

export interface PartitionTransformation {
  readonly kind: 'partition';
  readonly id: TransformationId;
  readonly input: TransformationId;
  readonly partitioner: PartitionerKind;
  readonly keySelector?: (record: unknown) => unknown; // of hash and custom
  readonly keyType?: TypeInformation<unknown> | undefined; // of hash
  readonly partition?: (key: unknown, numPartitions: number) => number; // of custom
}

export interface UnionTransformation {
  readonly kind: 'union';
  readonly id: TransformationId;
  readonly inputs: readonly TransformationId[];
}

export interface SideOutputTransformation {
  readonly kind: 'side-output';
  readonly id: TransformationId;
  readonly input: TransformationId;
  readonly tag: string;
  readonly type: AnyTypeInformation | undefined;
}

export type Transformation = OperatorTransformation | PartitionTransformation | UnionTransformation | SideOutputTransformation;

export function inputsOf(transformation: Transformation): readonly TransformationId[] {
  if (transformation.kind === 'union') return transformation.inputs;
  const second = transformation.kind === 'operator' ? transformation.secondInput : undefined;
  return [transformation.input, second].filter((input) => input !== undefined);
}

/** What holds for operators that say nothing themselves. */
export interface JobSettings {
  readonly parallelism: number;
  readonly maxParallelism: number | undefined;
  readonly bufferTimeoutMs: number;
  readonly operatorChaining: boolean;
  /** `hashmap` if it is absent. */
  readonly stateBackend?: StateBackend;
  /** AUTOMATIC: BATCH where all sources are bounded. STREAMING if it is absent. */
  readonly runtimeMode?: 'STREAMING' | 'BATCH' | 'AUTOMATIC';
}

export interface JobProgram {
  readonly name: string;
  /** By id: `transformations[id].id === id`. */
  readonly transformations: readonly Transformation[];
  /** Those whose records have to be computed; the others come in as their inputs. */
  readonly roots: readonly TransformationId[];
  readonly settings: JobSettings;
}

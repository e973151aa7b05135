/**
 * The job graph: what a client submits. Plain data, deterministic, without code: functions are bound to operators by id in every slot (architecture D7).
 * Flink: "Jobs and Scheduling".
 */
import type { StateBackend } from '../contract/state-backend.ts';
import type { TypeDescription } from '@millrace/core/types/type-information';
import type { OperatorKind, OperatorLogic } from '../contract/operator.ts';
import type { DeclaredState } from '../contract/state-declaration.ts';
import type { JobPlan } from './job-plan.ts';

export type PartitionerKind = 'forward' | 'rebalance' | 'rescale' | 'shuffle' | 'broadcast' | 'global' | 'hash' | 'custom';

export interface JobGraph {
  readonly name: string;
  /** Of everything below but the name: equal for equal programs. */
  readonly digest: string;
  readonly vertices: readonly JobVertex[]; // every vertex after those that feed it
  readonly edges: readonly JobEdge[];
  readonly configuration: JobConfiguration;
}

/** What the tasks of a job need to know of its settings, units in the names. */
export interface JobConfiguration {
  readonly autoWatermarkRecords: number;
  readonly autoWatermarkIntervalMs: number;
  readonly freezeRecords: boolean;
  readonly maxShapesPerEdge: number;
  /** Only final results are emitted, and watermarks only at the end. Absent in STREAMING mode. */
  readonly isBatch?: true;
  /** Absent where checkpoints are off. */
  readonly checkpointing?: CheckpointSettings;
  /** Absent where nobody chose one: exponential delay with checkpoints, none without. */
  readonly restartStrategy?: RestartStrategySettings;
  /** Absent where latencies are not tracked. */
  readonly latencyTracking?: LatencyTrackingSettings;
  /** Absent where buffers are used as they are. */
  readonly bufferDebloat?: BufferDebloatSettings;
}

/** How much is in flight between tasks: what the consumer drains in `targetMs`. */
export interface BufferDebloatSettings {
  readonly targetMs: number;
  /** Between two looks at the speed of a consumer. */
  readonly periodMs: number;
  /** Looks that a size of buffers is the mean of. */
  readonly samples: number;
  /** By how much a size must differ from the one before it to be used. */
  readonly thresholdPercentage: number;
}

export interface LatencyTrackingSettings {
  readonly intervalMs: number;
  /** Which markers of an operator go into one histogram: all of them, those of one source, or those of one subtask of it. */
  readonly granularity: 'single' | 'operator' | 'subtask';
  /** Markers that a histogram keeps. */
  readonly historySize: number;
}

/** What happens to a job that has failed for a reason that a restart may cure. */
export type RestartStrategySettings =
  | { readonly kind: 'none' }
  | { readonly kind: 'fixed-delay'; readonly attempts: number; readonly delayMs: number }
  /** At most `maxFailures` restarts within any `intervalMs`. */
  | { readonly kind: 'failure-rate'; readonly maxFailures: number; readonly intervalMs: number; readonly delayMs: number }
  | {
      readonly kind: 'exponential-delay';
      readonly initialBackoffMs: number;
      readonly maxBackoffMs: number;
      readonly backoffMultiplier: number;
      /** A job that has run for so long without a failure begins with the initial backoff again. */
      readonly resetBackoffThresholdMs: number;
      /** The delay is this share longer or shorter, by chance. */
      readonly jitterFactor: number;
      /** Undefined: any number. */
      readonly attemptsBeforeResetBackoff: number | undefined;
    };

/** What a program says of checkpoints; what it leaves open is absent. */
export interface CheckpointSettings {
  readonly intervalMs?: number;
  readonly mode?: 'EXACTLY_ONCE' | 'AT_LEAST_ONCE';
  readonly storage?: string;
  readonly timeoutMs?: number;
  readonly minPauseMs?: number;
  readonly maxConcurrent?: number;
  readonly tolerableFailures?: number;
  readonly retention?: 'RETAIN_ON_CANCELLATION' | 'DELETE_ON_CANCELLATION' | 'NO_EXTERNALIZED_CHECKPOINTS';
  readonly unaligned?: boolean;
  readonly alignedTimeoutMs?: number;
  /** 0: no checkpoints while a source works off a backlog. */
  readonly intervalDuringBacklogMs?: number;
  /** Completed checkpoints that are kept. */
  readonly retained?: number;
  /** What has changed upon older checkpoints is written, where it is less. */
  readonly incremental?: boolean;
  /** State of a subtask up to this size lies in the checkpoint's `_metadata` instead of a file of its own. */
  readonly inlineBytesMax?: number;
  /** Without a directory: the most that one stream of state may have. */
  readonly memoryBytesMax?: number;
}

/** A chain of operators that runs as one task. */
export interface JobVertex {
  readonly id: string; // 32 hexadecimal digits: the id of its head
  readonly name: string; // `Source: commits -> map`
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly slotSharingGroup: string;
  /** Vertices that name the same one have the same parallelism, and subtasks of one number are in one slot: the ends of an iteration. */
  readonly coLocationGroup?: string;
  readonly operators: readonly ChainedOperator[]; // the head first, every operator after the one that feeds it
}

export interface ChainedOperator {
  readonly id: string; // 32 hexadecimal digits, from the uid or from the place in the graph
  readonly uid: string | undefined;
  readonly name: string;
  readonly kind: OperatorKind;
  /** The index in the chain of the operator that feeds this one; −1 for the head, which the network feeds (or nothing, if it is a source). */
  readonly input: number;
  /** The side output of that operator which it reads; undefined for the main output. */
  readonly inputTag: string | undefined;
  /** Of the records that it reads inside the chain, where they are declared: nothing encodes them there, so they are checked against it. */
  readonly inputType?: TypeDescription;
  /** It emits nothing before its input has ended. */
  readonly outputOnlyAfterEndOfStream?: true;
  /** What its function declares (`usesStates`); absent where it declares nothing. */
  readonly states?: readonly DeclaredState[];
}

/** A stream between two vertices. An input of a vertex is the union of its edges. */
export interface JobEdge {
  readonly id: string;
  readonly source: string; // vertex id
  readonly sourceOperator: number; // index in its chain
  readonly sourceTag: string | undefined; // side output
  readonly target: string; // vertex id
  readonly inputIndex: 0 | 1; // which input of the target's head; 1 only of a two-input operator
  readonly partitioner: PartitionerKind;
  readonly type: TypeDescription;
  readonly keyType: TypeDescription | undefined; // of a hash partitioner
  readonly bufferTimeoutMs: number; // 0: every record, −1: only full buffers
}

/** The code behind a job graph, by id. Made by the same translation, in the client and in every slot. */
export interface JobBindings {
  readonly operators: ReadonlyMap<string, OperatorLogic>;
  readonly edges: ReadonlyMap<string, EdgeBinding>;
  /** `hashmap` if it is absent. */
  readonly stateBackend?: StateBackend;
}

export interface EdgeBinding {
  /** Of hash and custom partitioners. */
  readonly keySelector?: (record: unknown) => unknown;
  /** Of custom partitioners: (key, number of channels) to channel. */
  readonly partition?: (key: unknown, numPartitions: number) => number;
}

export interface CompiledJob {
  readonly jobGraph: JobGraph;
  readonly bindings: JobBindings;
  /** What the job graph was written from; stays where it was made. */
  readonly plan: JobPlan;
}

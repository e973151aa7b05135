/**
 * The seam between the logic of a job and the task that runs it: what an operator may count on, and what it owes.
 *
 * A task is a tree of chained operators. Everything from the input to the output buffers is one synchronous call per record (architecture D2). Back-pressure
 * is a count: whoever cannot take another element adds one to `flow.blocked` and takes it away when it can again; the task takes no input while it is not 0.
 *
 * O1 an operator is called by one thread, one call at a time.
 * O2 after `output.collect` returned, `flow.blocked` may have become positive. Whoever has more to emit for the same element then stops, adds one to `blocked`
 *    itself and continues in `resume`; whoever has nothing left just returns.
 * O3 `flow.timestamp` holds the timestamp of the element under way. An operator that emits at another time sets it before `collect`; it need not put it back.
 * O4 records pass by reference and are never changed after they were emitted or stored.
 * O5 `resume` is called when everything behind the operator is free, with `flow.blocked` at 1: the operator's own. An operator that has nothing suspended
 *    returns true and changes nothing.
 * O6 the task shows no watermark and no end of input to an operator while an emission of it is suspended. Elements may still come, from an upstream
 *    `Collector` that goes on beyond the credit: the operator takes them, unless it has said that it `isFull`.
 */
import type { Cancellation } from '@millrace/core/base/clock';
import type { TypeInformation } from '@millrace/core/types/type-information';
import type { Collector, MaybePromise } from './emittable.ts';
import type { RuntimeContext } from './functions.ts';
import type { ManagedMemory } from './managed-memory.ts';
import type { MemoryUse } from './memory-use.ts';
import type { Sink } from './sink.ts';
import type { Source } from './source.ts';
import type { KeyedStateBackend, NamespaceType, OperatorStateStore } from './keyed-state.ts';
import type { KeyedTableFactory } from './state.ts';
import type { DeclaredState } from './state-declaration.ts';
import type { StateInitializationContext, StateSnapshotContext } from './snapshot.ts';
import type { InternalTimerService, Triggerable } from './timers.ts';
import type { WatermarkStrategy } from './watermark-strategy.ts';

/** Shared by all operators of a task. One shape, all fields set by the constructor of the one class that implements it. */
export interface TaskFlow {
  /** Of the element under way; NO_TIMESTAMP where it has none. */
  timestamp: number;
  /** How many outputs and operators cannot take another element. */
  blocked: number;
}

export interface Output<in T> extends Collector<T> {
  /** Emits at `flow.timestamp`. Never refuses: what goes beyond the credit is overdraft and raises `flow.blocked`. */
  collect(record: T): void;
}

/** Settings of the job that operators read, units in the names. */
export interface OperatorSettings {
  readonly autoWatermarkRecords: number;
  readonly autoWatermarkIntervalMs: number;
  /** False where all input is bounded: then the clock must not decide where a watermark stands (architecture D15). */
  readonly clockMayEmitWatermarks: boolean;
  /** Only final results count: who would emit every step of one waits for the last watermark, the only one there is. */
  readonly isBatch: boolean;
}

/** What a task gives to an operator before `open`. */
export interface OperatorContext<in O = unknown> {
  readonly flow: TaskFlow;
  readonly output: Output<O>;
  /** Undefined where nobody reads that side output: the record is dropped. */
  sideOutput<X>(tagId: string): Output<X> | undefined;
  /** Told of each tag that the operator's function has emitted to and nobody reads, once. */
  readonly unreadSideOutput?: (tagId: string) => void;
  readonly runtime: RuntimeContext;
  /** Makes the tables of keyed state of this operator. */
  readonly tables: KeyedTableFactory;
  /** Throws where the operator has no key. */
  readonly keyedState: KeyedStateBackend;
  readonly operatorState: OperatorStateStore;
  /** Timers of the keys of `keyedState`; each name once in an operator. Throws where the operator has no key. */
  timers<K, N>(name: string, triggerable: Triggerable<K, N>, namespaces: NamespaceType<N>): InternalTimerService<N>;
  readonly settings: OperatorSettings;
  /** For what is sorted or kept beyond what the heap should hold. */
  readonly memory: ManagedMemory;
  /** Sends a watermark to everything behind this operator, for operators that make their own. One that would go back is ignored. */
  emitWatermark(timestamp: number): void;
  /** Tells everything behind this operator that it sends nothing for the moment, or that it does again; for operators that make their own watermarks. */
  emitWatermarkStatus(idle: boolean): void;
  /** Runs an action in the task's thread between two elements: the way back in for promises and timers. An action that throws fails the task. */
  mail(action: () => void): void;
  /** Fails the task with this error at its next turn; for asynchronous edges. */
  fail(error: unknown): void;
  /** As `mail`, after a delay; the timers of the task end with it. */
  schedule(delayMs: number, action: () => void): Cancellation;
  /** Asks for a checkpoint that begins from now on, without waiting for the interval; undefined where the job takes none. */
  readonly requestCheckpoint: (() => void) | undefined;
  /** Processing time, from the task's clock. */
  currentProcessingTime(): number;
}

export interface StreamOperator {
  /** Awaited before `open`: what a checkpoint brought back of state that the operator keeps itself (snapshot.ts). */
  initializeState?(context: StateInitializationContext): MaybePromise<void>;
  /** Awaited before the first element. */
  open?(): MaybePromise<void>;
  /** The barrier of a checkpoint has reached the operator (C1, C2 of snapshot.ts). */
  snapshotState?(context: StateSnapshotContext): MaybePromise<void>;
  /** The checkpoint is complete and durable everywhere. Notifications may be lost, and a later one stands for all before it. */
  notifyCheckpointComplete?(checkpointId: number): MaybePromise<void>;
  notifyCheckpointAborted?(checkpointId: number): MaybePromise<void>;
  /** Called once the input has ended and the last watermark has passed; may emit. Returns false when it is not done yet (O2): `resume` goes on. */
  finish?(): boolean;
  /** Awaited after `finish`, for what must be flushed before the task may be called finished. */
  flush?(): MaybePromise<void>;
  /** Awaited after every operator of the task was flushed, for what only a checkpoint that is complete may set free: barriers still come. */
  settle?(): MaybePromise<void>;
  /** Always called, after success, failure and cancellation alike, once, if `open` was called. */
  close?(): MaybePromise<void>;
  /** True while the operator holds one of `flow.blocked` that it takes away by itself, through `mail`: asynchronous edges, which O5 waits for. */
  readonly isBlocked?: boolean;
  /** True while the operator holds one of `flow.blocked` because it has taken as much as it has room for. Inside a chain, records that come all the same wait in front of it (O6). */
  readonly isFull?: boolean;
  /**
   * Called between elements while the task has nothing to read: `elapsedMs` have passed since the last call, or since it last had something, not counting
   * time in which it was blocked. Returns how many milliseconds from now it wants to be called again at the latest; Infinity if it does not care.
   */
  idle?(elapsedMs: number): number;
  /** Records dropped because they came too late, for the metric of that name. */
  readonly numLateRecordsDropped?: number;
  /** What the operator keeps beside its tables, states and timers; asked for between elements, when memory is short. */
  memoryUse?(): readonly MemoryUse[];
  /** Goes on with an emission that O2 suspended; true when nothing is left of it (and it has taken its one away from `blocked`). */
  resume?(): boolean;
}

/** An operator that the chain shows watermarks to. */
export interface WatermarkedOperator extends StreamOperator {
  /**
   * The watermark has reached this operator; of two inputs, the lesser one of theirs has. It goes on to the operators behind when this returns true, or `resume` does (O2).
   * An operator without this method lets it pass.
   */
  processWatermark?(timestamp: number): boolean;
  /** True where the operator keeps upstream watermarks to itself, all but MAX_WATERMARK, because it emits its own. */
  readonly ownsWatermarks?: boolean;
  /**
   * True where a watermark that `processWatermark` did not let pass stays with the operator, which takes further elements and sends it on by `emitWatermark`
   * when its time has come; all but MAX_WATERMARK, which is for `resume` as elsewhere. The same with `processWatermarkStatus`.
   */
  readonly delaysWatermarks?: boolean;
  /** A marker of an iteration (timestamp.ts) has come, behind everything that was emitted before it. */
  processMarker?(marker: number): void;
  /** Shown to an operator with `delaysWatermarks` only. */
  processWatermarkStatus?(isIdle: boolean): boolean;
}

export interface OneInputOperator<in I = unknown> extends WatermarkedOperator {
  processElement(record: I): void;
}

/** Elements of two inputs, which have no order between them. Always the head of its chain: the network feeds both inputs. Flink: `TwoInputStreamOperator`. */
export interface TwoInputOperator<in A = unknown, in B = unknown> extends WatermarkedOperator {
  processElement1(record: A): void;
  processElement2(record: B): void;
}

/** The key of a keyed operator: the selector runs once at the shuffle and once more here. */
export interface KeyContext<T = unknown, K = unknown> {
  readonly selector: (record: T) => K;
  readonly type: TypeInformation<K> | undefined; // undeclared: learned
}

/** The plain functions of one record that the chain calls directly from generated code. */
export type PlainFunction = (value: unknown) => unknown;

/** What an operator of the graph runs: bound to it by operator id in every slot, never serialized (architecture D7). */
export type OperatorLogic =
  | { readonly kind: 'source'; readonly source: Source<unknown>; readonly strategy: WatermarkStrategy<unknown> }
  | { readonly kind: 'map' | 'filter' | 'flatMap'; readonly fn: PlainFunction }
  | OneInputLogic
  | TwoInputLogic
  /** `emitsCommittables`: what its writer prepares is its output, and somebody behind it commits that. */
  | { readonly kind: 'sink'; readonly sink: Sink<unknown>; readonly emitsCommittables?: boolean };

export interface OneInputLogic {
  readonly kind: 'operator';
  readonly create: (context: OperatorContext) => OneInputOperator;
  readonly key?: KeyContext;
  /** What its function declares; absent where it declares nothing. */
  readonly states?: readonly DeclaredState[];
  /** Sends what it gets to the head of this iteration in its own subtask. The task makes the operator, for it knows the way; `create` is not called. */
  readonly iterationTail?: string;
}

export interface TwoInputLogic {
  readonly kind: 'twoInput';
  /** No edge leads to the second input: it gets what the tail of the same subtask sends back. */
  readonly iteration?: IterationSettings;
  readonly create: (context: OperatorContext) => TwoInputOperator;
  /** Keys of the two inputs; both or one (beside a broadcast input), whose values are of one type. */
  readonly keys?: readonly [KeyContext | undefined, KeyContext | undefined];
  readonly states?: readonly DeclaredState[];
}

/** Of the head of an iteration. */
export interface IterationSettings {
  /** Unique in the program. */
  readonly id: string;
  /** How long the head waits for a record from the tail once the input has ended; 0: until nothing is in the loop. */
  readonly maxWaitTimeMs: number;
  /** Rounds after the end of the input beyond which the job fails; Infinity without a bound. */
  readonly maxRounds: number;
}

export type OperatorKind = OperatorLogic['kind'];

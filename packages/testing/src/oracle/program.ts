/**
 * A random program as plain data: what the generator makes, the builder turns into a job, the reference interpreter computes, and the shrinker cuts down.
 *
 * Streams are numbered: the sources first, then the nodes, each of which makes one stream. Records are `{ k, v }`.
 */
export interface OracleRecord {
  readonly k: number;
  readonly v: number;
}

export type SourceStep =
  | { readonly kind: 'record'; readonly record: OracleRecord; readonly at: number }
  | { readonly kind: 'watermark'; readonly at: number }
  | { readonly kind: 'idle' };

/** What a source does, phase by phase; between phases everything settles and what came out is compared. */
export interface SourcePlan {
  /** Its records are the first steps of phases, which settle before any other source goes on: what they say is known to all later records. */
  readonly early?: boolean;
  readonly phases: readonly (readonly SourceStep[])[];
}

export type Partitioning = 'none' | 'rebalance' | 'rescale' | 'shuffle' | 'global' | 'broadcast' | 'custom';

export interface Placement {
  /** Undefined: the job's. */
  readonly parallelism: number | undefined;
  readonly chaining: 'ALWAYS' | 'HEAD' | 'NEVER';
}

export interface NodeSettings extends Placement {
  readonly input: number;
  /** Before the operator; keyed operators have their own. */
  readonly partitioning: Partitioning;
}

export interface TwoInputSettings extends Placement {
  readonly inputs: readonly [number, number];
}

export interface WindowPlan extends NodeSettings {
  readonly op: 'window';
  readonly sizeMs: number;
  readonly slideMs: number;
  readonly offsetMs: number;
  readonly latenessMs: number;
  readonly aggregate: 'count' | 'sum-merging' | 'reduce' | 'max';
}

export type AssignerPlan =
  | { readonly kind: 'tumbling'; readonly sizeMs: number }
  | { readonly kind: 'sliding'; readonly sizeMs: number; readonly slideMs: number }
  | { readonly kind: 'session'; readonly gapMs: number; readonly dynamic: boolean }
  | { readonly kind: 'global' }
  /** Of the user's own class: a grid of `sizeMs`, and for even values a coarser one besides (operations.ts). */
  | { readonly kind: 'custom'; readonly sizeMs: number }
  /** By processing time; of an even size. */
  | { readonly kind: 'clock'; readonly sizeMs: number };

export type TriggerPlan =
  | { readonly kind: 'default' | 'purging' }
  | { readonly kind: 'count'; readonly count: number; readonly purges: boolean }
  | { readonly kind: 'continuous'; readonly intervalMs: number };

export interface EvictorPlan {
  readonly kind: 'count' | 'time';
  readonly limit: number;
  readonly after: boolean;
}

/** A window of any kind, with triggers and evictors. */
export interface GeneralWindowPlan extends NodeSettings {
  readonly op: 'general';
  /** Of all keys together. */
  readonly all: boolean;
  readonly assigner: AssignerPlan;
  readonly trigger: TriggerPlan;
  readonly evictor: EvictorPlan | undefined;
  readonly latenessMs: number;
  readonly result: 'aggregate' | 'reduce' | 'apply' | 'process';
}

/** `count` records of a key, or, with a slide, the last `count` after every `slide`. */
export interface CountWindowPlan extends NodeSettings {
  readonly op: 'countWindow';
  readonly count: number;
  readonly slide: number | undefined;
}

/**
 * Process functions with state and timers (process-functions.ts). `buckets`: by event time, the same whatever the order of records; `sequence`: by event time, of
 * records whose order is known; `clock`: by processing time.
 */
export interface TimersPlan extends NodeSettings {
  readonly op: 'timers';
  readonly how: 'buckets' | 'sequence' | 'clock';
  readonly grainMs: number;
  readonly delayMs: number;
}

export interface IntervalJoinPlan extends TwoInputSettings {
  readonly op: 'intervalJoin';
  readonly lowerMs: number;
  readonly upperMs: number;
  readonly lowerExclusive: boolean;
  readonly upperExclusive: boolean;
  /** Where one is set, no bound is beyond 0: else it hangs on the order of records at which moment it is certain that one stays alone. */
  readonly outer: 'inner' | 'leftOuter' | 'rightOuter' | 'fullOuter';
}

/** Window join and coGroup, over tumbling or sliding windows. */
export interface TwoStreamWindowPlan extends TwoInputSettings {
  readonly op: 'windowJoin' | 'coGroup';
  readonly sizeMs: number;
  readonly slideMs: number;
}

/** Asynchronous requests some of whose answers take until the clock goes on: what times out has a fallback, or attempts fail and are followed by others. */
export interface SlowPlan extends NodeSettings {
  readonly op: 'slow';
  readonly ordered: boolean;
  readonly how: 'times out' | 'is asked again';
}

/** Three or four keyed streams of one operator, which sums up as `coTimers`. */
export interface ManyInputsPlan extends Placement {
  readonly op: 'many';
  readonly inputs: readonly number[];
  readonly grainMs: number;
  readonly delayMs: number;
}

export type SimplePlan =
  | (NodeSettings & { readonly op: 'map'; readonly factor: number; readonly keys: number; readonly plus: number })
  | (NodeSettings & { readonly op: 'filter'; readonly modulus: number; readonly remainder: number })
  | (NodeSettings & { readonly op: 'flatMap'; readonly copies: number; readonly lazy: boolean })
  | (NodeSettings & { readonly op: 'rolling'; readonly aggregate: 'count' | 'sum' | 'max' | 'reduce' })
  | (NodeSettings & { readonly op: 'timestamps'; readonly outOfOrdernessMs: number })
  /** A process function: what the modulus divides goes to a side output. */
  | (NodeSettings & { readonly op: 'process'; readonly modulus: number })
  | (NodeSettings & { readonly op: 'async'; readonly ordered: boolean; readonly capacity: number; readonly many: boolean })
  | SlowPlan
  | CountWindowPlan;

export type TwoInputPlan =
  | (TwoInputSettings & { readonly op: 'coMap'; readonly flat: boolean })
  | (TwoInputSettings & { readonly op: 'coTimers'; readonly grainMs: number; readonly delayMs: number })
  /** A keyed stream beside a broadcast one of rules. */
  | (TwoInputSettings & { readonly op: 'rules' })
  | IntervalJoinPlan
  | TwoStreamWindowPlan;

export type OperatorPlan = SimplePlan | WindowPlan | GeneralWindowPlan | TimersPlan | TwoInputPlan | ManyInputsPlan;

export type NodePlan =
  | OperatorPlan
  /** Of a window: what came too late for it. */
  | { readonly op: 'late'; readonly input: number }
  /** Of a process function. */
  | { readonly op: 'side'; readonly input: number }
  | { readonly op: 'union'; readonly inputs: readonly number[] };

export interface OracleProgram {
  readonly sources: readonly SourcePlan[];
  readonly nodes: readonly NodePlan[];
  /** Streams that have a sink. */
  readonly sinks: readonly number[];
  readonly chaining: boolean;
  readonly autoWatermarkRecords: number;
  /** True where records may come behind a watermark. */
  readonly late: boolean;
  /** True where all sources have even timestamps only, so that sessions of odd gaps never touch: whether the later one comes before the earlier one fires is nobody's to say. */
  readonly even: boolean;
  /** Processing time passes by so much, an even number, before each phase but the first, and once more behind the last: that one is empty. */
  readonly advanceMs: number;
}

/** How a program is run: the answer must not depend on it. */
export interface RunPlan {
  readonly seed: number;
  readonly parallelism: number;
  readonly slots: number;
  readonly generateCode: boolean;
  /** Bytes that records carry along, so that they fill segments of rings. */
  readonly padding: number;
  readonly channelCapacity: number;
  /** Milliseconds that pass in the midst of each phase, each of them with a latency marker of every source; 0: none are sent. Not of programs that look at the clock. */
  readonly markers: number;
  /** The job crashes once, in the middle of a phase, and goes on from a checkpoint. */
  readonly crash?: CrashPlan;
}

export interface CrashPlan {
  readonly phase: number;
  /** Turns of tasks in the phase before the checkpoint. */
  readonly turns: number;
  /** Behind the crash. */
  readonly parallelism: number;
}

/** With the empty one that lets what waits for the clock come. */
export function phasesOf({ sources, advanceMs }: OracleProgram): number {
  return Math.max(...sources.map((source) => source.phases.length)) + (advanceMs > 0 ? 1 : 0);
}

export function inputsOf(node: NodePlan): readonly number[] {
  return 'inputs' in node ? node.inputs : [node.input];
}

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
  readonly phases: readonly (readonly SourceStep[])[];
}

export type Partitioning = 'none' | 'rebalance' | 'rescale' | 'shuffle' | 'global' | 'broadcast' | 'custom';

interface NodeSettings {
  readonly input: number;
  /** Undefined: the job's. */
  readonly parallelism: number | undefined;
  readonly chaining: 'ALWAYS' | 'HEAD' | 'NEVER';
  /** Before the operator; keyed operators have their own. */
  readonly partitioning: Partitioning;
}

export interface WindowPlan extends NodeSettings {
  readonly op: 'window';
  readonly sizeMs: number;
  readonly slideMs: number;
  readonly offsetMs: number;
  readonly latenessMs: number;
  readonly aggregate: 'count' | 'sum-merging' | 'reduce' | 'max';
}

export type NodePlan =
  | (NodeSettings & { readonly op: 'map'; readonly factor: number; readonly keys: number; readonly plus: number })
  | (NodeSettings & { readonly op: 'filter'; readonly modulus: number; readonly remainder: number })
  | (NodeSettings & { readonly op: 'flatMap'; readonly copies: number; readonly lazy: boolean })
  | (NodeSettings & { readonly op: 'rolling'; readonly aggregate: 'count' | 'sum' | 'max' | 'reduce' })
  | (NodeSettings & { readonly op: 'timestamps'; readonly outOfOrdernessMs: number })
  | WindowPlan
  /** Of a window: what came too late for it. */
  | { readonly op: 'late'; readonly input: number }
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
}

export function inputsOf(node: NodePlan): readonly number[] {
  return node.op === 'union' ? node.inputs : [node.input];
}

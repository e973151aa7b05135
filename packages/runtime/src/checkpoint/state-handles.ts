/**
 * Where the bytes of a checkpoint are, and what is in them: plain data. Slots make them, the coordinator keeps them and gives them out again, `_metadata` holds them.
 * Nothing here reads or writes a byte.
 */
import type { KeyGroupRange } from '@millrace/core/types/key-group';
import type { TypeDescription } from '@millrace/core/types/type-information';

/** A stream of bytes that was written once. The path of a file is relative to the directory of the job's checkpoints, so that the whole may be moved. */
export type StreamHandle =
  | { readonly kind: 'inline'; readonly bytes: Uint8Array }
  | { readonly kind: 'file'; readonly path: string; readonly size: number }
  /** Of a savepoint or checkpoint that lies elsewhere. */
  | { readonly kind: 'absolute'; readonly path: string; readonly size: number };

/** A run of `count` elements in a stream, written by one encoder and read by one decoder. */
export interface StateBlock {
  readonly offset: number;
  readonly size: number; // bytes
  readonly count: number;
  readonly checksum: number; // CRC-32 of the bytes
}

export interface KeyedStateBlock extends StateBlock {
  readonly keyGroup: number;
}

export type KeyedStateKind =
  | 'value'
  | 'list'
  | 'map'
  | 'reducing'
  | 'aggregating'
  | 'table'
  | 'entries'
  | 'event-timers'
  | 'processing-timers';

/** What is known of a keyed state without its program: enough to read every entry. */
export interface KeyedStateSchema {
  readonly name: string;
  readonly kind: KeyedStateKind;
  readonly keyType: TypeDescription;
  /** Undefined outside of namespaces. */
  readonly namespaceType: TypeDescription | undefined;
  /** Of a map state: the type of its names. */
  readonly nameType?: TypeDescription;
  /** Of a value, of an element, of an accumulator. Timers have none. */
  readonly valueType: TypeDescription | undefined;
  /** The entries carry the time of their last use. */
  readonly hasTtl?: boolean;
}

export interface KeyedStateHandle {
  readonly schema: KeyedStateSchema;
  readonly stream: StreamHandle;
  readonly maxParallelism: number;
  readonly blocks: readonly KeyedStateBlock[];
  /** Absent: everything that the state had. Else what had changed upon the handles of lower layers, which stand beside this one. */
  readonly delta?: KeyedStateDelta;
}

/** How the entries of an incremental checkpoint stand to those of its lower layers. */
export interface KeyedStateDelta {
  readonly layer: number; // from 1
  /** An entry, or a removal, stands for all that lower layers have of its key; `entry`: of its key in its namespace. */
  readonly unit: 'key' | 'entry';
  /** Keys, and namespaces where the unit is `entry`, that have nothing any more; in the same stream (`removalSchema`). */
  readonly removed: readonly KeyedStateBlock[];
  /** Namespaces of which nothing in lower layers counts, in these key groups. */
  readonly dropped?: { readonly keyGroups: KeyGroupRange; readonly namespaces: readonly number[] };
}

/** As which removals are written. */
export function removalSchema({ name, keyType, namespaceType }: KeyedStateSchema, unit: KeyedStateDelta['unit']): KeyedStateSchema {
  return { name, kind: 'table', keyType, namespaceType: unit === 'entry' ? namespaceType : undefined, valueType: { kind: 'null' } };
}

export type OperatorStateKind = 'list' | 'broadcast-map' | 'reader-splits';

export interface OperatorStateSchema {
  readonly name: string;
  readonly kind: OperatorStateKind;
  readonly mode: 'split' | 'union' | 'broadcast';
  readonly nameType?: TypeDescription; // of a broadcast map
  readonly elementType: TypeDescription;
}

/** The elements from `from` (inclusive) to `to` (exclusive) of a block are the subtask's: a list that was split shares its block. */
export interface OperatorStateHandle {
  readonly schema: OperatorStateSchema;
  readonly stream: StreamHandle;
  readonly block: StateBlock;
  readonly from: number;
  readonly to: number;
  /** Of a broadcast state: equal for equal entries, in whatever order. Absent where equal values may have other bytes. */
  readonly contentDigest?: number;
}

/** What one operator had in one subtask. */
export interface OperatorSubtaskState {
  readonly keyed: readonly KeyedStateHandle[];
  readonly operator: readonly OperatorStateHandle[];
}

/** What one task acknowledges a checkpoint with: by operator id; operators without state are absent. */
export interface TaskStateSnapshot {
  readonly operators: Readonly<Record<string, OperatorSubtaskState>>;
}

/** Figures of one subtask's part. */
export interface SubtaskCheckpointMetrics {
  readonly alignmentMs: number;
  readonly syncMs: number;
  readonly asyncMs: number;
  /** Bytes that this checkpoint wrote; what it took over from an older one is only in `stateSizeBytes`. */
  readonly checkpointedSizeBytes: number;
  readonly stateSizeBytes: number;
}

export const NO_STATE: OperatorSubtaskState = { keyed: [], operator: [] };

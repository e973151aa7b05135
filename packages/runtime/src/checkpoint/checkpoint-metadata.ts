/** The content of a checkpoint's `_metadata`: enough to restore it, and to say what is in it without its program. Plain data; metadata-format.ts writes it. */
import type { TypeDescription } from '@millrace/core/types/type-information';
import type { SnapshotKind } from './checkpoint-options.ts';
import type { OperatorSubtaskState } from './state-handles.ts';

export interface CheckpointMetadata {
  readonly checkpointId: number;
  readonly kind: SnapshotKind;
  /** Absent for EXACTLY_ONCE. Otherwise subtasks may hold records from behind the barrier, each others. */
  readonly mode?: 'AT_LEAST_ONCE';
  readonly triggerTimestamp: number; // milliseconds since the epoch
  readonly completionTimestamp: number;
  readonly jobId: string;
  readonly jobName: string;
  /** Of the job graph, for messages: a changed graph may be restored as long as its operators fit. */
  readonly graphDigest: string;
  /** Content hash of the program's bundle; absent in what older versions wrote. Who goes on with the state of another program has more to compare. */
  readonly program?: string;
  /** The version of Millrace that wrote it. */
  readonly writtenBy: string;
  readonly vertices: readonly VertexMetadata[];
  /** Of split enumerators, by operator id. */
  readonly coordinators: Readonly<Record<string, CoordinatorState>>;
}

export interface VertexMetadata {
  readonly id: string;
  readonly name: string;
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly operators: readonly OperatorMetadata[];
  readonly subtasks: readonly SubtaskMetadata[]; // by subtask
}

export interface OperatorMetadata {
  readonly id: string;
  readonly uid: string | undefined;
  readonly name: string;
  /** What its function declares, whether anything is in it or not; absent where it declares nothing. */
  readonly states?: readonly DeclaredStateMetadata[];
}

/** A declared state, as the job graph has it. */
export interface DeclaredStateMetadata {
  readonly name: string;
  /** `value`, `list`, `map`, `reducing`, `aggregating`, `broadcast`. */
  readonly kind: string;
  readonly redistributionMode: 'NONE' | 'REDISTRIBUTABLE' | 'IDENTICAL';
  readonly redistributionStrategy?: 'SPLIT' | 'UNION';
  readonly nameType?: TypeDescription;
  readonly valueType: TypeDescription;
  readonly ttlMs?: number;
}

/** Of an operator of a job graph, what a checkpoint keeps. */
export function operatorMetadataOf({ id, uid, name, states }: OperatorMetadata): OperatorMetadata {
  return { id, uid, name, ...(states === undefined ? {} : { states }) };
}

/** As messages name it. */
export function operatorText({ id, uid, name }: OperatorMetadata): string {
  return uid === undefined ? `'${name}' (no uid, id ${id})` : `'${name}' (uid ${uid})`;
}

export interface SubtaskMetadata {
  /** It had finished before the barrier, and all its output was sent on. */
  readonly isFinished: boolean;
  readonly operators: Readonly<Record<string, OperatorSubtaskState>>;
}

/** As the enumerator's own serializer wrote it. */
export interface CoordinatorState {
  readonly version: number;
  readonly bytes: Uint8Array;
}

export const METADATA_FILE = '_metadata';

/** What `millrace inspect` says of a checkpoint: plain data for `--json`, from the metadata alone but for source positions, whose blocks are read. */
import { BytesReader } from '@millrace/core/bytes/bytes-reader';
import { fileSystemOf } from '@millrace/core/fs/file-systems';
import { createCodec } from '@millrace/core/types/codec';
import { describeType } from '@millrace/core/types/descriptions';
import type { StoredCheckpoint } from '@millrace/runtime/checkpoint/checkpoint-directory';
import type { CoordinatorState, DeclaredStateMetadata, VertexMetadata } from '@millrace/runtime/checkpoint/checkpoint-metadata';
import { filesOf, totalStateSizeOf } from '@millrace/runtime/checkpoint/metadata-walk';
import type { KeyedStateHandle, OperatorStateHandle, OperatorSubtaskState } from '@millrace/runtime/checkpoint/state-handles';
import { openStateStream, readBlock } from '@millrace/runtime/checkpoint/stream-reader';

export interface CheckpointSummary {
  readonly path: string;
  readonly checkpointId: number;
  readonly kind: 'checkpoint' | 'savepoint';
  readonly jobId: string;
  readonly jobName: string;
  readonly triggerTimestamp: number;
  readonly completionTimestamp: number;
  readonly stateSizeBytes: number;
  readonly numFiles: number;
  readonly writtenBy: string;
  readonly operators: readonly OperatorSummary[];
}

export interface OperatorSummary {
  readonly uid: string | undefined;
  readonly id: string;
  readonly name: string;
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly finishedSubtasks: number;
  readonly states: readonly StateSummary[];
  /** Of a source: where each of its splits is, as its serializer wrote it. */
  readonly positions?: readonly SourcePosition[];
  readonly enumerator?: { readonly version: number; readonly sizeBytes: number; readonly state: unknown };
}

export interface StateSummary {
  readonly name: string;
  /** `value`, `list` … of keyed state; `operator list`, `operator broadcast-map` … of operator state; of timers their kind. */
  readonly kind: string;
  readonly schema: string;
  readonly entries: number;
  readonly sizeBytes: number;
  /** How it is dealt out when the parallelism changes: NONE is by key group. */
  readonly redistributionMode: DeclaredStateMetadata['redistributionMode'];
  /** Of what is REDISTRIBUTABLE. */
  readonly redistributionStrategy?: 'SPLIT' | 'UNION';
  /** The function declares it (`usesStates`), so it is here even if nothing is in it. */
  readonly isDeclared: boolean;
}

export interface SourcePosition {
  readonly subtask: number;
  readonly split: unknown;
}

export async function summarize({ path, base, metadata }: StoredCheckpoint): Promise<CheckpointSummary> {
  const { checkpointId, kind, jobId, jobName, triggerTimestamp, completionTimestamp, writtenBy } = metadata;
  const operators: OperatorSummary[] = [];
  for (const vertex of metadata.vertices) {
    for (const { id } of vertex.operators) operators.push(await summarizeOperator(vertex, id, base, metadata.coordinators[id]));
  }
  return {
    path,
    checkpointId,
    kind,
    jobId,
    jobName,
    triggerTimestamp,
    completionTimestamp,
    stateSizeBytes: totalStateSizeOf(metadata),
    numFiles: filesOf(metadata).length,
    writtenBy,
    operators,
  };
}

async function summarizeOperator(
  vertex: VertexMetadata,
  id: string,
  base: string,
  coordinator: CoordinatorState | undefined,
): Promise<OperatorSummary> {
  const operator = vertex.operators.find((each) => each.id === id);
  const states = vertex.subtasks.map(({ operators }) => operators[id]);
  const positions = await positionsOf(states, base);
  return {
    uid: operator?.uid,
    id,
    name: operator?.name ?? id,
    parallelism: vertex.parallelism,
    maxParallelism: vertex.maxParallelism,
    finishedSubtasks: vertex.subtasks.filter(({ isFinished }) => isFinished).length,
    states: statesOf(
      states.filter((state) => state !== undefined),
      operator?.states ?? [],
    ),
    ...(positions.length === 0 ? {} : { positions }),
    ...(coordinator === undefined ? {} : { enumerator: enumeratorOf(coordinator) }),
  };
}

/** Of all subtasks together. */
function statesOf(states: readonly OperatorSubtaskState[], declared: readonly DeclaredStateMetadata[]): readonly StateSummary[] {
  const found = new Map<string, StateSummary>();
  const add = (summary: StateSummary) => {
    const key = `${summary.kind}/${summary.name}/${summary.schema}`;
    const known = found.get(key);
    found.set(key, {
      ...summary,
      entries: summary.entries + (known?.entries ?? 0),
      sizeBytes: summary.sizeBytes + (known?.sizeBytes ?? 0),
    });
  };
  for (const { keyed, operator } of states) {
    for (const handle of keyed) add(summaryOfKeyed(handle));
    for (const handle of operator) add(summaryOfList(handle));
  }
  return withDeclared([...found.values()], declared);
}

function withDeclared(found: readonly StateSummary[], declared: readonly DeclaredStateMetadata[]): readonly StateSummary[] {
  const empty = declared.map(summaryOfDeclared);
  const is = (one: StateSummary, other: StateSummary) => one.name === other.name && one.kind === other.kind;
  const written = found.map((state) => (empty.some((other) => is(state, other)) ? { ...state, isDeclared: true } : state));
  return [...written, ...empty.filter((state) => !found.some((other) => is(state, other)))];
}

/** The key's type is known where an entry was written. */
function summaryOfDeclared(state: DeclaredStateMetadata): StateSummary {
  const { name, nameType, valueType, redistributionMode, redistributionStrategy } = state;
  return {
    name,
    kind: kindOfDeclared(state),
    schema: nameType === undefined ? describeType(valueType) : `${describeType(nameType)} → ${describeType(valueType)}`,
    entries: 0,
    sizeBytes: 0,
    redistributionMode,
    ...(redistributionStrategy === undefined ? {} : { redistributionStrategy }),
    isDeclared: true,
  };
}

function kindOfDeclared({ kind, redistributionMode, redistributionStrategy }: DeclaredStateMetadata): string {
  if (redistributionMode === 'NONE') return kind;
  return redistributionMode === 'IDENTICAL'
    ? 'operator broadcast-map (broadcast)'
    : `operator list (${redistributionStrategy?.toLowerCase()})`;
}

function summaryOfKeyed({ schema, blocks }: KeyedStateHandle): StateSummary {
  const { name, kind, keyType, namespaceType, nameType, valueType } = schema;
  const from = [keyType, namespaceType, nameType].flatMap((type) => (type === undefined ? [] : [describeType(type)]));
  return {
    name,
    kind,
    schema: valueType === undefined ? from.join(', ') : `${from.join(', ')} → ${describeType(valueType)}`,
    entries: blocks.reduce((sum, { count }) => sum + count, 0),
    sizeBytes: blocks.reduce((sum, { size }) => sum + size, 0),
    redistributionMode: 'NONE',
    isDeclared: false,
  };
}

function summaryOfList({ schema, block, from, to }: OperatorStateHandle): StateSummary {
  const { name, kind, mode, nameType, elementType } = schema;
  const described = nameType === undefined ? describeType(elementType) : `${describeType(nameType)} → ${describeType(elementType)}`;
  return {
    name,
    kind: `operator ${kind} (${mode})`,
    schema: described,
    entries: to - from,
    sizeBytes: block.size,
    ...REDISTRIBUTION[mode],
    isDeclared: false,
  };
}

const REDISTRIBUTION = {
  split: { redistributionMode: 'REDISTRIBUTABLE', redistributionStrategy: 'SPLIT' },
  union: { redistributionMode: 'REDISTRIBUTABLE', redistributionStrategy: 'UNION' },
  broadcast: { redistributionMode: 'IDENTICAL' },
} as const;

async function positionsOf(states: readonly (OperatorSubtaskState | undefined)[], base: string): Promise<readonly SourcePosition[]> {
  const positions: SourcePosition[] = [];
  for (const [subtask, state] of states.entries()) {
    for (const handle of state?.operator ?? []) {
      if (handle.schema.kind !== 'reader-splits') continue;
      for (const element of await elementsOf(handle, base)) positions.push({ subtask, split: readable(element) });
    }
  }
  return positions;
}

async function elementsOf({ schema, stream, block, from, to }: OperatorStateHandle, base: string): Promise<readonly unknown[]> {
  const reader = await openStateStream(stream, base, fileSystemOf);
  try {
    const input = new BytesReader(await readBlock(reader, block));
    const decoder = createCodec(schema.elementType).createDecoder();
    return Array.from({ length: to }, () => decoder.read(input)).slice(from);
  } finally {
    await reader.close();
  }
}

function enumeratorOf({ version, bytes }: CoordinatorState): NonNullable<OperatorSummary['enumerator']> {
  return { version, sizeBytes: bytes.byteLength, state: readable(bytes) };
}

/** Bytes that are JSON as what they say, others in hexadecimal; all the rest as JSON can have it. */
function readable(value: unknown): unknown {
  if (value instanceof Uint8Array) return textOf(value);
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return value.map(readable);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, readable(field)]));
}

function textOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return `0x${Buffer.from(bytes).toString('hex')}`;
  }
}

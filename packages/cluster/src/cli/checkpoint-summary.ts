/** What `millrace inspect` says of a checkpoint: plain data for `--json`, from the metadata alone but for source positions, whose blocks are read. */
import { BytesReader } from '@millrace/core/bytes/bytes-reader';
import { fileSystemOf } from '@millrace/core/fs/file-systems';
import { createCodec } from '@millrace/core/types/codec';
import { describeType } from '@millrace/core/types/descriptions';
import type { TypeDescription } from '@millrace/core/types/type-information';
import type { StoredCheckpoint } from '@millrace/runtime/checkpoint/checkpoint-directory';
import type { CoordinatorState, DeclaredStateMetadata, VertexMetadata } from '@millrace/runtime/checkpoint/checkpoint-metadata';
import { checkpointedSizeOf, filesOf, totalStateSizeOf } from '@millrace/runtime/checkpoint/metadata-walk';
import type { KeyedStateHandle, OperatorStateHandle, OperatorSubtaskState } from '@millrace/runtime/checkpoint/state-handles';
import { openStateStream, readBlock } from '@millrace/runtime/checkpoint/stream-reader';
import { mergedType } from '@millrace/runtime/state/snapshot/schema-learner';

export interface CheckpointSummary {
  readonly path: string;
  readonly checkpointId: number;
  readonly kind: 'checkpoint' | 'savepoint';
  readonly jobId: string;
  readonly jobName: string;
  readonly triggerTimestamp: number;
  readonly completionTimestamp: number;
  /** What this checkpoint wrote; the rest lies in files of older ones. */
  readonly checkpointedSizeBytes: number;
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
  /** In words; `SHAPE<…>` is what was learned of an undeclared type. */
  readonly schema: string;
  /** The same as data: of keyed state `key`, `namespace`, `name` and `value`; of operator state `name` and `value`. */
  readonly types: StateTypes;
  /** Of a state in layers: of all of them, so an entry that was written again counts again. */
  readonly entries: number;
  /** Of an incremental checkpoint: the base, and changes upon it. */
  readonly layers?: number;
  readonly sizeBytes: number;
  /** How it is dealt out when the parallelism changes: NONE is by key group. */
  readonly redistributionMode: DeclaredStateMetadata['redistributionMode'];
  /** Of what is REDISTRIBUTABLE. */
  readonly redistributionStrategy?: 'SPLIT' | 'UNION';
  /** The function declares it (`usesStates`), so it is here even if nothing is in it. */
  readonly isDeclared: boolean;
}

export type StateTypes = Readonly<Partial<Record<'key' | 'namespace' | 'name' | 'value', TypeDescription>>>;

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
    checkpointedSizeBytes: checkpointedSizeOf(metadata),
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

/** Of all subtasks together; what they have learned of a type is one. */
function statesOf(states: readonly OperatorSubtaskState[], declared: readonly DeclaredStateMetadata[]): readonly StateSummary[] {
  const found = new Map<string, StatePart[]>();
  const add = (part: StatePart) => {
    const key = `${part.kind}/${part.name}/${JSON.stringify(Object.values(part.types).map(undeclared))}`;
    found.set(key, [...(found.get(key) ?? []), part]);
  };
  for (const { keyed, operator } of states) {
    for (const handle of keyed) add(partOfKeyed(handle));
    for (const handle of operator) add(partOfList(handle));
  }
  return withDeclared([...found.values()].map(summaryOf), declared);
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
  const types = typesOf({ name: nameType, value: valueType });
  return {
    name,
    kind: kindOfDeclared(state),
    schema: schemaText(types),
    types,
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

/** What one subtask has of a state. */
type StatePart = Omit<StateSummary, 'schema'>;

function undeclared(type: TypeDescription): TypeDescription {
  return type.kind === 'shape' ? { kind: 'shape' } : type;
}

function summaryOf(parts: readonly StatePart[]): StateSummary {
  const [first] = parts as readonly [StatePart, ...StatePart[]];
  const names = Object.keys(first.types) as (keyof StateTypes)[];
  const types: StateTypes = Object.fromEntries(
    names.map((name) => [name, mergedType(parts.map((part) => part.types[name]).filter((type) => type !== undefined))]),
  );
  const sum = (figure: (part: StatePart) => number) => parts.reduce((total, part) => total + figure(part), 0);
  const layers = Math.max(...parts.map((part) => part.layers ?? 0));
  return {
    ...first,
    schema: schemaText(types),
    types,
    entries: sum(({ entries }) => entries),
    sizeBytes: sum(({ sizeBytes }) => sizeBytes),
    ...(layers === 0 ? {} : { layers }),
  };
}

function schemaText({ key, namespace, name, value }: StateTypes): string {
  const from = [key, namespace, name].flatMap((type) => (type === undefined ? [] : [describeType(type)])).join(', ');
  if (value === undefined) return from;
  return from === '' ? describeType(value) : `${from} → ${describeType(value)}`;
}

function partOfKeyed({ schema, blocks, delta }: KeyedStateHandle): StatePart {
  const { name, kind, keyType, namespaceType, nameType, valueType } = schema;
  return {
    name,
    kind,
    types: typesOf({ key: keyType, namespace: namespaceType, name: nameType, value: valueType }),
    entries: blocks.reduce((sum, { count }) => sum + count, 0),
    sizeBytes: [...blocks, ...(delta?.removed ?? [])].reduce((sum, { size }) => sum + size, 0),
    ...(delta === undefined ? {} : { layers: delta.layer + 1 }),
    redistributionMode: 'NONE',
    isDeclared: false,
  };
}

function partOfList({ schema, block, from, to }: OperatorStateHandle): StatePart {
  const { name, kind, mode, nameType, elementType } = schema;
  const types = typesOf({ name: nameType, value: elementType });
  return {
    name,
    kind: `operator ${kind} (${mode})`,
    types,
    entries: to - from,
    sizeBytes: block.size,
    ...REDISTRIBUTION[mode],
    isDeclared: false,
  };
}

function typesOf(types: Readonly<Partial<Record<keyof StateTypes, TypeDescription | undefined>>>): StateTypes {
  return Object.fromEntries(Object.entries(types).filter(([, type]) => type !== undefined));
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

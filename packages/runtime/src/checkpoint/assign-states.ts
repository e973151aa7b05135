/**
 * From what a checkpoint holds to what each subtask of a job begins with, whatever the parallelism was and is. Pure; no byte is read.
 *
 * A1 a key group goes to the one subtask that has it now; the blocks of all old subtasks are looked through, none is taken twice.
 * A2 elements of a split list keep their order over all old subtasks; at an equal parallelism every subtask keeps its own, else the first subtasks get one more.
 * A3 a union list goes to all; of a broadcast state every subtask gets the copy of one old subtask.
 * A4 a subtask is restored as finished only where the whole vertex had finished: one that had finished alone begins anew without state, and finds nothing to do.
 * A5 of a state in layers (`KeyedStateDelta`) a subtask gets its part of each; the layers of different old subtasks never have a key group in common.
 */
import { type KeyGroupRange, keyGroupRangeOf } from '@millrace/core/types/key-group';
import type { CheckpointMetadata, OperatorMetadata, SubtaskMetadata, VertexMetadata } from './checkpoint-metadata.ts';
import type { KeyedStateBlock, KeyedStateDelta, KeyedStateHandle, OperatorStateHandle, OperatorSubtaskState } from './state-handles.ts';

/** What is asked of a vertex of the job that is restored. */
export interface RestoredVertex {
  readonly id: string;
  readonly name: string;
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly operators: readonly OperatorMetadata[];
}

export interface AssignedState {
  readonly operators: Readonly<Record<string, OperatorSubtaskState>>;
  readonly isFinished: boolean;
}

interface OldOperator {
  readonly vertex: VertexMetadata;
  /** By old subtask. */
  readonly states: readonly (OperatorSubtaskState | undefined)[];
}

/** By vertex id, then by subtask. The checkpoint fits: `checkRestore` has looked. */
export function assignStates(
  metadata: CheckpointMetadata,
  vertices: readonly RestoredVertex[],
): ReadonlyMap<string, readonly AssignedState[]> {
  const old = oldOperatorsOf(metadata);
  return new Map(vertices.map((vertex) => [vertex.id, assignVertex(vertex, old)]));
}

function oldOperatorsOf({ vertices }: CheckpointMetadata): ReadonlyMap<string, OldOperator> {
  const entries = vertices.flatMap((vertex) =>
    vertex.operators.map(({ id }) => [id, { vertex, states: vertex.subtasks.map(({ operators }) => operators[id]) }] as const),
  );
  return new Map(entries);
}

function assignVertex(vertex: RestoredVertex, old: ReadonlyMap<string, OldOperator>): readonly AssignedState[] {
  const isFinished = vertex.operators.every(({ id }) => hasFinished(old.get(id)?.vertex.subtasks)); // A4
  const byOperator = vertex.operators.flatMap(({ id }) => {
    const known = old.get(id);
    return known === undefined ? [] : [[id, assignOperator(known, vertex)] as const];
  });
  return Array.from({ length: vertex.parallelism }, (_, subtask) => ({
    isFinished,
    operators: Object.fromEntries(
      byOperator.flatMap(([id, states]) => {
        const state = states[subtask];
        return state === undefined || (state.keyed.length === 0 && state.operator.length === 0) ? [] : [[id, state] as const];
      }),
    ),
  }));
}

function hasFinished(subtasks: readonly SubtaskMetadata[] | undefined): boolean {
  return subtasks?.every(({ isFinished }) => isFinished) === true;
}

function assignOperator(old: OldOperator, vertex: RestoredVertex): readonly OperatorSubtaskState[] {
  const keyed = old.states.flatMap((state) => state?.keyed ?? []);
  const lists = assignLists(old.states, vertex.parallelism);
  return Array.from({ length: vertex.parallelism }, (_, subtask) => ({
    keyed: keyed.flatMap((handle) => ofRange(handle, vertex, subtask)),
    operator: lists[subtask] ?? [],
  }));
}

/** A1 */
function ofRange(handle: KeyedStateHandle, { parallelism, maxParallelism }: RestoredVertex, subtask: number): readonly KeyedStateHandle[] {
  const range = keyGroupRangeOf(subtask, maxParallelism, parallelism);
  const blocks = blocksOf(handle.blocks, range);
  if (handle.delta === undefined) return blocks.length === 0 ? [] : [{ ...handle, blocks }];
  const delta = deltaOf(handle.delta, range);
  const isEmpty = blocks.length === 0 && delta.removed.length === 0 && delta.dropped === undefined;
  return isEmpty ? [] : [{ ...handle, blocks, delta }];
}

function deltaOf({ dropped, ...delta }: KeyedStateDelta, range: KeyGroupRange): KeyedStateDelta {
  const removed = blocksOf(delta.removed, range);
  if (dropped === undefined) return { ...delta, removed };
  const first = Math.max(range.first, dropped.keyGroups.first);
  const last = Math.min(range.last, dropped.keyGroups.last);
  if (first > last) return { ...delta, removed };
  return { ...delta, removed, dropped: { keyGroups: { first, last }, namespaces: dropped.namespaces } };
}

function blocksOf(blocks: readonly KeyedStateBlock[], { first, last }: KeyGroupRange): readonly KeyedStateBlock[] {
  return blocks.filter(({ keyGroup }) => keyGroup >= first && keyGroup <= last);
}

function assignLists(
  states: readonly (OperatorSubtaskState | undefined)[],
  parallelism: number,
): readonly (readonly OperatorStateHandle[])[] {
  const assigned = Array.from({ length: parallelism }, (): OperatorStateHandle[] => []);
  const names = new Set(states.flatMap((state) => state?.operator.map(({ schema }) => schema.name) ?? []));
  for (const name of names) {
    const byOldSubtask = states.map((state) => state?.operator.filter(({ schema }) => schema.name === name) ?? []);
    for (const [subtask, handles] of assignList(byOldSubtask, parallelism).entries()) assigned[subtask]?.push(...handles);
  }
  return assigned;
}

function assignList(
  byOldSubtask: readonly (readonly OperatorStateHandle[])[],
  parallelism: number,
): readonly (readonly OperatorStateHandle[])[] {
  const all = byOldSubtask.flat();
  switch (all[0]?.schema.mode) {
    case 'union':
      return Array.from({ length: parallelism }, () => all);
    case 'broadcast': {
      const copies = byOldSubtask.filter((handles) => handles.length > 0);
      return Array.from({ length: parallelism }, (_, subtask) => copies[subtask % copies.length] ?? []);
    }
    default:
      return byOldSubtask.length === parallelism ? byOldSubtask : splitEvenly(all, parallelism);
  }
}

/** A2 */
function splitEvenly(handles: readonly OperatorStateHandle[], parallelism: number): readonly (readonly OperatorStateHandle[])[] {
  const total = handles.reduce((sum, { from, to }) => sum + to - from, 0);
  const least = Math.floor(total / parallelism);
  const withOneMore = total % parallelism;
  let start = 0;
  return Array.from({ length: parallelism }, (_, subtask) => {
    const end = start + least + (subtask < withOneMore ? 1 : 0);
    const slice = sliceOf(handles, start, end);
    start = end;
    return slice;
  });
}

/** The elements from `start` to below `end`, counted over all handles. */
function sliceOf(handles: readonly OperatorStateHandle[], start: number, end: number): readonly OperatorStateHandle[] {
  let passed = 0;
  return handles.flatMap((handle) => {
    const first = Math.max(start - passed, 0) + handle.from;
    const last = Math.min(end - passed + handle.from, handle.to);
    passed += handle.to - handle.from;
    return first < last ? [{ ...handle, from: first, to: last }] : [];
  });
}

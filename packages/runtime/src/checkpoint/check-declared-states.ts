/**
 * Whether the states that a program declares are those that a checkpoint has: kind and redistribution are compared before anything is deployed. Types are compared where the
 * state is made, which is before the first record as well.
 *
 * What is declared IDENTICAL is looked at where it matters: another parallelism gives every subtask the copy of one old subtask, so all copies must be alike.
 */
import { UsageError } from '@millrace/core/base/errors';
import { describeType } from '@millrace/core/types/descriptions';
import type { RestoredVertex } from './assign-states.ts';
import {
  type CheckpointMetadata,
  type DeclaredStateMetadata,
  type OperatorMetadata,
  operatorText,
  type SubtaskMetadata,
} from './checkpoint-metadata.ts';
import type { KeyedStateSchema, OperatorStateSchema, OperatorSubtaskState } from './state-handles.ts';

const KEYED_KINDS: ReadonlySet<string> = new Set(['value', 'list', 'map', 'reducing', 'aggregating']);

/** Throws a `UsageError` with every difference of the first operator that has one. */
export function checkDeclaredStates(metadata: CheckpointMetadata, vertices: readonly RestoredVertex[], path: string): void {
  const now = new Map(
    vertices.flatMap(({ parallelism, operators }) => operators.map((wanted) => [wanted.id, { parallelism, wanted }] as const)),
  );
  for (const { operators, subtasks } of metadata.vertices) {
    for (const old of operators) {
      const { wanted, parallelism } = now.get(old.id) ?? {};
      if (wanted?.states === undefined) continue;
      if (parallelism !== subtasks.length && metadata.mode !== 'AT_LEAST_ONCE') checkCopies(wanted, wanted.states, subtasks, path);
      const stored = storedStates(
        old,
        subtasks.flatMap((subtask) => subtask.operators[old.id] ?? []),
      );
      const lines = wanted.states.flatMap((state) => differenceOf(state, stored.get(state.name) ?? []));
      if (lines.length > 0) throw refused(wanted, lines, path);
    }
  }
}

/** By name: what was declared then, and what was written, which may be of functions that declared nothing. */
function storedStates(operator: OperatorMetadata, states: readonly OperatorSubtaskState[]): ReadonlyMap<string, DeclaredStateMetadata[]> {
  const stored = new Map<string, DeclaredStateMetadata[]>();
  const add = (state: DeclaredStateMetadata): void => {
    const known = stored.get(state.name) ?? [];
    if (!known.some((other) => isSameForm(state, other))) stored.set(state.name, [...known, state]);
  };
  for (const state of operator.states ?? []) add(state);
  for (const { keyed, operator: lists } of states) {
    for (const { schema } of keyed) if (isUsersState(schema)) add(declaredFormOfKeyed(schema));
    for (const { schema } of lists) if (schema.kind !== 'reader-splits') add(declaredFormOfList(schema));
  }
  return stored;
}

interface Copy {
  readonly subtask: number;
  readonly entries: number;
  readonly digest: number | undefined;
}

function checkCopies(
  operator: OperatorMetadata,
  states: readonly DeclaredStateMetadata[],
  subtasks: readonly SubtaskMetadata[],
  path: string,
): void {
  for (const { name, redistributionMode } of states) {
    if (redistributionMode !== 'IDENTICAL') continue;
    const copies = subtasks.flatMap((each, subtask) => (each.isFinished ? [] : [copyOf(each.operators[operator.id], name, subtask)]));
    const [first, ...others] = copies;
    const other = others.find((copy) => copy.entries !== first?.entries || copy.digest !== first.digest);
    if (first === undefined || other === undefined || copies.some(isUnknown)) continue;
    throw new UsageError(
      `State '${name}' of ${operatorText(operator)} is declared IDENTICAL, and in the checkpoint '${path}' it is not: subtask ${first.subtask + 1} has ${first.entries} entries and ` +
        `subtask ${other.subtask + 1} has ${other.entries}${first.entries === other.entries ? ' others' : ''}. Make processBroadcastElement do the same with a record in every subtask. ` +
        `At the parallelism of ${subtasks.length} each subtask goes on with its own.`,
      { reason: 'not-identical' },
    );
  }
}

/** A state with nothing in it is not written. */
function copyOf(state: OperatorSubtaskState | undefined, name: string, subtask: number): Copy {
  const parts = state?.operator.filter(({ schema }) => schema.name === name && schema.mode === 'broadcast') ?? [];
  const entries = parts.reduce((sum, { from, to }) => sum + to - from, 0);
  return { subtask, entries, digest: parts.length === 0 ? 0 : parts[0]?.contentDigest };
}

function isUnknown({ digest }: Copy): boolean {
  return digest === undefined;
}

function isUsersState({ kind, namespaceType }: KeyedStateSchema): boolean {
  return KEYED_KINDS.has(kind) && namespaceType === undefined;
}

function declaredFormOfKeyed({ name, kind, nameType, valueType = { kind: 'shape' } }: KeyedStateSchema): DeclaredStateMetadata {
  return { name, kind, redistributionMode: 'NONE', ...(nameType === undefined ? {} : { nameType }), valueType };
}

function declaredFormOfList({ name, mode, nameType, elementType: valueType }: OperatorStateSchema): DeclaredStateMetadata {
  if (mode === 'broadcast')
    return { name, kind: 'broadcast', redistributionMode: 'IDENTICAL', ...(nameType === undefined ? {} : { nameType }), valueType };
  return {
    name,
    kind: 'list',
    redistributionMode: 'REDISTRIBUTABLE',
    redistributionStrategy: mode === 'union' ? 'UNION' : 'SPLIT',
    valueType,
  };
}

function isSameForm(a: DeclaredStateMetadata, b: DeclaredStateMetadata): boolean {
  return a.kind === b.kind && a.redistributionMode === b.redistributionMode && a.redistributionStrategy === b.redistributionStrategy;
}

function differenceOf(wanted: DeclaredStateMetadata, stored: readonly DeclaredStateMetadata[]): readonly string[] {
  if (stored.length === 0 || stored.some((state) => isSameForm(state, wanted))) return [];
  return [`  '${wanted.name}': in the checkpoint ${stored.map(textOf).join(' and ')}; in the program ${textOf(wanted)}`];
}

function textOf({ kind, redistributionMode, redistributionStrategy, nameType, valueType }: DeclaredStateMetadata): string {
  const types = nameType === undefined ? describeType(valueType) : `${describeType(nameType)} to ${describeType(valueType)}`;
  const strategy = redistributionStrategy === undefined ? '' : ` by ${redistributionStrategy}`;
  return `${kind} state of ${types}, ${redistributionMode}${strategy}`;
}

function refused(operator: OperatorMetadata, lines: readonly string[], path: string): UsageError {
  return new UsageError(
    `${operatorText(operator)} declares other states than the checkpoint '${path}' has of it:\n${lines.join('\n')}\n` +
      'Declare each as it was, or give what is new a name of its own.',
    { reason: 'declaration-changed' },
  );
}

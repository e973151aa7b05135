/**
 * The declared states of one function in one subtask: all of them are made before the function is opened, whether it asks for them or not, so that a checkpoint that does not
 * fit is refused before the first record.
 *
 * Owned by the operator that runs the function.
 */
import { UsageError } from '@millrace/core/base/errors';
import { didYouMean } from '@millrace/core/config/nearest';
import type { BroadcastState } from '../contract/keyed-state.ts';
import type { OperatorContext } from '../contract/operator.ts';
import type { FunctionLife } from '../contract/rich-function.ts';
import {
  type BroadcastStateDeclaration,
  type DeclaredState,
  type DeclaredStateStore,
  declaredStateText,
  describeDeclaration,
  type ListStateDeclaration,
  StateDeclaration,
  type TypedStateDeclaration,
} from '../contract/state-declaration.ts';
import type { MapStateDescriptor, StateDescriptor } from '../contract/state-descriptor.ts';
import { ReadOnlyView } from './broadcast-states.ts';

/** A function that makes a declaration for each record is slow, but must not fill the memory. */
const KNOWN_MAX = 256;

interface MadeState {
  readonly declared: DeclaredState;
  readonly state: unknown;
  /** What all but the broadcast side get of it. */
  readonly view: unknown;
}

/** Of a function in all its subtasks. */
export interface FunctionStates {
  /** As the job was built with them. */
  readonly declared: readonly DeclaredState[];
  /** Declared at the broadcast stream, and not by the function. */
  readonly given: readonly StateDeclaration[];
}

export class DeclaredStates implements DeclaredStateStore {
  readonly #states = new Map<string, MadeState>();
  /** By the declarations that were asked with, so that asking for each record costs one look-up. */
  readonly #known = new Map<StateDeclaration, MadeState>();

  constructor(context: OperatorContext, fn: Pick<FunctionLife<never>, 'usesStates'>, { declared: expected, given }: FunctionStates) {
    const declarations = declarationsOf(fn, given);
    checkSame(declarations.map(describeDeclaration), expected);
    for (const declaration of declarations) {
      const state = makeState(context, declaration);
      const view = declaration.kind === 'broadcast' ? new ReadOnlyView(state as BroadcastState<unknown, unknown>) : state;
      const made = { declared: describeDeclaration(declaration), state, view };
      this.#states.set(declaration.getName(), made);
      this.#known.set(declaration, made);
    }
  }

  getState<S>(declaration: TypedStateDeclaration<S>): S {
    return (this.#known.get(declaration) ?? this.#find(declaration)).view as S;
  }

  writable<N, V>(declaration: BroadcastStateDeclaration<N, V>): BroadcastState<N, V> {
    return (this.#known.get(declaration) ?? this.#find(declaration)).state as BroadcastState<N, V>;
  }

  /** Of a state of keys. */
  keyedDescriptor<S>(declaration: TypedStateDeclaration<S>): StateDescriptor<S> {
    const { declared } = this.#known.get(declaration) ?? this.#find(declaration);
    if (declared.redistributionMode === 'NONE') return declaration.descriptor as unknown as StateDescriptor<S>;
    throw new UsageError(
      `applyToKeyedState got the declaration of '${declared.name}', ${declaredStateText(declared)}: it is of the subtask and not of its keys. Ask for it by getState.`,
    );
  }

  #find(declaration: StateDeclaration): MadeState {
    if (!(declaration instanceof StateDeclaration))
      throw new UsageError('getState got no state declaration. Make one by StateDeclarations, and return it from usesStates as well.');
    const name = declaration.getName();
    const made = this.#states.get(name);
    if (made === undefined) throw undeclared(name, [...this.#states.keys()]);
    const wanted = describeDeclaration(declaration);
    if (!isSame(made.declared, wanted)) {
      throw new UsageError(
        `State '${name}' was declared as ${declaredStateText(made.declared)}, and is asked for as ${declaredStateText(wanted)}. Ask with the declaration that usesStates returns.`,
      );
    }
    if (this.#known.size < KNOWN_MAX) this.#known.set(declaration, made);
    return made;
  }
}

/** Of functions that nobody asks for declarations. */
export const NO_DECLARED_STATES: DeclaredStateStore = {
  getState: (declaration) => {
    throw undeclared(declaration.getName(), []);
  },
};

/** Each once; nothing without `usesStates`. */
export function declarationsOf(
  fn: Pick<FunctionLife<never>, 'usesStates'>,
  given: readonly StateDeclaration[],
): readonly StateDeclaration[] {
  return [...new Set([...given, ...(fn.usesStates?.() ?? [])])];
}

function makeState(context: OperatorContext, declaration: StateDeclaration): unknown {
  switch (declaration.getRedistributionMode()) {
    case 'IDENTICAL':
      return context.operatorState.getBroadcastState(declaration.descriptor as MapStateDescriptor<unknown, unknown>);
    case 'REDISTRIBUTABLE': {
      const list = declaration as ListStateDeclaration<unknown>;
      const { operatorState } = context;
      return list.getRedistributionStrategy() === 'UNION'
        ? operatorState.getUnionListState(list.descriptor)
        : operatorState.getListState(list.descriptor);
    }
    case 'NONE':
      return context.keyedState.getPartitionedState(declaration.descriptor as unknown as StateDescriptor<unknown>);
  }
}

function undeclared(name: string, declared: readonly string[]): UsageError {
  const known = declared.length === 0 ? 'declares none' : `declares ${declared.map((each) => `'${each}'`).join(', ')}`;
  return new UsageError(
    `State '${name}' was not declared: usesStates of this function ${known}.${didYouMean(name, declared)} Add its declaration to what usesStates returns.`,
    { reason: 'undeclared-state' },
  );
}

function checkSame(found: readonly DeclaredState[], expected: readonly DeclaredState[]): void {
  const lack = expected.find((state) => !found.some((other) => isSame(state, other)));
  const more = found.find((state) => !expected.some((other) => isSame(state, other)));
  if (lack === undefined && more === undefined) return;
  const [before, now] = [lack, more].map((state) =>
    state === undefined ? 'without it' : `with '${state.name}', ${declaredStateText(state)}`,
  );
  throw new UsageError(
    `usesStates returned other declarations than when the job was built: ${before} then, ${now} now. Return the same for every object and at every call.`,
  );
}

function isSame(a: DeclaredState, b: DeclaredState): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

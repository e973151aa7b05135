/**
 * State that a function declares before it runs: what `usesStates` returns. A declaration is a state's descriptor and how the state is dealt out when the parallelism
 * changes, so that the compiler of a job can say which declarations are legal on which stream. Flink: "State Processing" of the DataStream API V2.
 *
 * | redistribution mode | states | which means |
 * |---|---|---|
 * | NONE | all but broadcast | bound to a key, and with its key group to a subtask: nothing to redistribute |
 * | REDISTRIBUTABLE | list | of a subtask; its strategy says how: SPLIT evenly, or all of it to everyone (UNION) |
 * | IDENTICAL | broadcast | the same in every subtask, so whoever needs one gets a copy |
 */
import { UsageError } from '@millrace/core/base/errors';
import { describeType } from '@millrace/core/types/descriptions';
import type { AnyTypeInformation, TypeDescription, TypeInformation } from '@millrace/core/types/type-information';
import { descriptionOf } from '@millrace/core/types/types';
import type { AggregatingState, ListState, MapState, ReadOnlyBroadcastState, ReducingState, ValueState } from './keyed-state.ts';
import type {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  StateKind,
  ValueStateDescriptor,
} from './state-descriptor.ts';
import type { StateTtl } from './state-ttl.ts';

export type RedistributionMode = 'NONE' | 'REDISTRIBUTABLE' | 'IDENTICAL';
export const RedistributionMode: { readonly [M in RedistributionMode]: M } = {
  NONE: 'NONE',
  REDISTRIBUTABLE: 'REDISTRIBUTABLE',
  IDENTICAL: 'IDENTICAL',
};

/** Of a list that is REDISTRIBUTABLE: its elements in order, split evenly; or all elements to every subtask. */
export type RedistributionStrategy = 'SPLIT' | 'UNION';
export const RedistributionStrategy: { readonly [S in RedistributionStrategy]: S } = { SPLIT: 'SPLIT', UNION: 'UNION' };

export type DeclaredStateKind = StateKind | 'broadcast';

/** A declaration as job graphs and checkpoints hold it. */
export interface DeclaredState {
  readonly name: string;
  readonly kind: DeclaredStateKind;
  readonly redistributionMode: RedistributionMode;
  /** Of what is REDISTRIBUTABLE. */
  readonly redistributionStrategy?: RedistributionStrategy;
  /** Of a map and of a broadcast state: the type of its names. */
  readonly nameType?: TypeDescription;
  /** Of a value, of an element, of an accumulator. */
  readonly valueType: TypeDescription;
  /** Absent where values live until they are cleared. */
  readonly ttlMs?: number;
}

/** Of a descriptor, what does not hang on its types. */
export interface AnyStateDescriptor {
  readonly name: string;
  readonly kind: StateKind;
  readonly ttl: StateTtl | undefined;
}

/** Any declaration, whatever it holds. Made by `StateDeclarations`; immutable. */
export abstract class StateDeclaration {
  abstract readonly kind: DeclaredStateKind;
  /** Internal: what the state is made from. */
  readonly descriptor: AnyStateDescriptor;
  readonly #mode: RedistributionMode;

  constructor(descriptor: AnyStateDescriptor, mode: RedistributionMode) {
    this.descriptor = descriptor;
    this.#mode = mode;
  }

  /** By which a checkpoint knows the state; unique among the declarations of a function. */
  getName(): string {
    return this.descriptor.name;
  }

  getRedistributionMode(): RedistributionMode {
    return this.#mode;
  }
}

/** S is what `getState` gives for it. */
export abstract class TypedStateDeclaration<in out S> extends StateDeclaration {
  /** For the compiler only. */
  declare readonly standsFor: (state: S) => S;
}

export class ValueStateDeclaration<T> extends TypedStateDeclaration<ValueState<T>> {
  readonly kind = 'value';
  declare readonly descriptor: ValueStateDescriptor<T>;
}

export class ListStateDeclaration<T> extends TypedStateDeclaration<ListState<T>> {
  readonly kind = 'list';
  declare readonly descriptor: ListStateDescriptor<T>;
  readonly #strategy: RedistributionStrategy;

  constructor(descriptor: ListStateDescriptor<T>, mode: RedistributionMode, strategy: RedistributionStrategy) {
    super(descriptor, mode);
    this.#strategy = strategy;
  }

  /** Counts only where the mode is REDISTRIBUTABLE. */
  getRedistributionStrategy(): RedistributionStrategy {
    return this.#strategy;
  }
}

export class MapStateDeclaration<N, V> extends TypedStateDeclaration<MapState<N, V>> {
  readonly kind = 'map';
  declare readonly descriptor: MapStateDescriptor<N, V>;
}

export class ReducingStateDeclaration<T> extends TypedStateDeclaration<ReducingState<T>> {
  readonly kind = 'reducing';
  declare readonly descriptor: ReducingStateDescriptor<T>;
}

export class AggregatingStateDeclaration<I, ACC, R> extends TypedStateDeclaration<AggregatingState<I, R>> {
  readonly kind = 'aggregating';
  declare readonly descriptor: AggregatingStateDescriptor<I, ACC, R>;
}

/** Read everywhere; only `processBroadcastElement` gets to write it. May be given to `broadcast(…)` in place of a descriptor. */
export class BroadcastStateDeclaration<N, V> extends TypedStateDeclaration<ReadOnlyBroadcastState<N, V>> {
  readonly kind = 'broadcast';
  readonly isMap = true;
  declare readonly descriptor: MapStateDescriptor<N, V>;

  get name(): string {
    return this.getName();
  }
}

/** What functions are given their declared states by. */
export interface DeclaredStateStore {
  /** The state of a declaration that `usesStates` of this function returned. Throws for one that it did not return, with those that it did. */
  getState<S>(declaration: TypedStateDeclaration<S>): S;
}

/** Plain data; equal for declarations that stand for the same state. */
export function describeDeclaration(declaration: StateDeclaration): DeclaredState {
  const { kind, descriptor } = declaration;
  const mode = declaration.getRedistributionMode();
  const { ttl } = descriptor;
  return {
    name: declaration.getName(),
    kind,
    redistributionMode: mode,
    ...(declaration instanceof ListStateDeclaration && mode === 'REDISTRIBUTABLE'
      ? { redistributionStrategy: declaration.getRedistributionStrategy() }
      : {}),
    ...typesOf(declaration),
    ...(ttl === undefined ? {} : { ttlMs: ttl.ttlMs }),
  };
}

function typesOf(declaration: StateDeclaration): Pick<DeclaredState, 'nameType' | 'valueType'> {
  const { keyType, valueType, type, elementType, accumulatorType } = declaration.descriptor as unknown as {
    readonly [name: string]: AnyTypeInformation | undefined;
  };
  if (declaration.kind === 'map' || declaration.kind === 'broadcast')
    return { nameType: descriptionOf(keyType), valueType: descriptionOf(valueType) };
  return { valueType: descriptionOf(type ?? elementType ?? accumulatorType) };
}

/** `list state of LONG, REDISTRIBUTABLE by SPLIT`; for messages. */
export function declaredStateText(state: DeclaredState): string {
  const { kind, redistributionMode, redistributionStrategy, ttlMs } = state;
  const strategy = redistributionStrategy === undefined ? '' : ` by ${redistributionStrategy}`;
  return `${kind} state of ${declaredTypeText(state)}, ${redistributionMode}${strategy}${ttlMs === undefined ? '' : `, with a time to live of ${ttlMs} ms`}`;
}

/** `LONG`, `STRING to LONG`. */
export function declaredTypeText({ nameType, valueType }: Pick<DeclaredState, 'nameType' | 'valueType'>): string {
  return nameType === undefined ? describeType(valueType) : `${describeType(nameType)} to ${describeType(valueType)}`;
}

/** Refuses what nothing could write, where the user can see which declaration it was in. `what` is its role: `values`. */
export function declaredType<T>(type: TypeInformation<T>, name: string, what: string): TypeInformation<T> {
  const next = 'Give it one of Types: a declared state has declared types, and Types.shape() is the one that learns.';
  if (typeof type !== 'object' || type === null)
    throw new UsageError(`The declaration of state '${name}' got ${seen(type)} as the type of its ${what}. ${next}`);
  try {
    descriptionOf(type);
  } catch (error) {
    throw new UsageError(`The declaration of state '${name}' got a type of its ${what} that cannot be written to a checkpoint. ${next}`, {
      cause: error,
    });
  }
  return type;
}

function seen(type: unknown): string {
  if (type === undefined || type === null) return 'nothing';
  return typeof type === 'function' ? `the function ${type.name}` : `a value of type ${typeof type}`;
}

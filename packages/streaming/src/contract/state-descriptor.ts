/**
 * What a function says of a state before it uses it: its name, its kind, the types of what it holds. Plain and immutable; the backend that makes the state
 * reads them. A name stands for one state of one operator, and it is what a checkpoint knows the state by.
 */
import { UsageError } from '@millrace/core/base/errors';
import { descriptionOf } from '@millrace/core/types/types';
import type { TypeInformation } from '@millrace/core/types/type-information';
import type { AggregateFunction } from './functions.ts';
import type { AggregatingState, ListState, MapState, ReducingState, ValueState } from './keyed-state.ts';
import { compileTtl, type StateTtl, type StateTtlConfig } from './state-ttl.ts';

export type StateKind = 'value' | 'list' | 'map' | 'reducing' | 'aggregating';

/** S is the handle that it stands for. */
export abstract class StateDescriptor<in out S> {
  readonly name: string;
  abstract readonly kind: StateKind;
  #ttl: StateTtl | undefined = undefined;
  /** For the compiler only. */
  declare readonly standsFor: (state: S) => S;

  constructor(name: string) {
    if (typeof name !== 'string' || name === '') {
      const seen = name === '' ? 'an empty text' : `a value of type ${typeof name}`;
      throw new UsageError(`${new.target.name} got ${seen} as the name of a state. Give each state of an operator a name of its own.`);
    }
    this.name = name;
  }

  /** Undefined where values live until they are cleared. */
  get ttl(): StateTtl | undefined {
    return this.#ttl;
  }

  /**
   * Values, and of lists and maps each element and each name by itself, are forgotten when they have not been used for so long. Before the state is first asked for; not
   * for operator state and broadcast state. Returns the descriptor.
   */
  enableTimeToLive(config: StateTtlConfig): this {
    this.#ttl = compileTtl(this.name, config);
    return this;
  }
}

/** One value for each key. Undeclared, its type is learned. */
export class ValueStateDescriptor<T> extends StateDescriptor<ValueState<T>> {
  readonly kind = 'value';
  readonly type: TypeInformation<T> | undefined;

  constructor(name: string, type?: TypeInformation<T>) {
    super(name);
    this.type = checked(type);
  }
}

/** A list for each key; also what operator state is made of. */
export class ListStateDescriptor<T> extends StateDescriptor<ListState<T>> {
  readonly kind = 'list';
  readonly elementType: TypeInformation<T> | undefined;

  constructor(name: string, elementType?: TypeInformation<T>) {
    super(name);
    this.elementType = checked(elementType);
  }
}

/** A map for each key; also what broadcast state is made of. */
export class MapStateDescriptor<N, V> extends StateDescriptor<MapState<N, V>> {
  readonly kind = 'map';
  readonly isMap = true;
  readonly keyType: TypeInformation<N> | undefined;
  readonly valueType: TypeInformation<V> | undefined;

  constructor(name: string, keyType?: TypeInformation<N>, valueType?: TypeInformation<V>) {
    super(name);
    this.keyType = checked(keyType);
    this.valueType = checked(valueType);
  }
}

/** One value for each key, to which every added one is reduced. The reducer makes a new value and changes neither argument. */
export class ReducingStateDescriptor<T> extends StateDescriptor<ReducingState<T>> {
  readonly kind = 'reducing';
  readonly reducer: (a: T, b: T) => T;
  readonly type: TypeInformation<T> | undefined;

  constructor(name: string, reducer: (a: T, b: T) => T, type?: TypeInformation<T>) {
    super(name);
    if (typeof reducer !== 'function') {
      throw new UsageError(`ReducingStateDescriptor '${name}' got no reducer. Give it a function from two values to one.`);
    }
    this.reducer = reducer;
    this.type = checked(type);
  }
}

/** One accumulator for each key; what is read is the aggregate's result. */
export class AggregatingStateDescriptor<I, ACC, R> extends StateDescriptor<AggregatingState<I, R>> {
  readonly kind = 'aggregating';
  readonly aggregate: AggregateFunction<I, ACC, R>;
  readonly accumulatorType: TypeInformation<ACC> | undefined;

  constructor(name: string, aggregate: AggregateFunction<I, ACC, R>, accumulatorType?: TypeInformation<ACC>) {
    super(name);
    for (const method of ['createAccumulator', 'add', 'getResult'] as const) {
      if (typeof (aggregate as Partial<AggregateFunction<I, ACC, R>> | undefined)?.[method] !== 'function') {
        throw new UsageError(
          `AggregatingStateDescriptor '${name}' got an aggregate function without ${method}. Give it createAccumulator, add and getResult.`,
        );
      }
    }
    this.aggregate = aggregate;
    this.accumulatorType = checked(accumulatorType);
  }
}

/** The name and the mark of a map state, whatever it holds: what `broadcast` takes. */
export interface AnyMapStateDescriptor {
  readonly name: string;
  readonly isMap: true;
}

/** Refuses a type of unknown make where the user can see which it was. */
function checked<T>(type: TypeInformation<T> | undefined): TypeInformation<T> | undefined {
  descriptionOf(type);
  return type;
}

import { UsageError } from '@millrace/core/base/errors';
import type { TypeInformation } from '@millrace/core/types/type-information';
import type { AggregateFunction } from './functions.ts';
import {
  AggregatingStateDeclaration,
  type AnyStateDescriptor,
  BroadcastStateDeclaration,
  declaredType,
  ListStateDeclaration,
  MapStateDeclaration,
  ReducingStateDeclaration,
  RedistributionMode,
  RedistributionStrategy,
  ValueStateDeclaration,
} from './state-declaration.ts';
import {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  ValueStateDescriptor,
} from './state-descriptor.ts';
import type { StateTtlConfig } from './state-ttl.ts';

/**
 * Declares states, for `usesStates` of a function and for `getState` of its contexts.
 *
 * ```ts
 * const COUNT = StateDeclarations.valueState('count', Types.LONG);
 * const SEEN = StateDeclarations.listStateBuilder('seen', Types.STRING).redistributeBy('UNION').build();
 * ```
 */
export const StateDeclarations = {
  /** One value for each key. */
  valueState: <T>(name: string, type: TypeInformation<T>): ValueStateDeclaration<T> =>
    StateDeclarations.valueStateBuilder(name, type).build(),
  /** A list for each key. For a list of a subtask, which is redistributed, take the builder. */
  listState: <T>(name: string, elementType: TypeInformation<T>): ListStateDeclaration<T> =>
    StateDeclarations.listStateBuilder(name, elementType).build(),
  /** A map for each key. */
  mapState: <N, V>(name: string, keyType: TypeInformation<N>, valueType: TypeInformation<V>): MapStateDeclaration<N, V> =>
    StateDeclarations.mapStateBuilder(name, keyType, valueType).build(),
  /** One value for each key, to which all added ones are reduced. */
  reducingState: <T>(name: string, type: TypeInformation<T>, reducer: (a: T, b: T) => T): ReducingStateDeclaration<T> =>
    StateDeclarations.reducingStateBuilder(name, type, reducer).build(),
  /** One accumulator for each key. */
  aggregatingState: <I, ACC, R>(
    name: string,
    accumulatorType: TypeInformation<ACC>,
    aggregate: AggregateFunction<I, ACC, R>,
  ): AggregatingStateDeclaration<I, ACC, R> => StateDeclarations.aggregatingStateBuilder(name, accumulatorType, aggregate).build(),
  /** A map that is the same in every subtask, beside a broadcast stream. */
  broadcastState: <N, V>(name: string, keyType: TypeInformation<N>, valueType: TypeInformation<V>): BroadcastStateDeclaration<N, V> =>
    StateDeclarations.mapStateBuilder(name, keyType, valueType).buildBroadcast(),

  valueStateBuilder: <T>(name: string, type: TypeInformation<T>): ValueStateDeclarationBuilder<T> =>
    new ValueStateDeclarationBuilder(new ValueStateDescriptor(name, declaredType(type, name, 'value'))),
  listStateBuilder: <T>(name: string, elementType: TypeInformation<T>): ListStateDeclarationBuilder<T> =>
    new ListStateDeclarationBuilder(new ListStateDescriptor(name, declaredType(elementType, name, 'elements'))),
  mapStateBuilder: <N, V>(name: string, keyType: TypeInformation<N>, valueType: TypeInformation<V>): MapStateDeclarationBuilder<N, V> =>
    new MapStateDeclarationBuilder(
      new MapStateDescriptor(name, declaredType(keyType, name, 'names'), declaredType(valueType, name, 'values')),
    ),
  reducingStateBuilder: <T>(name: string, type: TypeInformation<T>, reducer: (a: T, b: T) => T): ReducingStateDeclarationBuilder<T> =>
    new ReducingStateDeclarationBuilder(new ReducingStateDescriptor(name, reducer, declaredType(type, name, 'value'))),
  aggregatingStateBuilder: <I, ACC, R>(
    name: string,
    accumulatorType: TypeInformation<ACC>,
    aggregate: AggregateFunction<I, ACC, R>,
  ): AggregatingStateDeclarationBuilder<I, ACC, R> =>
    new AggregatingStateDeclarationBuilder(
      new AggregatingStateDescriptor(name, aggregate, declaredType(accumulatorType, name, 'accumulator')),
    ),
};

/** Collects what a declaration says. `build` makes an immutable one; the builder is of no use afterwards. */
abstract class StateDeclarationBuilder<D extends AnyStateDescriptor & { enableTimeToLive(config: StateTtlConfig): unknown }> {
  protected readonly descriptor: D;
  protected mode: RedistributionMode = RedistributionMode.NONE;

  constructor(descriptor: D) {
    this.descriptor = descriptor;
  }

  /** As of a descriptor. Only for what is bound to a key. */
  enableTimeToLive(config: StateTtlConfig): this {
    this.descriptor.enableTimeToLive(config);
    return this;
  }

  protected checkedMode(): RedistributionMode {
    const { mode, descriptor } = this;
    if (mode !== 'NONE' && descriptor.ttl !== undefined) {
      throw new UsageError(
        `The declaration of state '${descriptor.name}' is ${mode} and has a time to live, which only state of keys can have. Leave out enableTimeToLive, or keep it by key.`,
      );
    }
    return mode;
  }
}

export class ValueStateDeclarationBuilder<T> extends StateDeclarationBuilder<ValueStateDescriptor<T>> {
  build(): ValueStateDeclaration<T> {
    return new ValueStateDeclaration(this.descriptor, this.checkedMode());
  }
}

export class ListStateDeclarationBuilder<T> extends StateDeclarationBuilder<ListStateDescriptor<T>> {
  #strategy: RedistributionStrategy = RedistributionStrategy.SPLIT;

  /** Makes it a list of the subtask, which is redistributed so when the parallelism changes. */
  redistributeBy(strategy: RedistributionStrategy): this {
    const allowed: readonly unknown[] = Object.values(RedistributionStrategy);
    if (!allowed.includes(strategy)) throw this.#refused('redistributeBy', strategy, "'SPLIT' or 'UNION'");
    this.#strategy = strategy;
    this.mode = RedistributionMode.REDISTRIBUTABLE;
    return this;
  }

  /** NONE: a list of each key. REDISTRIBUTABLE: one of the subtask, by the strategy, which is SPLIT unless said otherwise. */
  redistributeWithMode(mode: 'NONE' | 'REDISTRIBUTABLE'): this {
    if (mode !== 'NONE' && mode !== 'REDISTRIBUTABLE')
      throw this.#refused(
        'redistributeWithMode',
        mode,
        "'NONE' or 'REDISTRIBUTABLE'; what is IDENTICAL in all subtasks is a StateDeclarations.broadcastState",
      );
    this.mode = mode;
    return this;
  }

  build(): ListStateDeclaration<T> {
    return new ListStateDeclaration<T>(this.descriptor, this.checkedMode(), this.#strategy);
  }

  #refused(method: string, given: unknown, allowed: string): UsageError {
    return new UsageError(
      `${method} of the declaration of state '${this.descriptor.name}' got ${typeof given === 'string' ? `'${given}'` : typeof given}. It takes ${allowed}.`,
    );
  }
}

export class MapStateDeclarationBuilder<N, V> extends StateDeclarationBuilder<MapStateDescriptor<N, V>> {
  build(): MapStateDeclaration<N, V> {
    return new MapStateDeclaration<N, V>(this.descriptor, this.checkedMode());
  }

  /** … that is IDENTICAL in all subtasks: for functions beside a broadcast stream. */
  buildBroadcast(): BroadcastStateDeclaration<N, V> {
    this.mode = RedistributionMode.IDENTICAL;
    return new BroadcastStateDeclaration<N, V>(this.descriptor, this.checkedMode());
  }
}

export class ReducingStateDeclarationBuilder<T> extends StateDeclarationBuilder<ReducingStateDescriptor<T>> {
  build(): ReducingStateDeclaration<T> {
    return new ReducingStateDeclaration<T>(this.descriptor, this.checkedMode());
  }
}

export class AggregatingStateDeclarationBuilder<I, ACC, R> extends StateDeclarationBuilder<AggregatingStateDescriptor<I, ACC, R>> {
  build(): AggregatingStateDeclaration<I, ACC, R> {
    return new AggregatingStateDeclaration<I, ACC, R>(this.descriptor, this.checkedMode());
  }
}

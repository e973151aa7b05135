import { UsageError } from '@millrace/core/base/errors';
import { didYouMean } from '@millrace/core/config/nearest';
import type { BroadcastState, OperatorStateStore, ReadOnlyBroadcastState } from '../contract/keyed-state.ts';
import { BroadcastStateDeclaration } from '../contract/state-declaration.ts';
import type { AnyMapStateDescriptor, MapStateDescriptor } from '../contract/state-descriptor.ts';
import type { DeclaredStates } from './declared-states.ts';

export type BroadcastKey<N, V> = MapStateDescriptor<N, V> | BroadcastStateDeclaration<N, V>;

/** The broadcast states of one operator: those that `broadcast` was given or that are declared, each as the broadcast side sees it and as the other side does. */
export class BroadcastStates {
  readonly #store: OperatorStateStore;
  readonly #names: readonly string[];
  readonly #views: Map<BroadcastState<unknown, unknown>, ReadOnlyBroadcastState<unknown, unknown>>;
  readonly #declared: DeclaredStates;

  constructor(store: OperatorStateStore, descriptors: readonly AnyMapStateDescriptor[], declared: DeclaredStates) {
    this.#store = store;
    this.#names = descriptors.map(({ name }) => name);
    this.#views = new Map();
    this.#declared = declared;
  }

  writable<N, V>(descriptor: BroadcastKey<N, V>): BroadcastState<N, V> {
    if (descriptor instanceof BroadcastStateDeclaration) return this.#declared.writable(descriptor);
    if (!this.#names.includes(descriptor.name)) {
      const names = this.#names.map((name) => `'${name}'`).join(', ');
      throw new UsageError(
        `There is no broadcast state '${descriptor.name}': broadcast() was given ${names}.${didYouMean(descriptor.name, this.#names)} Give it this descriptor, too: stream.broadcast(…, descriptor).`,
      );
    }
    return this.#store.getBroadcastState(descriptor);
  }

  readOnly<N, V>(descriptor: BroadcastKey<N, V>): ReadOnlyBroadcastState<N, V> {
    if (descriptor instanceof BroadcastStateDeclaration) return this.#declared.getState(descriptor);
    const state = this.writable(descriptor) as unknown as BroadcastState<unknown, unknown>;
    let view = this.#views.get(state);
    if (view === undefined) {
      view = new ReadOnlyView(state);
      this.#views.set(state, view);
    }
    return view as unknown as ReadOnlyBroadcastState<N, V>;
  }
}

/** Without `put`, for those too that no compiler stops. */
export class ReadOnlyView implements ReadOnlyBroadcastState<unknown, unknown> {
  readonly #state: BroadcastState<unknown, unknown>;

  constructor(state: BroadcastState<unknown, unknown>) {
    this.#state = state;
  }

  get(name: unknown): unknown {
    return this.#state.get(name);
  }

  contains(name: unknown): boolean {
    return this.#state.contains(name);
  }

  entries(): Iterable<readonly [unknown, unknown]> {
    return this.#state.entries();
  }
}

/** What process functions beside a broadcast stream are given. The objects are reused: valid during the call only. */
import type { Nothing } from './emittable.ts';
import type { BroadcastState, ReadOnlyBroadcastState } from './keyed-state.ts';
import type { KeyedProcessContext, ProcessContext } from './process-context.ts';
import type { BroadcastStateDeclaration, TypedStateDeclaration } from './state-declaration.ts';
import type { MapStateDescriptor, StateDescriptor } from './state-descriptor.ts';

export interface BroadcastReader {
  /** What the broadcast side has put there, in this subtask and in every other. To be read only: records of this side come to one subtask each. */
  getBroadcastState<N, V>(descriptor: MapStateDescriptor<N, V> | BroadcastStateDeclaration<N, V>): ReadOnlyBroadcastState<N, V>;
}

export interface ReadOnlyBroadcastContext extends ProcessContext, BroadcastReader {}

export interface ReadOnlyKeyedBroadcastContext<out K> extends KeyedProcessContext<K>, BroadcastReader {}

/** Every subtask sees the same broadcast records and must do the same with them. */
export interface BroadcastContext extends ProcessContext {
  getBroadcastState<N, V>(descriptor: MapStateDescriptor<N, V> | BroadcastStateDeclaration<N, V>): BroadcastState<N, V>;
  /** Of a broadcast state what may be written; of others as elsewhere. */
  getState<N, V>(declaration: BroadcastStateDeclaration<N, V>): BroadcastState<N, V>;
  getState<S>(declaration: TypedStateDeclaration<S>): S;
}

export interface KeyedBroadcastContext<out K> extends BroadcastContext {
  /** Visits every key of this subtask that has something in the state. The visitor may change it, and emit. */
  applyToKeyedState<S>(descriptor: StateDescriptor<S> | TypedStateDeclaration<S>, visit: (key: K, state: S) => Nothing): void;
}

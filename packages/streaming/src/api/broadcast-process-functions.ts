/** Flink's low-level functions of a stream and a broadcast one. */
import type {
  BroadcastContext,
  KeyedBroadcastContext,
  ReadOnlyBroadcastContext,
  ReadOnlyKeyedBroadcastContext,
} from '../contract/broadcast-context.ts';
import type { Collector, Nothing } from '../contract/emittable.ts';
import { KeyedRichFunction, type KeyedRichFunctionLike } from './process-functions.ts';
import { RichFunction, type RichFunctionLike } from './rich-functions.ts';

type Process<I, C, O> = (value: I, context: C, out: Collector<O>) => Nothing;

export interface BroadcastProcessFunctionLike<in A, in B, out O> extends RichFunctionLike {
  readonly processElement: Process<A, ReadOnlyBroadcastContext, O>;
  readonly processBroadcastElement: Process<B, BroadcastContext, O>;
}

export abstract class BroadcastProcessFunction<A, B, O> extends RichFunction {
  abstract processElement(value: A, context: ReadOnlyBroadcastContext, out: Collector<O>): Nothing;
  /** Called for each broadcast record in every subtask; must do the same with it in all of them. */
  abstract processBroadcastElement(value: B, context: BroadcastContext, out: Collector<O>): Nothing;
}

export interface KeyedBroadcastProcessFunctionLike<in K, in A, in B, out O> extends KeyedRichFunctionLike<K, O> {
  readonly processElement: Process<A, ReadOnlyKeyedBroadcastContext<K>, O>;
  readonly processBroadcastElement: Process<B, KeyedBroadcastContext<K>, O>;
}

export abstract class KeyedBroadcastProcessFunction<K, A, B, O> extends KeyedRichFunction<K, O> {
  abstract processElement(value: A, context: ReadOnlyKeyedBroadcastContext<K>, out: Collector<O>): Nothing;
  /** Called for each broadcast record in every subtask; must do the same with it in all of them. There is no current key. */
  abstract processBroadcastElement(value: B, context: KeyedBroadcastContext<K>, out: Collector<O>): Nothing;
}

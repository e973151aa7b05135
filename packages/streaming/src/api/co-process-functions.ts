/** Flink's low-level functions of two connected streams: a method for the records of each. */
import type { Collector, Nothing } from '../contract/emittable.ts';
import type { KeyedProcessContext, ProcessContext } from '../contract/process-context.ts';
import { KeyedRichFunction, type KeyedRichFunctionLike } from './process-functions.ts';
import { RichFunction, type RichFunctionLike } from './rich-functions.ts';

type Process<I, C, O> = (value: I, context: C, out: Collector<O>) => Nothing;

export interface CoProcessFunctionLike<in A, in B, out O> extends RichFunctionLike {
  readonly processElement1: Process<A, ProcessContext, O>;
  readonly processElement2: Process<B, ProcessContext, O>;
}

export abstract class CoProcessFunction<A, B, O> extends RichFunction {
  abstract processElement1(value: A, context: ProcessContext, out: Collector<O>): Nothing;
  abstract processElement2(value: B, context: ProcessContext, out: Collector<O>): Nothing;
}

export interface KeyedCoProcessFunctionLike<in K, in A, in B, out O> extends KeyedRichFunctionLike<K, O> {
  readonly processElement1: Process<A, KeyedProcessContext<K>, O>;
  readonly processElement2: Process<B, KeyedProcessContext<K>, O>;
}

/** Both methods and the timers of a key see the same state. */
export abstract class KeyedCoProcessFunction<K, A, B, O> extends KeyedRichFunction<K, O> {
  abstract processElement1(value: A, context: KeyedProcessContext<K>, out: Collector<O>): Nothing;
  abstract processElement2(value: B, context: KeyedProcessContext<K>, out: Collector<O>): Nothing;
}

/** Flink's low-level functions of one stream: each record with its context and a collector; on a keyed stream with state and timers. */
import type { Collector, Nothing } from '../contract/emittable.ts';
import type { KeyedProcessContext, OnTimerContext, ProcessContext } from '../contract/process-context.ts';
import { RichFunction, type RichFunctionLike } from './rich-functions.ts';
import type { KeyedRuntimeContext } from './runtime-context.ts';

/** What `process` of a stream takes, for messages. */
export const PROCESS_FUNCTION = {
  where: 'process',
  what: 'a ProcessFunction: an object with a method processElement, or a function that makes one',
  methods: ['processElement'],
  bareFactory: true,
};

type Process<I, C, O> = (value: I, context: C, out: Collector<O>) => Nothing;
type OnTimer<K, O> = (timestamp: number, context: OnTimerContext<K>, out: Collector<O>) => Nothing;

export interface KeyedRichFunctionLike<in K, out O> extends RichFunctionLike<KeyedRuntimeContext> {
  readonly onTimer?: OnTimer<K, O>;
}

export abstract class KeyedRichFunction<K, O> extends RichFunction<KeyedRuntimeContext> {
  /** A timer of the current key has come: one that this object registered. */
  onTimer(_timestamp: number, _context: OnTimerContext<K>, _out: Collector<O>): Nothing {}
}

export interface ProcessFunctionLike<in I, out O> extends RichFunctionLike {
  readonly processElement: Process<I, ProcessContext, O>;
}

export abstract class ProcessFunction<I, O> extends RichFunction {
  abstract processElement(value: I, context: ProcessContext, out: Collector<O>): Nothing;
}

export interface KeyedProcessFunctionLike<in K, in I, out O> extends KeyedRichFunctionLike<K, O> {
  readonly processElement: Process<I, KeyedProcessContext<K>, O>;
}

/**
 * ```ts
 * class CountUpTo extends KeyedProcessFunction<string, Click, string> {
 *   #clicks!: ValueState<number>;
 *   override open(context: KeyedRuntimeContext) { this.#clicks = context.getState(new ValueStateDescriptor('clicks', Types.LONG)); }
 *   override processElement(click: Click, context: KeyedProcessContext<string>, out: Collector<string>) {
 *     const clicks = (this.#clicks.value() ?? 0) + 1;
 *     this.#clicks.update(clicks);
 *     if (clicks === 10) out.collect(`${context.getCurrentKey()} clicked ten times`);
 *   }
 * }
 * ```
 */
export abstract class KeyedProcessFunction<K, I, O> extends KeyedRichFunction<K, O> {
  abstract processElement(value: I, context: KeyedProcessContext<K>, out: Collector<O>): Nothing;
}

/**
 * Takes elements out of a window when it fires: before the window function, which then does not see them, or after. What an evictor takes out is gone for later
 * firings, too. Keeps nothing in its fields: one object serves all keys, windows and subtasks. Flink: "Evictors".
 *
 * A window with an evictor keeps every element and aggregates them anew at each firing. Each method returns the elements that stay, in their order.
 */
import type { Window } from './window.ts';

export interface TimestampedValue<out T> {
  readonly value: T;
  readonly timestamp: number | undefined; // undefined for a record without one
}

export interface EvictorContext {
  currentProcessingTime(): number;
  currentWatermark(): number;
}

export interface Evictor<in T, in W extends Window> {
  evictBefore?<U extends T>(elements: readonly TimestampedValue<U>[], window: W, context: EvictorContext): Iterable<TimestampedValue<U>>;
  evictAfter?<U extends T>(elements: readonly TimestampedValue<U>[], window: W, context: EvictorContext): Iterable<TimestampedValue<U>>;
}

type Keep = <U>(elements: readonly TimestampedValue<U>[]) => readonly TimestampedValue<U>[];

/** An evictor of this room: one rule, applied before the window function or after it. */
export function evictorOf(text: string, doEvictAfter: boolean, keep: Keep): Evictor<unknown, Window> {
  const rule = { toString: () => text };
  return doEvictAfter ? { ...rule, evictAfter: (elements) => keep(elements) } : { ...rule, evictBefore: (elements) => keep(elements) };
}

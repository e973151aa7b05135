import { UsageError } from '@millrace/core/base/errors';
import { ValueStateDescriptor } from '../contract/state-descriptor.ts';
import { Trigger, type TriggerContext } from './trigger.ts';
import type { TriggerResult } from './trigger-result.ts';
import type { Window } from './window.ts';

/**
 * Fires with a record that is further than the threshold from the one that fired last, or from the window's first.
 *
 * ```ts
 * byCar.window(GlobalWindows.create()).trigger(DeltaTrigger.of(50, (last, current) => current.metres - last.metres)) // every 50 m
 * ```
 */
export class DeltaTrigger<in out T> extends Trigger<T, Window> {
  readonly #threshold: number;
  readonly #delta: (last: T, current: T) => number;
  readonly #last: ValueStateDescriptor<T>;

  private constructor(threshold: number, delta: (last: T, current: T) => number) {
    super();
    this.#threshold = threshold;
    this.#delta = delta;
    this.#last = new ValueStateDescriptor<T>('DeltaTrigger/last-element');
  }

  static of<T = unknown>(threshold: number, delta: (last: T, current: T) => number): Trigger<T, Window> {
    checkDelta(threshold, delta, 'DeltaTrigger.of');
    return new DeltaTrigger(threshold, delta);
  }

  override onElement(element: T, _timestamp: number, _window: Window, context: TriggerContext): TriggerResult {
    const state = context.getPartitionedState(this.#last);
    const last = state.value();
    if (last === undefined) {
      state.update(element);
      return 'CONTINUE';
    }
    if (distance(this.#delta(last, element), 'DeltaTrigger') <= this.#threshold) return 'CONTINUE';
    state.update(element);
    return 'FIRE';
  }

  override onEventTime(): TriggerResult {
    return 'CONTINUE';
  }

  override onProcessingTime(): TriggerResult {
    return 'CONTINUE';
  }

  override clear(_window: Window, context: TriggerContext): void {
    context.getPartitionedState(this.#last).clear();
  }

  override purges(): boolean {
    return false;
  }

  override toString(): string {
    return `DeltaTrigger(${this.#threshold})`;
  }
}

export function checkDelta(threshold: unknown, delta: unknown, where: string): void {
  if (typeof threshold !== 'number' || Number.isNaN(threshold)) {
    throw new UsageError(`${where} got a threshold of ${String(threshold)}. Give a number.`);
  }
  if (typeof delta !== 'function') throw new UsageError(`${where} got no delta function. Give it a function from two records to a number.`);
}

/** Refuses what would compare as false for ever. */
export function distance(value: unknown, where: string): number {
  if (typeof value === 'number' && !Number.isNaN(value)) return value;
  const seen = typeof value === 'object' ? 'an object' : `${value as string}`;
  throw new UsageError(`The delta function of a ${where} returned ${seen}. Return how far the two records are apart, as a number.`);
}

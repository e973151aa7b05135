import { checkTrigger } from './check-trigger.ts';
import { type OnMergeContext, Trigger, type TriggerContext } from './trigger.ts';
import { fires, type TriggerResult } from './trigger-result.ts';
import type { Window } from './window.ts';

/** Makes each firing of another trigger forget what the window held, so that the next one sees only what came since. */
export class PurgingTrigger<in T, in W extends Window> extends Trigger<T, W> {
  readonly #nested: Trigger<T, W>;

  private constructor(nested: Trigger<T, W>) {
    super();
    this.#nested = nested;
  }

  static of<T, W extends Window>(nested: Trigger<T, W>): Trigger<T, W> {
    checkTrigger(nested, 'PurgingTrigger.of');
    return new PurgingTrigger(nested);
  }

  override onElement(element: T, timestamp: number, window: W, context: TriggerContext): TriggerResult {
    return purging(this.#nested.onElement(element, timestamp, window, context));
  }

  override onEventTime(time: number, window: W, context: TriggerContext): TriggerResult {
    return purging(this.#nested.onEventTime(time, window, context));
  }

  override onProcessingTime(time: number, window: W, context: TriggerContext): TriggerResult {
    return purging(this.#nested.onProcessingTime(time, window, context));
  }

  override clear(window: W, context: TriggerContext): void {
    this.#nested.clear(window, context);
  }

  override canMerge(): boolean {
    return this.#nested.canMerge();
  }

  override onMerge(window: W, context: OnMergeContext): void {
    this.#nested.onMerge(window, context);
  }

  override toString(): string {
    return `PurgingTrigger(${this.#nested.toString()})`;
  }
}

function purging(result: TriggerResult): TriggerResult {
  return fires(result) ? 'FIRE_AND_PURGE' : result;
}

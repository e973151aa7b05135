import { UsageError } from '@millrace/core/base/errors';
import { type OnMergeContext, Trigger, type TriggerContext } from './trigger.ts';
import type { TriggerResult } from './trigger-result.ts';
import { countState } from './trigger-state.ts';
import type { Window } from './window.ts';

const COUNT = countState('CountTrigger');

/** Fires with every so many records of a window. It purges nothing: `PurgingTrigger.of(CountTrigger.of(100))` begins anew after each hundred. */
export class CountTrigger extends Trigger<unknown, Window> {
  readonly #maxCount: number;

  private constructor(maxCount: number) {
    super();
    this.#maxCount = maxCount;
  }

  static of(maxCount: number): CountTrigger {
    checkCount(maxCount, 'CountTrigger.of');
    return new CountTrigger(maxCount);
  }

  override onElement(_element: unknown, _timestamp: number, _window: Window, context: TriggerContext): TriggerResult {
    const count = context.getPartitionedState(COUNT);
    if ((count.get() ?? 0) + 1 < this.#maxCount) {
      count.add(1);
      return 'CONTINUE';
    }
    count.clear();
    return 'FIRE';
  }

  override onEventTime(): TriggerResult {
    return 'CONTINUE';
  }

  override onProcessingTime(): TriggerResult {
    return 'CONTINUE';
  }

  override clear(_window: Window, context: TriggerContext): void {
    context.getPartitionedState(COUNT).clear();
  }

  override canMerge(): boolean {
    return true;
  }

  override onMerge(_window: Window, context: OnMergeContext): void {
    context.mergePartitionedState(COUNT);
  }

  override purges(): boolean {
    return false;
  }

  override toString(): string {
    return `CountTrigger(${this.#maxCount})`;
  }
}

export function checkCount(count: unknown, where: string): void {
  if (Number.isSafeInteger(count) && (count as number) >= 1) return;
  throw new UsageError(`${where} got a count of ${String(count)}. Give a whole number of at least 1.`);
}

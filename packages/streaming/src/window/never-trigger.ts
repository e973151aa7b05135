import { Trigger } from './trigger.ts';
import type { TriggerResult } from './trigger-result.ts';
import type { Window } from './window.ts';

/** Fires never: what a global window does until it gets a trigger. */
export class NeverTrigger extends Trigger<unknown, Window> {
  override onElement(): TriggerResult {
    return 'CONTINUE';
  }

  override onEventTime(): TriggerResult {
    return 'CONTINUE';
  }

  override onProcessingTime(): TriggerResult {
    return 'CONTINUE';
  }

  override clear(): void {}

  override canMerge(): boolean {
    return true;
  }

  override onMerge(): void {}

  override purges(): boolean {
    return false;
  }

  override toString(): string {
    return 'NeverTrigger()';
  }
}

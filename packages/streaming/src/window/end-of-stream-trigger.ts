import { Trigger, type TriggerContext } from './trigger.ts';
import type { TriggerResult } from './trigger-result.ts';
import type { Window } from './window.ts';

/** Fires once, at the end of a bounded input. Behind `GlobalWindows.createWithEndOfStreamTrigger`. */
export class EndOfStreamTrigger extends Trigger<unknown, Window> {
  override onElement(_element: unknown, _timestamp: number, window: Window, context: TriggerContext): TriggerResult {
    context.registerEventTimeTimer(window.maxTimestamp());
    return 'CONTINUE';
  }

  override onEventTime(time: number, window: Window): TriggerResult {
    return time === window.maxTimestamp() ? 'FIRE_AND_PURGE' : 'CONTINUE';
  }

  override onProcessingTime(): TriggerResult {
    return 'CONTINUE';
  }

  override clear(window: Window, context: TriggerContext): void {
    context.deleteEventTimeTimer(window.maxTimestamp());
  }

  override canMerge(): boolean {
    return true;
  }

  override onMerge(window: Window, context: TriggerContext): void {
    context.registerEventTimeTimer(window.maxTimestamp());
  }

  override toString(): string {
    return 'EndOfStreamTrigger()';
  }
}

import type { TimeWindow } from './time-window.ts';
import { Trigger, type TriggerContext } from './trigger.ts';
import type { TriggerResult } from './trigger-result.ts';

/** Fires when the watermark reaches the window's last millisecond, and at once for each record that comes later. The default of event-time windows. */
export class EventTimeTrigger extends Trigger<unknown, TimeWindow> {
  private constructor() {
    super();
  }

  static create(): Trigger<unknown, TimeWindow> {
    return new EventTimeTrigger();
  }

  override onElement(_element: unknown, _timestamp: number, window: TimeWindow, context: TriggerContext): TriggerResult {
    const end = window.maxTimestamp();
    if (end <= context.currentWatermark()) return 'FIRE';
    context.registerEventTimeTimer(end);
    return 'CONTINUE';
  }

  override onEventTime(time: number, window: TimeWindow): TriggerResult {
    return time === window.maxTimestamp() ? 'FIRE' : 'CONTINUE';
  }

  override onProcessingTime(): TriggerResult {
    return 'CONTINUE';
  }

  override clear(window: TimeWindow, context: TriggerContext): void {
    context.deleteEventTimeTimer(window.maxTimestamp());
  }

  override canMerge(): boolean {
    return true;
  }

  override onMerge(window: TimeWindow, context: TriggerContext): void {
    const end = window.maxTimestamp();
    if (end > context.currentWatermark()) context.registerEventTimeTimer(end); // otherwise the record that merged them fires it
  }

  override purges(): boolean {
    return false;
  }

  override toString(): string {
    return 'EventTimeTrigger()';
  }
}

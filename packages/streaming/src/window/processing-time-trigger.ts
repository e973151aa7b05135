import type { TimeWindow } from './time-window.ts';
import { Trigger, type TriggerContext } from './trigger.ts';
import type { TriggerResult } from './trigger-result.ts';

/** Fires when the clock reaches the window's last millisecond. The default of processing-time windows; one that is open when the input ends does not fire. */
export class ProcessingTimeTrigger extends Trigger<unknown, TimeWindow> {
  private constructor() {
    super();
  }

  static create(): Trigger<unknown, TimeWindow> {
    return new ProcessingTimeTrigger();
  }

  override onElement(_element: unknown, _timestamp: number, window: TimeWindow, context: TriggerContext): TriggerResult {
    context.registerProcessingTimeTimer(window.maxTimestamp());
    return 'CONTINUE';
  }

  override onEventTime(): TriggerResult {
    return 'CONTINUE';
  }

  override onProcessingTime(): TriggerResult {
    return 'FIRE';
  }

  override clear(window: TimeWindow, context: TriggerContext): void {
    context.deleteProcessingTimeTimer(window.maxTimestamp());
  }

  override canMerge(): boolean {
    return true;
  }

  override onMerge(window: TimeWindow, context: TriggerContext): void {
    const end = window.maxTimestamp();
    if (end > context.currentProcessingTime()) context.registerProcessingTimeTimer(end);
  }

  override purges(): boolean {
    return false;
  }

  override toString(): string {
    return 'ProcessingTimeTrigger()';
  }
}

/** The time service of functions without a key: there is only the time to read. The compiler knows that; plain JavaScript and `as` come this far. */
import { UsageError } from '@millrace/core/base/errors';
import type { ReadOnlyTimerService, TimerService } from '../contract/timers.ts';

export class KeylessTimers implements TimerService {
  readonly #time: ReadOnlyTimerService;

  constructor(time: ReadOnlyTimerService) {
    this.#time = time;
  }

  currentProcessingTime(): number {
    return this.#time.currentProcessingTime();
  }

  currentWatermark(): number {
    return this.#time.currentWatermark();
  }

  registerEventTimeTimer(): void {
    throw withoutKey('registerEventTimeTimer');
  }

  registerProcessingTimeTimer(): void {
    throw withoutKey('registerProcessingTimeTimer');
  }

  deleteEventTimeTimer(): void {
    throw withoutKey('deleteEventTimeTimer');
  }

  deleteProcessingTimeTimer(): void {
    throw withoutKey('deleteProcessingTimeTimer');
  }
}

function withoutKey(call: string): UsageError {
  return new UsageError(
    `${call} was called where there is no key, and timers belong to keys. Call keyBy(…) before process(…); on a broadcast side set timers in processElement.`,
    { reason: 'timer-without-key' },
  );
}

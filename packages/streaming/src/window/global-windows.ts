import { EndOfStreamTrigger } from './end-of-stream-trigger.ts';
import { GlobalWindow } from './global-window.ts';
import { NeverTrigger } from './never-trigger.ts';
import type { Trigger } from './trigger.ts';
import { WindowAssigner } from './window-assigner.ts';

/**
 * All records of a key in one window. It fires only if a trigger is set, or, from `createWithEndOfStreamTrigger`, at the end of a bounded input.
 *
 * ```ts
 * stream.keyBy((bid) => bid.auction).window(GlobalWindows.create()).trigger(PurgingTrigger.of(CountTrigger.of(100)))
 * ```
 */
export class GlobalWindows extends WindowAssigner<unknown, GlobalWindow> {
  readonly #trigger: Trigger<unknown, GlobalWindow>;

  private constructor(trigger: Trigger<unknown, GlobalWindow>) {
    super();
    this.#trigger = trigger;
  }

  static create(): GlobalWindows {
    return new GlobalWindows(new NeverTrigger());
  }

  /** For bounded inputs: every key is evaluated once, at the end. What comes before needs no room in the output, and may run apart from what comes behind. */
  static createWithEndOfStreamTrigger(): GlobalWindows {
    return new GlobalWindows(new EndOfStreamTrigger());
  }

  override assignWindows(): GlobalWindow[] {
    return [GlobalWindow.get()];
  }

  override getDefaultTrigger(): Trigger<unknown, GlobalWindow> {
    return this.#trigger;
  }

  override isEventTime(): boolean {
    return false;
  }

  override toString(): string {
    return 'GlobalWindows()';
  }
}

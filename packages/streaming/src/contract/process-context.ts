/** What process functions are given with a record or a timer. The objects are reused: valid during the call only. */
import type { OutputTag } from './output-tag.ts';
import type { DeclaredStateStore } from './state-declaration.ts';
import type { ReadOnlyTimerService, TimeDomain, TimerService } from './timers.ts';

export interface SideOutputContext {
  /** Emits to a side output, at the timestamp of the element under way. Dropped where nobody reads it. */
  output<X>(tag: OutputTag<X>, value: NoInfer<X>): void;
}

export interface ProcessContext extends SideOutputContext, DeclaredStateStore {
  /** Of the record; undefined where it has none. */
  timestamp(): number | undefined;
  timerService(): ReadOnlyTimerService;
}

export interface KeyedProcessContext<out K> extends ProcessContext {
  getCurrentKey(): K;
  timerService(): TimerService;
}

export interface OnTimerContext<out K> extends KeyedProcessContext<K> {
  /** The time of the timer. */
  timestamp(): number;
  timeDomain(): TimeDomain;
}

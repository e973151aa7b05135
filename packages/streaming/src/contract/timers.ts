/**
 * Timers: callbacks of a key at a time. Times are milliseconds since the epoch, safe integers, negative ones included.
 *
 * T1 a timer is its key, its time and its namespace: registered twice, it fires once. Event time and processing time know nothing of each other.
 * T2 timers of one kind fire in the order of their times. The order among timers of one time hangs only on what was registered and deleted before.
 * T3 an event-time timer fires when the watermark reaches its time, before the watermark goes on. One that is registered at or before the current watermark
 *    by a record fires at the next watermark; by another timer that is firing, after that timer.
 * T4 processing-time timers that are open when the input ends do not fire.
 */
import type { NamespaceType } from './keyed-state.ts';

export interface ReadOnlyTimerService {
  currentProcessingTime(): number;
  /** Number.MIN_SAFE_INTEGER − 1 before the first watermark, Number.MAX_SAFE_INTEGER at the end of the input. */
  currentWatermark(): number;
}

/** Sets timers of the current key. */
export interface TimerService extends ReadOnlyTimerService {
  registerEventTimeTimer(time: number): void;
  registerProcessingTimeTimer(time: number): void;
  deleteEventTimeTimer(time: number): void;
  deleteProcessingTimeTimer(time: number): void;
}

export type TimeDomain = 'EVENT_TIME' | 'PROCESSING_TIME';

export interface InternalTimer<out K, out N> {
  readonly key: K;
  readonly namespace: N;
  readonly timestamp: number;
}

/**
 * Who is called. The current key is the timer's, `flow.timestamp` is its time for an event-time timer and NO_TIMESTAMP for a processing-time timer. The timer object is
 * reused: read it, do not keep it. Returns false when it has suspended an emission (O2 of the operator contract); its operator then calls `resume` of the
 * timer service when that is through.
 */
export interface Triggerable<in K, in N> {
  onEventTime(timer: InternalTimer<K, N>): boolean;
  onProcessingTime(timer: InternalTimer<K, N>): boolean;
  /** True while the operator holds one of `flow.blocked` for an emission that did not begin in a timer: the service then waits for its `resume`. */
  readonly isSuspended?: boolean;
}

/**
 * The timers of an operator, as operators see them. The operator hands on what it is told: `processWatermark` returns `advanceWatermark`, and its own `resume`
 * calls the service's. Firing stops after a number of timers, or when the output is full, and goes on in `resume`.
 */
export interface InternalTimerService<in N> extends ReadOnlyTimerService {
  registerEventTimeTimer(namespace: N, time: number): void;
  registerProcessingTimeTimer(namespace: N, time: number): void;
  deleteEventTimeTimer(namespace: N, time: number): void;
  deleteProcessingTimeTimer(namespace: N, time: number): void;
  /** Fires what is due. True when it is done, false when it goes on in `resume`. */
  advanceWatermark(timestamp: number): boolean;
  /** Goes on with firing; as `resume` of an operator. */
  resume(): boolean;
  readonly numEventTimeTimers: number;
  readonly numProcessingTimeTimers: number;
}

/** Where there are no namespaces. */
export const VOID_NAMESPACE = 0;
export const VOID_NAMESPACES: NamespaceType<number> = { idOf: () => VOID_NAMESPACE };

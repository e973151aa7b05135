/**
 * The timers of one operator in one subtask, on the heap of its slot: registers them, and fires them in order without holding up the task.
 *
 * Owned by its task. Called by the operator, and by user functions through it.
 *
 * S1 firing never runs for longer than `TIMERS_PER_TURN` timers: it then takes one of `flow.blocked`, asks for another turn by mail, and goes on in `resume`. So mail,
 *    cancellation and the other tasks of the slot get their turns however many timers one watermark makes due.
 * S2 it also stops when the output is full, if there is more to fire (O2 of the operator contract).
 * S3 at most one wake-up is scheduled, for the earliest processing-time timer.
 * S4 event-time timers go first where both kinds are due: their watermark waits for them.
 * S5 after a restore the watermark stands where it stood: a timer that was registered behind it fires at the next one, as it would have.
 */
import { UsageError } from '@millrace/core/base/errors';
import type { Cancellation } from '@millrace/core/base/clock';
import { SHAPE } from '@millrace/core/types/descriptions';
import { hashKey } from '@millrace/core/types/key';
import type { TypeInformation } from '@millrace/core/types/type-information';
import { descriptionOf } from '@millrace/core/types/types';
import { FailingCall } from '@millrace/streaming/contract/failing-call';
import type { MemoryUse } from '@millrace/streaming/contract/memory-use';
import type { NamespaceType } from '@millrace/streaming/contract/keyed-state';
import type { TaskFlow } from '@millrace/streaming/contract/operator';
import {
  type InternalTimer,
  type InternalTimerService,
  type Triggerable,
  VOID_NAMESPACE,
  VOID_NAMESPACES,
} from '@millrace/streaming/contract/timers';
import { NO_TIMESTAMP } from '@millrace/streaming/contract/timestamp';
import type { KeyedStateSchema } from '../checkpoint/state-handles.ts';
import type { CurrentKey } from './current-key.ts';
import { frozenTimers } from './frozen-timers.ts';
import type { RestoredStates } from './snapshot/restored-states.ts';
import type { FrozenState, KeyedSink } from './state-backend.ts';
import { TimerQueue } from './timer-queue.ts';

export const TIMERS_PER_TURN = 1000;
/** Of one timer in the columns, the heap and the index of its queue, without the key, which state has as well. */
const TIMER_BYTES = 56;

export interface TimerServicePorts {
  readonly currentKey: CurrentKey;
  readonly flow: TaskFlow;
  readonly currentProcessingTime: () => number;
  readonly mail: (action: () => void) => void;
  readonly schedule: (delayMs: number, action: () => void) => Cancellation;
  /** What a checkpoint knows the timers by. */
  readonly name?: string;
  readonly keyType?: TypeInformation<unknown> | undefined;
  readonly restored?: RestoredStates;
  /** Where the watermark stood in the checkpoint; NO_TIMESTAMP where that is not known. */
  readonly restoredWatermark?: () => number;
}

/** Reused for every timer. */
class FiringTimer<K, N> implements InternalTimer<K, N> {
  key: K;
  namespace: N;
  timestamp: number;

  constructor() {
    this.key = undefined as K;
    this.namespace = undefined as N;
    this.timestamp = NO_TIMESTAMP;
  }
}

export class HeapTimerService<K, N> implements InternalTimerService<N> {
  readonly #ports: TimerServicePorts;
  readonly #flow: TaskFlow;
  readonly #currentKey: CurrentKey;
  readonly #triggerable: Triggerable<K, N>;
  readonly #eventTimers: TimerQueue<N>;
  readonly #processingTimers: TimerQueue<N>;
  readonly #namespaces: NamespaceType<N>;
  readonly #timer: FiringTimer<K, N>;
  #watermark: number;
  /** The last watermark that has fired all its timers. */
  #settledWatermark: number;
  /** Processing-time timers up to here are due. */
  #processingTime: number;
  /** It has one of `flow.blocked`. */
  #isHolding: boolean;
  #isFiring: boolean;
  /** The last watermark has not fired all its timers yet. Between watermarks none fires, even one that is registered for the past (T3 of the contract). */
  #isAdvancing: boolean;
  #isQuiet: boolean;
  #wakeUp: Cancellation | undefined;
  #wakeUpAt: number;

  constructor(ports: TimerServicePorts, triggerable: Triggerable<K, N>, namespaces: NamespaceType<N>) {
    this.#ports = ports;
    this.#flow = ports.flow;
    this.#currentKey = ports.currentKey;
    this.#triggerable = triggerable;
    this.#eventTimers = new TimerQueue(namespaces);
    this.#processingTimers = new TimerQueue(namespaces);
    this.#namespaces = namespaces;
    this.#timer = new FiringTimer();
    this.#watermark = NO_TIMESTAMP;
    this.#settledWatermark = NO_TIMESTAMP;
    this.#processingTime = NO_TIMESTAMP;
    this.#isHolding = false;
    this.#isFiring = false;
    this.#isAdvancing = false;
    this.#isQuiet = false;
    this.#wakeUp = undefined;
    this.#wakeUpAt = Number.POSITIVE_INFINITY;
    this.onLoaded();
  }

  get numEventTimeTimers(): number {
    return this.#eventTimers.size;
  }

  get numProcessingTimeTimers(): number {
    return this.#processingTimers.size;
  }

  memoryUse(): MemoryUse {
    const entries = this.numEventTimeTimers + this.numProcessingTimeTimers;
    return { name: `timers '${this.#ports.name ?? 'timers'}'`, entries, unit: 'timers', bytes: entries * TIMER_BYTES };
  }

  currentProcessingTime(): number {
    return this.#ports.currentProcessingTime();
  }

  currentWatermark(): number {
    return this.#watermark;
  }

  /** What a checkpoint has of the watermark: one that is still firing is shown again after a restore, and fires the rest. */
  get settledWatermark(): number {
    return this.#isAdvancing ? this.#settledWatermark : this.#watermark;
  }

  /** `resting`: nothing is suspended. `between`: it has stopped between two timers of a burst (S1), and what the operator has is consistent. */
  get firing(): 'resting' | 'between' | 'suspended' {
    if (this.#isHolding && this.#triggerable.isSuspended !== true) return 'between';
    return this.#isHolding || this.#isAdvancing || this.#triggerable.isSuspended === true ? 'suspended' : 'resting';
  }

  registerEventTimeTimer(namespace: N, time: number): void {
    if (!Number.isSafeInteger(time)) throw badTime('registerEventTimeTimer', time);
    this.#eventTimers.add(this.#currentKey.get(), this.#currentKey.hash(), namespace, time);
  }

  registerProcessingTimeTimer(namespace: N, time: number): void {
    if (!Number.isSafeInteger(time)) throw badTime('registerProcessingTimeTimer', time);
    if (this.#processingTimers.add(this.#currentKey.get(), this.#currentKey.hash(), namespace, time)) this.#scheduleWakeUp();
  }

  deleteEventTimeTimer(namespace: N, time: number): void {
    this.#eventTimers.remove(this.#currentKey.get(), this.#currentKey.hash(), namespace, time);
  }

  deleteProcessingTimeTimer(namespace: N, time: number): void {
    this.#processingTimers.remove(this.#currentKey.get(), this.#currentKey.hash(), namespace, time);
  }

  advanceWatermark(timestamp: number): boolean {
    if (timestamp <= this.#watermark) return true; // S5
    if (!this.#isAdvancing) this.#settledWatermark = this.#watermark;
    this.#watermark = timestamp;
    this.#isAdvancing = true;
    return this.#fire();
  }

  resume(): boolean {
    if (this.#isHolding) {
      this.#isHolding = false;
      this.#flow.blocked -= 1;
    }
    return this.#fire();
  }

  /** The input has ended: processing-time timers that are open fire no more. */
  quiesce(): void {
    this.#isQuiet = true;
    this.#wakeUp?.cancel();
    this.#wakeUp = undefined;
  }

  /** The checkpoint has been read: its timers stand beside those that were registered since. What came due while the job was down fires once. */
  onLoaded(): void {
    const { restored } = this.#ports;
    if (restored?.isLoaded !== true) return;
    for (const [kind, queue] of this.#queues()) {
      restored.takeKeyed(this.#schemaOf(kind), (key, namespace, time) => {
        queue.add(key, hashKey(key), this.#namespaceOf(namespace), time as number);
      });
    }
    this.#watermark = Math.max(this.#watermark, this.#ports.restoredWatermark?.() ?? NO_TIMESTAMP);
    this.#scheduleWakeUp();
  }

  /** Both kinds of timers as they are now. */
  freeze(open: (schema: KeyedStateSchema) => KeyedSink): readonly FrozenState[] {
    return this.#queues().map(([kind, queue]) => {
      const sink = open(this.#schemaOf(kind));
      return frozenTimers(queue, (key, namespace, time) => sink.add(key, this.#plainOf(namespace), time));
    });
  }

  #queues(): readonly (readonly ['event-timers' | 'processing-timers', TimerQueue<N>])[] {
    return [
      ['event-timers', this.#eventTimers],
      ['processing-timers', this.#processingTimers],
    ];
  }

  #schemaOf(kind: 'event-timers' | 'processing-timers'): KeyedStateSchema {
    const { name = '', keyType } = this.#ports;
    const namespaceType = this.#hasNamespaces ? SHAPE : undefined;
    return { name, kind, keyType: descriptionOf(keyType), namespaceType, valueType: undefined };
  }

  get #hasNamespaces(): boolean {
    return (this.#namespaces as unknown) !== VOID_NAMESPACES;
  }

  #plainOf(namespace: N | undefined): unknown {
    return this.#hasNamespaces ? (this.#namespaces.plainOf?.(namespace as N) ?? namespace) : undefined;
  }

  #namespaceOf(plain: unknown): N {
    if (!this.#hasNamespaces) return VOID_NAMESPACE as N;
    return this.#namespaces.namespaceOf === undefined ? (plain as N) : this.#namespaces.namespaceOf(plain);
  }

  /** Fires what is due; true when nothing is left (S1, S2). */
  #fire(): boolean {
    this.#isFiring = true;
    try {
      for (let left = TIMERS_PER_TURN; this.#isAnyDue(); left--) {
        if (this.#flow.blocked !== 0) return this.#hold();
        if (left === 0) {
          this.#ports.mail(nothing);
          return this.#hold();
        }
        if (!this.#fireNext()) return false;
      }
    } catch (error) {
      throw this.#failing(error);
    } finally {
      this.#isFiring = false;
    }
    this.#isAdvancing = false;
    this.#scheduleWakeUp();
    return true;
  }

  #isAnyDue(): boolean {
    return this.#isEventTimerDue() || (this.#processingTimers.leastTime <= this.#processingTime && !this.#isQuiet);
  }

  #isEventTimerDue(): boolean {
    return this.#isAdvancing && this.#eventTimers.leastTime <= this.#watermark;
  }

  /** Fires the next timer; false when the operator has suspended what it emits for it. */
  #fireNext(): boolean {
    const isEventTime = this.#isEventTimerDue(); // S4
    const queue = isEventTime ? this.#eventTimers : this.#processingTimers;
    queue.poll();
    const timer = this.#timer;
    timer.key = queue.key as K;
    timer.namespace = queue.namespace as N;
    timer.timestamp = queue.time;
    this.#currentKey.set(queue.key);
    this.#flow.timestamp = isEventTime ? queue.time : NO_TIMESTAMP;
    return isEventTime ? this.#triggerable.onEventTime(timer) : this.#triggerable.onProcessingTime(timer);
  }

  #hold(): false {
    this.#isHolding = true;
    this.#flow.blocked += 1;
    return false;
  }

  #failing(error: unknown): FailingCall {
    const { timestamp, key } = this.#timer;
    const domain = this.#flow.timestamp === NO_TIMESTAMP ? 'processing time' : 'event time';
    return FailingCall.of(`the timer of ${timestamp} (${domain})`, error, { value: key });
  }

  #scheduleWakeUp(): void {
    const least = this.#processingTimers.leastTime;
    if (this.#isFiring || this.#isQuiet || least >= this.#wakeUpAt) return; // S3; firing ends with this call
    this.#wakeUp?.cancel();
    this.#wakeUpAt = least;
    // The clock's delays are bounded; a wake-up that comes too early schedules the next.
    const delayMs = Math.min(Math.max(0, least - this.#ports.currentProcessingTime()), DELAY_MS_MAX);
    this.#wakeUp = this.#ports.schedule(delayMs, () => this.#wake());
  }

  #wake(): void {
    if (this.#isQuiet) return;
    this.#wakeUp = undefined;
    this.#wakeUpAt = Number.POSITIVE_INFINITY;
    this.#processingTime = this.#ports.currentProcessingTime();
    if (this.#isHolding || this.#triggerable.isSuspended === true) return; // `resume` comes and fires
    this.#fire();
  }
}

/** Timers of Node cannot wait longer, 24.8 days. */
const DELAY_MS_MAX = 2 ** 31 - 1;

function nothing(): void {}

function badTime(method: string, time: unknown): UsageError {
  const seen = typeof time === 'number' ? String(time) : `a value of type ${typeof time}`;
  return new UsageError(
    `${method} got ${seen}. A timer's time is a safe integer: milliseconds since the epoch. Round it, or check how it is computed.`,
  );
}

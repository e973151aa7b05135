/**
 * Makes the watermarks of one stream of records: of one split in a source, of one subtask behind `assignTimestampsAndWatermarks`.
 *
 * Owned by its source output or operator, whose per-record code works on `greatest` and `records` directly and calls `endPeriod` after every
 * `everyRecords`-th record. So where a watermark stands is decided by the records alone (architecture D15).
 *
 * T1 a watermark is emitted after the record that caused it, and never goes back.
 * T2 the clock emits only while there is nothing to read, and only where the settings allow it.
 * T3 idleness counts only time in which there could have been a record.
 */
import { DataError } from '@millrace/core/base/errors';
import type { OperatorSettings } from './operator.ts';
import { NO_TIMESTAMP } from './timestamp.ts';
import type { WatermarkGenerator, WatermarkOutput, WatermarkStrategy } from './watermark-strategy.ts';

/** Who is told. Both calls come after the tracker's own fields have changed. */
export interface WatermarkTarget {
  watermarkAdvanced(tracker: WatermarkTracker): void;
  statusChanged(tracker: WatermarkTracker): void;
}

/** Where a tracker stands, plain data for a checkpoint. What a custom generator knows is not in it. */
export interface TrackerState {
  /** Since the last period ended. */
  readonly records: number;
  readonly greatest: number;
  readonly watermark: number;
  readonly isIdle: boolean;
}

export class WatermarkTracker implements WatermarkOutput {
  /** The greatest timestamp so far. */
  greatest = NO_TIMESTAMP;
  /** Records since the last period ended. */
  records = 0;
  watermark = NO_TIMESTAMP;
  isIdle = false;
  readonly everyRecords: number;
  /** Only of a custom strategy: the built-in ones are computed here. */
  readonly generator: WatermarkGenerator<unknown> | undefined;
  readonly #target: WatermarkTarget;
  /** Below 0: no watermarks. */
  readonly #outOfOrdernessMs: number;
  readonly #idlenessMs: number;
  readonly #clockIntervalMs: number;
  #periods = 0;
  #recordsSeen = 0;
  #silentMs = 0;
  #unreadMs = 0;

  constructor(strategy: WatermarkStrategy<unknown>, settings: OperatorSettings, target: WatermarkTarget) {
    const { generator, idlenessMs } = strategy.describe();
    this.everyRecords = settings.autoWatermarkRecords;
    this.generator = generator.kind === 'custom' ? strategy.createWatermarkGenerator() : undefined;
    this.#outOfOrdernessMs = generator.kind === 'bounded-out-of-orderness' ? generator.maxOutOfOrdernessMs : -1;
    this.#idlenessMs = idlenessMs ?? Number.POSITIVE_INFINITY;
    this.#clockIntervalMs =
      settings.clockMayEmitWatermarks && generator.kind !== 'none' && settings.autoWatermarkIntervalMs > 0
        ? settings.autoWatermarkIntervalMs
        : Number.POSITIVE_INFINITY;
    this.#target = target;
  }

  /** Goes on where a tracker of a checkpoint stood, before the first record; tells nobody. With fewer records for a period than then, a full one ends with the next. */
  resumeAt({ records, greatest, watermark, isIdle }: TrackerState): void {
    this.records = Math.min(records, this.everyRecords - 1);
    this.greatest = greatest;
    this.watermark = watermark;
    this.isIdle = isIdle;
    this.#recordsSeen = this.recordsInAll;
  }

  /** After every `everyRecords`-th record. */
  endPeriod(): void {
    this.records = 0;
    this.#periods += 1;
    this.#emitPeriodic();
  }

  emitWatermark(timestamp: number): void {
    if (!Number.isSafeInteger(timestamp)) {
      throw new DataError(
        `A watermark generator emitted ${timestamp}. A watermark is a safe integer, milliseconds since the epoch: check what the generator emits.`,
      );
    }
    if (timestamp <= this.watermark) return;
    this.watermark = timestamp;
    this.#target.watermarkAdvanced(this);
  }

  markIdle(): void {
    if (this.isIdle) return;
    this.isIdle = true;
    this.#target.statusChanged(this);
  }

  markActive(): void {
    this.#silentMs = 0;
    if (!this.isIdle) return;
    this.isIdle = false;
    this.#target.statusChanged(this);
  }

  /** Time passed in which there could have been records; in all of it nothing was to read if `unread`. Returns in how many milliseconds to call again. */
  elapse(elapsedMs: number, unread: boolean): number {
    const seen = this.recordsInAll;
    const silent = seen === this.#recordsSeen;
    this.#recordsSeen = seen;
    this.#silentMs = silent ? this.#silentMs + elapsedMs : 0;
    this.#unreadMs = silent && unread ? this.#unreadMs + elapsedMs : 0;
    if (this.#unreadMs >= this.#clockIntervalMs) {
      this.#unreadMs = 0;
      this.#emitPeriodic();
    }
    if (this.#silentMs >= this.#idlenessMs) this.markIdle();
    return Math.min(this.#clockIntervalMs - this.#unreadMs, this.isIdle ? Number.POSITIVE_INFINITY : this.#idlenessMs - this.#silentMs);
  }

  get recordsInAll(): number {
    return this.#periods * this.everyRecords + this.records;
  }

  #emitPeriodic(): void {
    if (this.generator !== undefined) this.generator.onPeriodicEmit(this);
    else if (this.#outOfOrdernessMs >= 0 && this.greatest !== NO_TIMESTAMP) this.emitWatermark(this.greatest - this.#outOfOrdernessMs - 1);
  }
}

/** Refuses what is no timestamp. `given` is what the record had before: an assigner may pass on that it had none. */
export function checkTimestamp(timestamp: number, given: number, of: () => string): void {
  if (Number.isSafeInteger(timestamp) || (timestamp === NO_TIMESTAMP && given === NO_TIMESTAMP)) return;
  throw new DataError(
    `The timestamp of a record of ${of()} is ${describe(timestamp)}. A timestamp is a safe integer, milliseconds since the epoch; check what the timestamp assigner returns.`,
  );
}

/** @cold */
function describe(timestamp: unknown): string {
  if (typeof timestamp === 'number') return String(timestamp);
  return timestamp === undefined
    ? 'undefined'
    : `${JSON.stringify(`${timestamp as string}`).slice(0, 80)}, a value of type ${typeof timestamp}`;
}

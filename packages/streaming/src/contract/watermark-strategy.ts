/**
 * How a stream gets its timestamps and watermarks. Flink: "Generating Watermarks". The built-in generators are plain data (`generator.kind`), so that the task
 * can compute them inline; a custom one is called for every record.
 */
import { Duration, type DurationLike } from '@millrace/core/config/duration';
import { UsageError } from '@millrace/core/base/errors';
import type { Nothing } from './emittable.ts';

export type TimestampAssigner<T> = (record: T, recordTimestamp: number) => number;

export interface WatermarkOutput {
  emitWatermark(timestamp: number): void;
  markIdle(): void;
  markActive(): void;
}

export interface WatermarkGenerator<in T> {
  onEvent(record: T, timestamp: number, output: WatermarkOutput): Nothing;
  onPeriodicEmit(output: WatermarkOutput): Nothing;
}

export type GeneratorDescription<T> =
  | { readonly kind: 'none' }
  | { readonly kind: 'bounded-out-of-orderness'; readonly maxOutOfOrdernessMs: number } // monotonous timestamps are 0
  | { readonly kind: 'custom'; readonly create: () => WatermarkGenerator<T> };

/** A group of sources that are kept near each other in event time. */
export interface AlignmentSettings {
  readonly group: string;
  readonly maxDriftMs: number;
  readonly updateIntervalMs: number;
}

interface Parts<T> {
  readonly generator: GeneratorDescription<T>;
  readonly assigner: TimestampAssigner<T> | undefined;
  readonly idlenessMs: number | undefined;
  readonly alignment: AlignmentSettings | undefined;
  /** The stamps are the task's clock; the task makes them (`boundTo`). */
  readonly isIngestionTime: boolean;
}

/** Contravariant: a strategy for `{ at: number }` serves every stream whose records have `at`. */
export class WatermarkStrategy<in T> {
  readonly #parts: Parts<never>;

  private constructor(parts: Parts<never>) {
    this.#parts = parts;
  }

  static forMonotonousTimestamps<T = unknown>(): WatermarkStrategy<T> {
    return WatermarkStrategy.forBoundedOutOfOrderness(Duration.ZERO);
  }

  /** The watermark is the greatest timestamp so far, less `maxOutOfOrderness`, less 1 ms. */
  static forBoundedOutOfOrderness<T = unknown>(maxOutOfOrderness: DurationLike): WatermarkStrategy<T> {
    const maxOutOfOrdernessMs = Duration.from(maxOutOfOrderness).toMillis();
    if (maxOutOfOrdernessMs < 0)
      throw new UsageError(`forBoundedOutOfOrderness got ${maxOutOfOrdernessMs} ms. Give a duration of 0 or more.`);
    return new WatermarkStrategy<T>(partsOf({ kind: 'bounded-out-of-orderness', maxOutOfOrdernessMs }));
  }

  static noWatermarks<T = unknown>(): WatermarkStrategy<T> {
    return new WatermarkStrategy<T>(partsOf({ kind: 'none' }));
  }

  /**
   * Every record is stamped with the time of day when it comes in, once; later operators see that stamp. Stamps never go back and watermarks follow the clock, so no
   * record is ever late. Flink: ingestion time. A replay gets other stamps.
   */
  static forIngestionTime<T = unknown>(): WatermarkStrategy<T> {
    return new WatermarkStrategy<T>({ ...partsOf({ kind: 'none' }), isIngestionTime: true });
  }

  static forGenerator<T = unknown>(create: () => WatermarkGenerator<T>): WatermarkStrategy<T> {
    return new WatermarkStrategy<T>(partsOf({ kind: 'custom', create } as GeneratorDescription<never>));
  }

  /** As the last call of a chain it learns the record's type from the place where the strategy is passed. */
  withTimestampAssigner<U extends T>(assigner: TimestampAssigner<U>): WatermarkStrategy<U> {
    if (this.#parts.isIngestionTime)
      throw new UsageError(
        'withTimestampAssigner was called on a strategy forIngestionTime, whose timestamps are the times of arrival. Leave it out, or use forBoundedOutOfOrderness.',
      );
    return new WatermarkStrategy<U>({ ...this.#parts, assigner: assigner as TimestampAssigner<never> });
  }

  /** After so long without a record, of the time in which there could have been one, the input no longer holds the watermark back. */
  withIdleness(timeout: DurationLike): WatermarkStrategy<T> {
    const idlenessMs = Duration.from(timeout).toMillis();
    if (idlenessMs <= 0) throw new UsageError(`withIdleness got ${idlenessMs} ms. Give a duration above 0.`);
    return new WatermarkStrategy<T>({ ...this.#parts, idlenessMs });
  }

  /**
   * Of all sources with this group, none runs ahead of the slowest by more than `maxDrift` of event time: it is not read until the others have come nearer. They tell
   * each other where they are once in each `updateInterval`, 1 s unless set. One that has had nothing to read yet holds the others, unless it is idle. For sources only.
   */
  withWatermarkAlignment(
    group: string,
    maxDrift: DurationLike,
    updateInterval: DurationLike = Duration.ofSeconds(1),
  ): WatermarkStrategy<T> {
    const alignment = {
      group,
      maxDriftMs: Duration.from(maxDrift).toMillis(),
      updateIntervalMs: Duration.from(updateInterval).toMillis(),
    };
    if (typeof group !== 'string' || group === '')
      throw new UsageError('withWatermarkAlignment got no group. Give a text, the same for all sources of the group.');
    if (alignment.maxDriftMs < 0)
      throw new UsageError(`withWatermarkAlignment got a drift of ${alignment.maxDriftMs} ms. Give a duration of 0 or more.`);
    if (alignment.updateIntervalMs <= 0)
      throw new UsageError(`withWatermarkAlignment got an update interval of ${alignment.updateIntervalMs} ms. Give a duration above 0.`);
    if (this.#parts.generator.kind === 'none' && !this.#parts.isIngestionTime)
      throw new UsageError(
        'withWatermarkAlignment was called on a strategy of noWatermarks, which has nothing to align by. Use forBoundedOutOfOrderness or forMonotonousTimestamps.',
      );
    return new WatermarkStrategy<T>({ ...this.#parts, alignment });
  }

  /** For the task, whose clock reads the time of day: itself, but for ingestion time, which is then a strategy of one subtask. */
  boundTo(now: () => number): WatermarkStrategy<T> {
    if (!this.#parts.isIngestionTime) return this;
    let latest = Number.NEGATIVE_INFINITY;
    const stamp = () => {
      latest = Math.max(latest, now());
      return latest;
    };
    const generator: WatermarkGenerator<unknown> = { onEvent() {}, onPeriodicEmit: (output) => output.emitWatermark(stamp() - 1) };
    return new WatermarkStrategy<T>({ ...this.#parts, assigner: stamp, generator: { kind: 'custom', create: () => generator } });
  }

  createTimestampAssigner(): TimestampAssigner<T> {
    return (this.#parts.assigner as TimestampAssigner<T> | undefined) ?? ((_record, recordTimestamp) => recordTimestamp);
  }

  createWatermarkGenerator(): WatermarkGenerator<T> {
    const { generator } = this.#parts;
    if (generator.kind === 'custom') return generator.create() as WatermarkGenerator<T>;
    return generator.kind === 'none' ? silent : boundedOutOfOrderness(generator.maxOutOfOrdernessMs);
  }

  /** What the runtime compiles: `assigner` is undefined where the source's own timestamps are used. */
  describe(): Parts<T> {
    return this.#parts as Parts<T>;
  }
}

function partsOf(generator: GeneratorDescription<never>): Parts<never> {
  return { generator, assigner: undefined, idlenessMs: undefined, alignment: undefined, isIngestionTime: false };
}

const silent: WatermarkGenerator<unknown> = { onEvent() {}, onPeriodicEmit() {} };

function boundedOutOfOrderness(maxOutOfOrdernessMs: number): WatermarkGenerator<unknown> {
  let greatest = Number.NEGATIVE_INFINITY;
  return {
    onEvent(_record, timestamp) {
      if (timestamp > greatest) greatest = timestamp;
    },
    onPeriodicEmit(output) {
      if (greatest !== Number.NEGATIVE_INFINITY) output.emitWatermark(greatest - maxOutOfOrdernessMs - 1);
    },
  };
}

/** The function form of a watermark strategy: it knows the record's type from the start, so its calls come in any order. */
import { UsageError } from '@millrace/core/base/errors';
import type { DurationLike } from '@millrace/core/config/duration';
import { type TimestampAssigner, type WatermarkGenerator, WatermarkStrategy } from '../contract/watermark-strategy.ts';
import { checkSynchronous, show } from './function-checks.ts';

export type StrategyFunction<T> = (strategy: WatermarkStrategies<T>) => WatermarkStrategyOf<unknown>;

export interface WatermarkStrategies<out T> {
  forMonotonousTimestamps(): WatermarkStrategyOf<T>;
  forBoundedOutOfOrderness(maxOutOfOrderness: DurationLike): WatermarkStrategyOf<T>;
  forGenerator(create: () => WatermarkGenerator<T>): WatermarkStrategyOf<T>;
  forIngestionTime(): WatermarkStrategyOf<T>;
  noWatermarks(): WatermarkStrategyOf<T>;
}

export interface WatermarkStrategyOf<out T> {
  withTimestampAssigner(assigner: TimestampAssigner<T>): WatermarkStrategyOf<T>;
  withIdleness(timeout: DurationLike): WatermarkStrategyOf<T>;
  withWatermarkAlignment(group: string, maxDrift: DurationLike, updateInterval?: DurationLike): WatermarkStrategyOf<T>;
}

/** `where` is the call, for messages. */
export function watermarkStrategy<T>(strategy: WatermarkStrategy<T> | StrategyFunction<T>, where: string): WatermarkStrategy<unknown> {
  const made: unknown = typeof strategy === 'function' ? strategy(strategies) : strategy;
  if (!(made instanceof WatermarkStrategy)) {
    const what = typeof strategy === 'function' ? 'a function that returned' : '';
    throw new UsageError(
      `${where} got ${[what, show(made)].join(' ').trim()} where a watermark strategy belongs. Give WatermarkStrategy.forMonotonousTimestamps(), .forBoundedOutOfOrderness('10 s') or .noWatermarks().`,
    );
  }
  const { assigner } = made.describe();
  if (assigner !== undefined) checkSynchronous(assigner, `the timestamp assigner of ${where}`);
  return made as WatermarkStrategy<unknown>;
}

const strategies: WatermarkStrategies<never> = {
  forMonotonousTimestamps: () => WatermarkStrategy.forMonotonousTimestamps<never>(),
  forBoundedOutOfOrderness: (maxOutOfOrderness) => WatermarkStrategy.forBoundedOutOfOrderness<never>(maxOutOfOrderness),
  forGenerator: (create) => WatermarkStrategy.forGenerator<never>(create),
  forIngestionTime: () => WatermarkStrategy.forIngestionTime<never>(),
  noWatermarks: () => WatermarkStrategy.noWatermarks<never>(),
};

/** `assignTimestampsAndWatermarks` in the middle of a stream: the rules of a source's split, applied to a subtask. Flink: "Generating Watermarks". */
import type { OneInputOperator, OperatorContext, OperatorLogic } from '../contract/operator.ts';
import { MAX_WATERMARK } from '../contract/timestamp.ts';
import type { TimestampAssigner, WatermarkStrategy } from '../contract/watermark-strategy.ts';
import { checkTimestamp, WatermarkTracker } from '../contract/watermark-tracker.ts';

export function timestampsAndWatermarks<T>(strategy: WatermarkStrategy<T>): OperatorLogic {
  return { kind: 'operator', create: (context) => new TimestampsAndWatermarksOperator(strategy as WatermarkStrategy<unknown>, context) };
}

class TimestampsAndWatermarksOperator implements OneInputOperator {
  readonly ownsWatermarks = true;
  readonly #context: OperatorContext;
  readonly #assigner: TimestampAssigner<unknown>;
  readonly #tracker: WatermarkTracker;

  constructor(given: WatermarkStrategy<unknown>, context: OperatorContext) {
    const strategy = given.boundTo(() => context.currentProcessingTime());
    this.#context = context;
    this.#assigner = strategy.createTimestampAssigner();
    this.#tracker = new WatermarkTracker(strategy, context.settings, {
      watermarkAdvanced: (tracker) => context.emitWatermark(tracker.watermark),
      statusChanged: (tracker) => context.emitWatermarkStatus(tracker.isIdle),
    });
  }

  processElement(record: unknown): void {
    const { flow, output } = this.#context;
    const tracker = this.#tracker;
    const given = flow.timestamp;
    const timestamp = this.#assigner(record, given);
    if (!Number.isSafeInteger(timestamp)) checkTimestamp(timestamp, given, streamName);
    tracker.markActive();
    flow.timestamp = timestamp;
    if (timestamp > tracker.greatest) tracker.greatest = timestamp;
    output.collect(record);
    if (tracker.generator !== undefined) tracker.generator.onEvent(record, timestamp, tracker);
    tracker.records += 1;
    if (tracker.records === tracker.everyRecords) tracker.endPeriod();
  }

  /** Only the end of the input comes through (`ownsWatermarks`), and it goes on by itself. */
  processWatermark(timestamp: number): boolean {
    return timestamp === MAX_WATERMARK;
  }

  idle(elapsedMs: number): number {
    return this.#tracker.elapse(elapsedMs, true);
  }
}

function streamName(): string {
  return 'the stream';
}

/** `assignTimestampsAndWatermarks` in the middle of a stream: the rules of a source's split, applied to a subtask. Flink: "Generating Watermarks". */
import type { OneInputOperator, OperatorContext, OperatorLogic } from '../contract/operator.ts';
import type { ListSnapshot, StateInitializationContext, StateSnapshotContext } from '../contract/snapshot.ts';
import { MAX_WATERMARK, NO_TIMESTAMP } from '../contract/timestamp.ts';
import type { TimestampAssigner, WatermarkStrategy } from '../contract/watermark-strategy.ts';
import { checkTimestamp, type TrackerState, WatermarkTracker } from '../contract/watermark-tracker.ts';

export function timestampsAndWatermarks<T>(strategy: WatermarkStrategy<T>): OperatorLogic {
  return { kind: 'operator', create: (context) => new TimestampsAndWatermarksOperator(strategy as WatermarkStrategy<unknown>, context) };
}

interface StoredTracker {
  readonly subtask: number;
  readonly parallelism: number;
  readonly state: TrackerState;
}

const TRACKER: ListSnapshot<StoredTracker> = { name: 'watermark-tracker', mode: 'union', elementType: undefined };

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

  initializeState(context: StateInitializationContext): void {
    const all = context.readList(TRACKER);
    const own = all.find((each) => this.#isHere(each));
    const state = own?.state ?? leastOf(all.map((each) => each.state));
    if (state === undefined) return;
    this.#tracker.resumeAt(state);
    // Behind this operator nobody was told; the task tells only of watermarks that come from its input.
    if (state.watermark !== NO_TIMESTAMP) this.#context.mail(() => this.#context.emitWatermark(state.watermark));
    if (state.isIdle) this.#context.mail(() => this.#context.emitWatermarkStatus(true));
  }

  snapshotState(context: StateSnapshotContext): void {
    const { runtime } = this.#context;
    const place = { subtask: runtime.getIndexOfThisSubtask(), parallelism: runtime.getNumberOfParallelSubtasks() };
    const { records, greatest, watermark, isIdle } = this.#tracker;
    context.writeList(TRACKER, [{ ...place, state: { records, greatest, watermark, isIdle } }]);
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

  #isHere({ subtask, parallelism }: StoredTracker): boolean {
    const { runtime } = this.#context;
    return subtask === runtime.getIndexOfThisSubtask() && parallelism === runtime.getNumberOfParallelSubtasks();
  }

  /** Only the end of the input comes through (`ownsWatermarks`), and it goes on by itself. */
  processWatermark(timestamp: number): boolean {
    return timestamp === MAX_WATERMARK;
  }

  idle(elapsedMs: number): number {
    return this.#tracker.elapse(elapsedMs, true);
  }
}

/** Rescaled, a subtask begins where the least of them stood. */
function leastOf(states: readonly TrackerState[]): TrackerState | undefined {
  return states.reduce<TrackerState | undefined>(
    (least, state) => (least === undefined || state.watermark < least.watermark ? { ...state, records: 0 } : least),
    undefined,
  );
}

function streamName(): string {
  return 'the stream';
}

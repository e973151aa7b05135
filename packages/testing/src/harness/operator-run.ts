/**
 * One operator in one subtask, outside of any job: over the runtime's own state and timers, under a clock that stands still, with an outbox that may be full, and with
 * snapshots from which another run can begin.
 *
 * Owned by whoever opened it. Everything is synchronous but opening, closing, snapshots, and what an operator waits for itself (`whenIdle`).
 * U1 a call returns when nothing is suspended any more: the outbox is emptied as often as it takes.
 * U2 mail of the operator runs at the end of the call that caused it, or in `whenIdle`.
 */
import { NO_LOGGER } from '@millrace/core/base/log';
import { FakeMemory } from '@millrace/streaming/operators/testing-memory';
import { invariant } from '@millrace/core/base/assert';
import type { Random } from '@millrace/core/base/random';
import { MetricRegistry } from '@millrace/core/metrics/metric-group';
import { FileCheckpointStreams } from '@millrace/runtime/checkpoint/file-streams';
import type { OperatorSubtaskState } from '@millrace/runtime/checkpoint/state-handles';
import { openStateStream } from '@millrace/runtime/checkpoint/stream-reader';
import { OperatorServices } from '@millrace/runtime/task/operator-services';
import type {
  OneInputOperator,
  OperatorContext,
  OperatorLogic,
  Output,
  TwoInputLogic,
  TwoInputOperator,
} from '@millrace/streaming/contract/operator';
import { TaskAccumulators } from '@millrace/streaming/contract/task-accumulators';
import { MAX_WATERMARK, NO_TIMESTAMP } from '@millrace/streaming/contract/timestamp';
import { VirtualClock } from '../simulation/virtual-clock.ts';
import { CountedTimers } from './counted-timers.ts';

export type RunLogic = Extract<OperatorLogic, { kind: 'operator' }> | TwoInputLogic;

export type Sent =
  | { readonly record: unknown; readonly timestamp: number | undefined; readonly tag: string | undefined }
  | { readonly watermark: number };

/** What a snapshot holds: from it another run begins. */
export interface RunSnapshot {
  readonly state: OperatorSubtaskState;
  /** Of the inputs: sources give them again after a restore. */
  readonly watermarks: readonly number[];
  readonly processingTime: number;
}

export interface RunOptions {
  /** After every so many records the outbox is full; 0 for never. */
  readonly fullEvery?: number;
  readonly processingTime?: number;
  readonly restored?: RunSnapshot | undefined;
}

const MAX_PARALLELISM = 128;

export class OperatorRun {
  readonly services: OperatorServices;
  readonly timers = new CountedTimers();
  readonly #flow = { timestamp: NO_TIMESTAMP, blocked: 0 };
  readonly #clock: VirtualClock;
  readonly #operator: OneInputOperator | TwoInputOperator;
  readonly #fullEvery: number;
  readonly #watermarks: number[];
  #mail: (() => void)[] = [];
  #log: Sent[] = [];
  #sent = 0;
  #isFull = false;
  #watermark = NO_TIMESTAMP;
  #sentWatermark = NO_TIMESTAMP;
  /** A watermark that waits for promises before it passes. */
  #awaited: number | undefined = undefined;
  #checkpoints = 0;
  #failure: { readonly error: unknown } | undefined = undefined;

  private constructor(logic: RunLogic, { fullEvery = 0, processingTime, restored }: RunOptions) {
    this.#fullEvery = fullEvery;
    this.#clock = new VirtualClock(processingTime ?? restored?.processingTime ?? 0);
    this.#watermarks = logic.kind === 'twoInput' ? [NO_TIMESTAMP, NO_TIMESTAMP] : [NO_TIMESTAMP];
    const key = logic.kind === 'twoInput' ? logic.keys?.find((each) => each !== undefined) : logic.key;
    this.services = new OperatorServices({
      key,
      flow: this.#flow,
      freeze: undefined,
      currentProcessingTime: () => this.#clock.now(),
      mail: (action) => void this.#mail.push(action),
      schedule: (delayMs, action) => this.#clock.schedule(delayMs, action),
      keyGroups: { maxParallelism: MAX_PARALLELISM, first: 0, last: MAX_PARALLELISM - 1 },
      restored: restored && {
        checkpointId: 1,
        state: restored.state,
        isOfSameProgram: true,
        openStream: (handle) => openStateStream(handle, undefined, noFiles),
      },
    });
    this.#operator = logic.create(this.#context());
  }

  /** Settles when the operator is open, and knows the time that it had in the snapshot. */
  static async open(logic: RunLogic, options: RunOptions = {}): Promise<OperatorRun> {
    const run = new OperatorRun(logic, options);
    await run.services.load();
    await run.#operator.initializeState?.(run.services.initializationContext);
    await run.#operator.open?.();
    run.#settle();
    for (const [input, watermark] of (options.restored?.watermarks ?? []).entries())
      if (watermark !== NO_TIMESTAMP) run.watermark(watermark, input);
    return run;
  }

  get processingTime(): number {
    return this.#clock.now();
  }

  /** The lesser one of two inputs'. */
  get currentWatermark(): number {
    return this.#watermark;
  }

  record(record: unknown, timestamp: number | undefined, input = 0): void {
    this.#flow.timestamp = timestamp ?? NO_TIMESTAMP;
    const operator = this.#operator;
    if ('processElement' in operator) operator.processElement(record);
    else if (input === 0) operator.processElement1(record);
    else operator.processElement2(record);
    this.#settle();
  }

  watermark(watermark: number, input = 0): void {
    this.#watermarks[input] = Math.max(watermark, this.#watermarks[input] as number);
    const least = Math.min(...this.#watermarks);
    if (least <= this.#watermark) return;
    this.#watermark = least;
    let isDone = this.#operator.processWatermark?.(least) ?? true;
    if (!isDone) isDone = this.#proceed();
    this.#settle();
    if (isDone) this.#passOn(least);
    else if (this.#operator.delaysWatermarks !== true || least === MAX_WATERMARK) this.#awaited = least;
  }

  /** Lets time pass, each timer at its time. */
  advanceTo(processingTime: number): void {
    while (this.#clock.step(processingTime)) this.#settle();
  }

  /** For operators that wait for promises: until nothing comes any more of those that settle by themselves. */
  async whenIdle(): Promise<void> {
    for (let quiet = 0; quiet < 3; quiet++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#mail.length > 0) quiet = 0;
      this.#settle();
    }
    if (this.#awaited === undefined || this.#operator.resume?.() === false) return;
    this.#passOn(this.#awaited);
    this.#awaited = undefined;
  }

  /** The operator takes nothing more until a promise has settled (`whenIdle`). */
  get isBlocked(): boolean {
    return this.#flow.blocked > 0;
  }

  async snapshot(): Promise<RunSnapshot> {
    const barrier = { checkpointId: ++this.#checkpoints, timestamp: this.#clock.now(), kind: 'checkpoint', location: IN_MEMORY } as const;
    const snapshot = this.services.beginSnapshot(barrier, memoryStreams);
    const written = this.#operator.snapshotState?.(snapshot.context);
    snapshot.seal();
    await written;
    while (snapshot.advance(1000) !== 'done');
    return { state: await snapshot.finish(), watermarks: [...this.#watermarks], processingTime: this.#clock.now() };
  }

  /** The end of all inputs. */
  async finish(): Promise<void> {
    await this.whenIdle();
    for (const input of this.#watermarks.keys()) this.watermark(MAX_WATERMARK, input);
    await this.whenIdle();
    this.services.quiesce();
    let isDone = this.#operator.finish?.() ?? true;
    if (!isDone) isDone = this.#proceed();
    this.#settle();
    await this.whenIdle();
  }

  async close(): Promise<void> {
    await this.#operator.close?.();
  }

  /** What was sent since the last call. */
  takeLog(): Sent[] {
    const taken = this.#log;
    this.#log = [];
    return taken;
  }

  #settle(): void {
    do {
      for (let mail = this.#mail.shift(); mail !== undefined; mail = this.#mail.shift()) mail();
      this.#proceed();
    } while (this.#mail.length > 0 || this.#clock.step(this.#clock.now()));
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #passOn(watermark: number): void {
    if (this.#operator.ownsWatermarks !== true || watermark === MAX_WATERMARK) this.#emitWatermark(watermark);
  }

  /** One that would not go forward is ignored, as by a task. */
  #emitWatermark(watermark: number): void {
    if (watermark <= this.#sentWatermark) return;
    this.#sentWatermark = watermark;
    this.#log.push({ watermark });
  }

  /** Goes on until the operator has nothing suspended, or waits for a promise: then a turn of it changes nothing. Returns what its last `resume` did. */
  #proceed(): boolean {
    let isDone = false;
    for (let isStuck = false; this.#flow.blocked > 0 && !isStuck; ) {
      const before = this.#flow.blocked + this.#sent;
      const wasFull = this.#isFull;
      if (wasFull) {
        this.#isFull = false;
        this.#flow.blocked--;
      }
      const hasMail = this.#mail.length > 0;
      for (let mail = this.#mail.shift(); mail !== undefined; mail = this.#mail.shift()) mail();
      isDone = this.#operator.resume?.() ?? true;
      isStuck = !wasFull && !hasMail && this.#flow.blocked + this.#sent === before;
    }
    return isDone;
  }

  #collect(record: unknown, tag: string | undefined): void {
    const { timestamp } = this.#flow;
    this.#log.push({ record, timestamp: timestamp === NO_TIMESTAMP ? undefined : timestamp, tag });
    this.#sent++;
    if (this.#fullEvery === 0 || this.#isFull || this.#sent % this.#fullEvery !== 0) return;
    this.#isFull = true;
    this.#flow.blocked++;
  }

  #context(): OperatorContext {
    const { services } = this;
    const outputOf = (tag: string | undefined): Output<unknown> => ({ collect: (record) => this.#collect(record, tag) });
    const metrics = new MetricRegistry();
    return {
      flow: this.#flow,
      output: outputOf(undefined),
      sideOutput: (tag) => outputOf(tag),
      runtime: {
        getTaskName: () => 'harness',
        getIndexOfThisSubtask: () => 0,
        getNumberOfParallelSubtasks: () => 1,
        getMaxNumberOfParallelSubtasks: () => MAX_PARALLELISM,
        getAttemptNumber: () => 0,
        getJobId: () => 'harness',
        getMetricGroup: () => metrics,
        getLogger: () => NO_LOGGER,
        ...new TaskAccumulators().of('harness'),
      },
      tables: services.tables,
      get keyedState() {
        return services.keyedState;
      },
      operatorState: services.operatorState,
      timers: (name, triggerable, namespaces) => this.timers.add(services.timers(name, triggerable, namespaces)),
      settings: { autoWatermarkRecords: 1000, autoWatermarkIntervalMs: 200, clockMayEmitWatermarks: false, isBatch: false },
      memory: new FakeMemory(),
      requestCheckpoint: undefined,
      emitWatermark: (watermark) => this.#emitWatermark(watermark),
      emitWatermarkStatus: () => {},
      mail: (action) => void this.#mail.push(action),
      schedule: (delayMs, action) => this.#clock.schedule(delayMs, action),
      fail: (error) => {
        this.#failure ??= { error };
      },
      currentProcessingTime: () => this.#clock.now(),
    };
  }
}

const IN_MEMORY = { kind: 'memory', maxStateBytes: 1e9 } as const;

const memoryStreams = new FileCheckpointStreams({ fileSystemOf: noFiles, random: { nextInt: () => 0 } as unknown as Random });

function noFiles(): never {
  return invariant(false, () => 'a harness keeps its snapshots in memory') as never;
}

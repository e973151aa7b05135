import { UsageError } from '@millrace/core/base/errors';
import { Duration, type DurationLike } from '@millrace/core/config/duration';
import type { TypeInformation } from '@millrace/core/types/type-information';
import type { DataStream } from '@millrace/streaming/api/data-stream';
import { JobExecutionResult } from '@millrace/streaming/api/job-client';
import { StreamExecutionEnvironment } from '@millrace/streaming/api/stream-execution-environment';
import type { Emittable } from '@millrace/streaming/contract/emittable';
import { WatermarkStrategy } from '@millrace/streaming/contract/watermark-strategy';
import type { Executor } from '@millrace/streaming/graph/executor';
import type { CompiledJob } from '@millrace/streaming/graph/job-graph';
import { VirtualClock } from '../simulation/virtual-clock.ts';
import { TestExecutor } from './test-executor.ts';
import { Arrivals, ArrivalsSink, TestSink } from './test-sink.ts';
import { TestSource, TestSourceQueue } from './test-source.ts';

export interface TestEnvironmentOptions {
  /** Of operators that set none themselves. 1 unless set. */
  readonly parallelism?: number;
  /** Chooses the order in which tasks have their turns: the same seed, the same run. 1 unless set. */
  readonly seed?: number;
  /** Processing time when the job starts, milliseconds since the epoch. 0 unless set. */
  readonly startTime?: number;
}

export interface TestSourceOptions<T> {
  readonly timestamp?: (record: T) => number;
  readonly type?: TypeInformation<T>;
  readonly name?: string;
}

/**
 * Runs one job inside a test: all subtasks in the test's thread, under a clock that stands still until the test moves it. Nothing is random and nothing is timed, so
 * a test that passed passes again, under any test runner.
 *
 * The test alternates: it feeds sources, lets everything happen that can happen (`settle`), and looks at what came out (`TestSink.take`). An error of the job rejects
 * the call that waits for it, as the `UserCodeError` that a program would see.
 *
 * ```ts
 * const env = TestEnvironment.create({ parallelism: 2, seed: 7 });
 * const words = env.testSource<string>();
 * const lengths = env.collect(words.stream.map((word) => word.length));
 * await env.start();
 * words.emit('to', 'be');
 * await env.settle();
 * lengths.take(); // [2, 2]
 * await env.finish();
 * ```
 */
export class TestEnvironment extends StreamExecutionEnvironment {
  readonly #clock: VirtualClock;
  readonly #executor: TestExecutor;
  readonly #queues: TestSourceQueue<never>[] = [];
  #compile: ((parallelism?: number) => CompiledJob) | undefined = undefined;

  private constructor({ seed = 1, startTime = 0, parallelism = 1 }: TestEnvironmentOptions) {
    super();
    this.#clock = new VirtualClock(startTime);
    this.#executor = new TestExecutor(seed, this.#clock, parallelism);
  }

  static create(options: TestEnvironmentOptions = {}): TestEnvironment {
    const { seed = 1, startTime = 0, parallelism = 1 } = options;
    checkWhole(seed, 'seed');
    checkWhole(startTime, 'startTime');
    checkParallelism(parallelism, 'create');
    return new TestEnvironment(options);
  }

  /** A source that the test feeds, in one subtask. Records get the timestamp that `timestamp` gives, watermarks come from the test alone. */
  testSource<T extends Emittable>({ timestamp, type, name = 'Test Source' }: TestSourceOptions<T> = {}): TestSource<T> {
    const queue = new TestSourceQueue<T>(name);
    this.#queues.push(queue as unknown as TestSourceQueue<never>);
    const silent = WatermarkStrategy.noWatermarks<T>();
    const strategy = timestamp === undefined ? silent : silent.withTimestampAssigner(timestamp);
    const stream = this.fromSource<T>(queue, strategy, name, type).setParallelism(1);
    return new TestSource<T>(stream, queue);
  }

  /** Keeps what a stream emits for the test to take. Records are the very objects that were emitted. */
  collect<T>(stream: DataStream<T>): TestSink<T> {
    const arrived = new Arrivals<T>();
    stream.sinkTo(new ArrivalsSink<T>(arrived, (record) => record)).name('Collect');
    return new TestSink<T>(arrived);
  }

  /** Starts the job; settles when all its subtasks are open and running. */
  async start(jobName?: string): Promise<void> {
    this.#executor.checkUnused();
    this.#compile = this.compiler(jobName);
    await this.executeAsync(jobName);
  }

  /** Runs the job to its end, sources of the test included, which end where they stand. */
  override async execute(jobName?: string): Promise<JobExecutionResult> {
    await this.start(jobName);
    await this.finish();
    const job = this.#executor.running('execute');
    return new JobExecutionResult({ jobId: job.jobId, netRuntimeMs: 0, accumulators: job.accumulators() });
  }

  /** Settles when everything that can happen at this virtual time has happened. Promises of user code are waited for as far as they settle without outside help. */
  async settle(): Promise<void> {
    await this.#executor.running('settle').settle();
  }

  /** Lets processing time pass: timers, idleness and watermarks by the clock come each at their time, and everything settles in between. */
  async advanceTime(by: DurationLike): Promise<void> {
    const ms = Duration.from(by).toMillis();
    if (ms < 0) throw new UsageError(`advanceTime got ${ms} ms. Time goes forwards: give a duration of 0 ms or more.`);
    await this.#executor.running('advanceTime').advance(ms);
  }

  /** Processing time now, milliseconds since the epoch. */
  currentTime(): number {
    return this.#clock.now();
  }

  /** Ends the test's sources and settles at the end of the job. No time passes: processing-time timers that are open do not fire. */
  async finish(): Promise<void> {
    const job = this.#executor.running('finish');
    for (const queue of this.#queues) if (!queue.hasEnded) queue.add({ kind: 'end' });
    await job.end();
  }

  /**
   * Takes a checkpoint as of now, throws the job away, tasks, state and all, and starts it again from the checkpoint, on request at another parallelism. What has not
   * settled is in the checkpoint, or comes again. Sources of the test go on where the checkpoint found them; what a `TestSink` got behind the checkpoint comes again, and
   * what the test has taken stays taken. Operators whose parallelism was set keep it. Objects that the program made once, outside of its functions, are not thrown away.
   */
  async crashAndRestore({ parallelism }: { readonly parallelism?: number } = {}): Promise<void> {
    if (parallelism !== undefined) checkParallelism(parallelism, 'crashAndRestore');
    await this.#executor.crashAndRestore(parallelism, (wanted) => (this.#compile ?? this.compiler())(wanted));
  }

  /** What print sinks and `console` of the job have written since the last call. */
  takeOutput(): string {
    return this.#executor.takeOutput();
  }

  protected override executor(): Executor {
    return this.#executor;
  }
}

function checkParallelism(value: number, call: string): void {
  if (Number.isSafeInteger(value) && value >= 1) return;
  throw new UsageError(`TestEnvironment.${call} got the parallelism ${value}. Give a whole number, 1 or more.`);
}

function checkWhole(value: number, what: string): void {
  if (!Number.isSafeInteger(value)) throw new UsageError(`TestEnvironment.create got the ${what} ${value}. Give a whole number.`);
}

/**
 * A source that a test feeds by hand: what it is told to emit goes out in that order, in one subtask.
 *
 * Owned by the test, through `TestSource`; read by its one reader in the job.
 * I1 what is emitted before the job starts waits for it; nothing is lost.
 * I2 records, watermarks and idleness keep their order among each other.
 * I3 what was taken since the last checkpoint that is complete is kept: a reader that begins from it takes it again.
 */
import { invariant } from '@millrace/core/base/assert';
import { UsageError } from '@millrace/core/base/errors';
import type { DataStream } from '@millrace/streaming/api/data-stream';
import { jsonSerializer } from '@millrace/streaming/builtin/json-serializer';
import type {
  InputStatus,
  ReaderOutput,
  Source,
  SourceReader,
  SplitEnumerator,
  SplitEnumeratorContext,
} from '@millrace/streaming/contract/source';

type Step<T> =
  | { readonly kind: 'record'; readonly record: T }
  | { readonly kind: 'watermark'; readonly timestamp: number }
  | { readonly kind: 'idle' }
  | { readonly kind: 'end' };

/** How many steps a reader has taken. */
interface TestSplit {
  readonly index: 0;
  readonly position: number;
}

/** Steps on their way from the test to the job. */
export class TestSourceQueue<T> implements Source<T, TestSplit, null> {
  readonly name: string;
  #steps: Step<T>[] = [];
  /** Steps before these, which nobody needs any more. */
  #dropped = 0;
  #next = 0; // in `steps`
  #ended = false;
  /** Positions of checkpoints that may be restored, ascending. */
  #checkpoints: { readonly id: number; readonly position: number }[] = [];
  #arrived: (() => void) | undefined;

  constructor(name: string) {
    this.name = name;
  }

  get hasEnded(): boolean {
    return this.#ended;
  }

  add(step: Step<T>): void {
    if (this.#ended) {
      throw new UsageError(
        `Test source '${this.name}' has ended and takes nothing more. Call end() after the last emit, watermark and idle.`,
      );
    }
    if (step.kind === 'end') this.#ended = true;
    this.#steps.push(step);
    this.#arrived?.();
  }

  /** Undefined where there is nothing for now; the end again and again. */
  take(): Step<T> | undefined {
    const step = this.#steps[this.#next];
    if (step !== undefined) {
      this.#next += 1;
      return step;
    }
    if (this.#checkpoints.length === 0) this.#dropUpTo(this.#dropped + this.#next);
    return this.#ended ? { kind: 'end' } : undefined;
  }

  checkpoint(id: number): TestSplit {
    const position = this.#dropped + this.#next;
    this.#checkpoints.push({ id, position });
    return { index: 0, position };
  }

  completed(id: number): void {
    const position = this.#checkpoints.find((each) => each.id === id)?.position;
    this.#checkpoints = this.#checkpoints.filter((each) => each.id >= id);
    if (position !== undefined) this.#dropUpTo(position);
  }

  restore({ position }: TestSplit): void {
    invariant(
      position >= this.#dropped,
      () => `I3: test source '${this.name}' is restored at ${position}, and keeps what is from ${this.#dropped} on`,
    );
    this.#next = position - this.#dropped;
    this.#checkpoints = [];
  }

  #dropUpTo(position: number): void {
    this.#steps.splice(0, position - this.#dropped);
    this.#next -= position - this.#dropped;
    this.#dropped = position;
  }

  whenArrived(): Promise<void> {
    if (this.#next < this.#steps.length) return Promise.resolve();
    return new Promise((resolve) => {
      this.#arrived = resolve;
    });
  }

  /** Bounded: its end is the test's to say, and no watermark of it comes from a clock. */
  getBoundedness() {
    return 'BOUNDED' as const;
  }

  createReader(): SourceReader<T, TestSplit> {
    return new TestSourceReader(this);
  }

  createEnumerator(_context: SplitEnumeratorContext<TestSplit>): SplitEnumerator<TestSplit, null> {
    return { start() {}, handleSplitRequest() {}, addSplitsBack() {}, addReader() {}, snapshotState: () => null, close() {} };
  }

  restoreEnumerator(context: SplitEnumeratorContext<TestSplit>): SplitEnumerator<TestSplit, null> {
    return this.createEnumerator(context);
  }

  splitSerializer() {
    return jsonSerializer<TestSplit>('split of a test source');
  }

  enumeratorStateSerializer() {
    return jsonSerializer<null>('state of a test source');
  }
}

class TestSourceReader<T> implements SourceReader<T, TestSplit> {
  readonly #queue: TestSourceQueue<T>;

  constructor(queue: TestSourceQueue<T>) {
    this.#queue = queue;
  }

  start(): void {}

  /** One step, so that other tasks may have their turn between any two. */
  pollNext(output: ReaderOutput<T>): InputStatus {
    const step = this.#queue.take();
    switch (step?.kind) {
      case undefined:
        return 'NOTHING_AVAILABLE';
      case 'end':
        return 'END_OF_INPUT';
      case 'idle':
        output.markIdle();
        break;
      case 'watermark':
        output.markActive();
        output.emitWatermark(step.timestamp);
        break;
      case 'record':
        output.markActive();
        output.collect(step.record);
        break;
    }
    return 'MORE_AVAILABLE';
  }

  isAvailable(): Promise<void> {
    return this.#queue.whenArrived();
  }

  addSplits(splits: readonly TestSplit[]): void {
    for (const split of splits) this.#queue.restore(split);
  }

  notifyNoMoreSplits(): void {}

  snapshotState(checkpointId: number): readonly TestSplit[] {
    return [this.#queue.checkpoint(checkpointId)];
  }

  notifyCheckpointComplete(checkpointId: number): void {
    this.#queue.completed(checkpointId);
  }

  close(): void {}
}

/** What a test holds of its source. Nothing happens in the job before the next `settle`, `advanceTime` or `finish` of the environment. */
export class TestSource<in out T> {
  readonly stream: DataStream<T>;
  readonly #queue: TestSourceQueue<T>;

  /** Internal: made by `testSource`. */
  constructor(stream: DataStream<T>, queue: TestSourceQueue<T>) {
    this.stream = stream;
    this.#queue = queue;
  }

  emit(...records: readonly T[]): void {
    for (const record of records) this.#queue.add({ kind: 'record', record });
  }

  /** No record up to this time comes any more. One that would go back is ignored, as in any source. */
  watermark(timestamp: number): void {
    if (!Number.isSafeInteger(timestamp)) {
      throw new UsageError(
        `Test source '${this.#queue.name}' got the watermark ${timestamp}. A watermark is a safe integer, milliseconds since the epoch.`,
      );
    }
    this.#queue.add({ kind: 'watermark', timestamp });
  }

  /** The source no longer holds the watermark back, until its next record or watermark. */
  idle(): void {
    this.#queue.add({ kind: 'idle' });
  }

  /** The end of this input. The last watermark follows by itself. */
  end(): void {
    this.#queue.add({ kind: 'end' });
  }
}

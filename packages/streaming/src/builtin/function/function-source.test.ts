// Goal: a source function neither loses nor repeats a record, whoever holds it back and however often it is restored. Method: the source harness, which refuses, restores
// from serialized snapshots and interleaves by a seed; and readers driven by hand.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Types } from '@millrace/core/types/types';
import type { ListState } from '../../contract/keyed-state.ts';
import type { FunctionInitializationContext } from '../../contract/rich-function.ts';
import type { RuntimeContext } from '../../contract/functions.ts';
import type { ReaderOutput, SourceReaderContext } from '../../contract/source.ts';
import type { SourceContext, SourceFunctionLife } from '../../contract/source-function.ts';
import { ListStateDescriptor } from '../../contract/state-descriptor.ts';
import { runSource } from '../source-harness.ts';
import { FunctionSource } from './function-source.ts';
import { FunctionSourceReader } from './function-source-reader.ts';
import { runSerializer, type SourceRun } from './source-run.ts';

const COUNT = 3_000; // more than is held at one time

/** Counts, and knows from its state how far it has come. */
class Counting implements SourceFunctionLife<number, RuntimeContext> {
  readonly restored: boolean[] = [];
  #next = 0;
  #index = 0;
  #state: ListState<number> | undefined;

  initializeState(context: FunctionInitializationContext) {
    this.restored.push(context.isRestored());
    this.#state = context.getOperatorStateStore().getListState(new ListStateDescriptor<number>('next', Types.LONG));
    [this.#next] = [...this.#state.get(), 0] as [number];
  }

  open(context: RuntimeContext) {
    this.#index = context.getIndexOfThisSubtask();
  }

  async run(context: SourceContext<number>) {
    while (this.#next < COUNT) {
      await context.collect(this.#index * COUNT + this.#next);
      this.#next += 1;
    }
  }

  cancel() {}

  snapshotState() {
    this.#state?.update([this.#next]);
  }
}

function sourceOf<T>(create: () => SourceFunctionLife<T, RuntimeContext>) {
  return new FunctionSource<T, RuntimeContext>({ create, runtimeContext: (runtime) => runtime });
}

describe('FunctionSource', () => {
  for (const readers of [1, 3]) {
    for (const restoreEvery of [1_000_000, 7, 2, 1]) {
      it(`runs once in each of ${readers} readers, restored after every ${restoreEvery} turns, from its state and what nobody had taken`, async () => {
        for (let seed = 1; seed <= 4; seed++) {
          const { records } = await runSource(
            sourceOf(() => new Counting()),
            { readers, restoreEvery, seed },
          );
          const expected = Array.from({ length: readers }, (_, reader) => Array.from({ length: COUNT }, (_, n) => reader * COUNT + n));
          assert.deepEqual(records, expected, `seed ${seed}`);
        }
      });
    }
  }

  it('passes on what run throws, after what came before it', async () => {
    const emitted: number[] = [];
    const reader = readerOf<number>({
      async run(context) {
        await context.collect(1);
        throw new Error('out of paper');
      },
    });
    reader.addSplits([newRun(0)]);
    reader.start();
    await turn();
    assert.throws(
      () => reader.pollNext(outputTo(emitted)),
      ({ message, cause }: Error) => message === 'run' && (cause as Error).message === 'out of paper',
    );
    assert.deepEqual(emitted, [1]);
  });

  it('holds run back while nobody takes what it emits', async () => {
    let calls = 0;
    const reader = readerOf<number>({
      async run(context) {
        for (;;) {
          calls += 1;
          await context.collect(calls);
        }
      },
    });
    reader.addSplits([newRun(0)]);
    reader.start();
    await turn();
    const atFirst = calls;
    assert.ok(atFirst > 0 && atFirst < 2_000, String(atFirst));
    await turn();
    assert.equal(calls, atFirst);
    const emitted: number[] = [];
    while (reader.pollNext(outputTo(emitted)) === 'MORE_AVAILABLE');
    await turn();
    assert.ok(calls > atFirst, 'taking goes on');
    await reader.close();
  });

  it('refuses whoever does not wait, in words, and loses nothing of a moderate crowd', async () => {
    const crowd = (count: number) => ({
      run(context: SourceContext<number>) {
        for (let n = 0; n < count; n++) void context.collect(n);
      },
    });
    const { records } = await runSource(sourceOf<number>(() => crowd(5_000)));
    assert.deepEqual(
      records.flat(),
      Array.from({ length: 5_000 }, (_, n) => n),
    );
    await assert.rejects(runSource(sourceOf<number>(() => crowd(50_000))), ({ cause }: Error) =>
      /without waiting .* await context\.collect\(record\)/.test((cause as Error).message),
    );
  });

  it('cancels: signal and cancel are told, collect throws, close comes last', async () => {
    const log: string[] = [];
    const reader = readerOf<number>({
      async run(context) {
        context.signal.addEventListener('abort', () => log.push('aborted'));
        try {
          for (;;) await context.collect(1);
        } catch (error) {
          log.push((error as Error).message.slice(0, 23));
          throw error;
        }
      },
      cancel: () => void log.push('cancel'),
      close: () => void log.push('close'),
    });
    reader.addSplits([newRun(0)]);
    reader.start();
    await turn();
    await reader.close();
    assert.deepEqual(log, ['aborted', 'cancel', 'The source was canceled', 'close']);
  });

  it('goes on after a rescale: one reader takes the runs of two with the state of both; a new one learns that the job was restored', async () => {
    const lists = (next: number) => [{ name: 'next', elements: [Types.LONG.createSerializer().serialize(next)] }];
    const fn = new Counting();
    const reader = readerOf<number>(fn);
    reader.addSplits([
      { ...newRun(0), restored: true, lists: lists(COUNT - 2) },
      { ...newRun(1), restored: true, ended: true, lists: lists(5) },
    ]);
    reader.start();
    await turn();
    const emitted: number[] = [];
    while (reader.pollNext(outputTo(emitted)) === 'MORE_AVAILABLE');
    assert.deepEqual(emitted, [COUNT - 2, COUNT - 1]);
    assert.deepEqual(fn.restored, [true]);
    const enumerator = sourceOf(() => fn).restoreEnumerator(
      { assignSplit: (run: SourceRun) => assigned.push(run), signalNoMoreSplits: () => assigned.push('none') } as never,
      { given: [0, 1], returned: [] },
    );
    const assigned: (SourceRun | string)[] = [];
    enumerator.handleSplitRequest(2);
    enumerator.handleSplitRequest(1);
    assert.deepEqual(assigned, [{ ...newRun(2), restored: true }, 'none']);
  });

  it('keeps records, watermarks and idleness in order, through a snapshot too', async () => {
    const reader = readerOf<string>({
      async run(context) {
        await context.collectWithTimestamp('a', 5);
        context.emitWatermark(5);
        context.markAsTemporarilyIdle();
        await context.collect('b');
        await new Promise<void>((resolve) => context.signal.addEventListener('abort', () => resolve()));
      },
    });
    reader.addSplits([newRun(0)]);
    reader.start();
    await turn();
    const serializer = runSerializer();
    const [saved] = reader.snapshotState(1).map((run) => serializer.deserialize(serializer.serialize(run), serializer.version));
    await reader.close();
    const again = readerOf<string>({ run: (context) => context.collect('c') });
    again.addSplits([saved as SourceRun]);
    again.start();
    const log: string[] = [];
    again.pollNext(logTo(log));
    await turn();
    again.pollNext(logTo(log));
    assert.deepEqual(log, ['a at 5', 'active', 'watermark 5', 'idle', 'b at undefined', 'c at undefined']);
  });

  it('that has failed is in no checkpoint, for a restore would take its run to be over', async () => {
    const reader = readerOf<number>({
      async run(context) {
        await context.collect(1);
        throw new Error('out of paper');
      },
    });
    reader.addSplits([newRun(0)]);
    reader.start();
    await turn(); // the record is not taken, so that nobody has heard of the failure
    assert.throws(
      () => reader.snapshotState(1),
      ({ cause }: Error) => /out of paper/.test((cause as Error).message),
    );
  });

  it('refuses a time that is none', async () => {
    for (const call of [
      (context: SourceContext<number>) => context.collectWithTimestamp(1, Number.NaN),
      (context: SourceContext<number>) => context.emitWatermark(1.5),
    ]) {
      await assert.rejects(runSource(sourceOf<number>(() => ({ run: call }))), ({ cause }: Error) =>
        /milliseconds since the epoch/.test((cause as Error).message),
      );
    }
  });
});

const newRun = (index: number): SourceRun => ({ index, restored: false, ended: false, lists: [], emissions: [] });
const turn = () => new Promise((resolve) => setImmediate(resolve));
const runtime = { getIndexOfThisSubtask: () => 0 } as RuntimeContext;

function readerOf<T>(fn: SourceFunctionLife<T, RuntimeContext>) {
  const context = { getRuntimeContext: () => runtime, sendSplitRequest() {} } as unknown as SourceReaderContext;
  return new FunctionSourceReader<T, RuntimeContext>(context, fn, runtime);
}

function outputTo<T>(records: T[]): ReaderOutput<T> {
  return { collect: (record: T) => void records.push(record), isBlocked: () => false } as unknown as ReaderOutput<T>;
}

function logTo(log: string[]): ReaderOutput<string> {
  return {
    collect: (record: string, timestamp?: number) => void log.push(`${record} at ${timestamp}`),
    emitWatermark: (timestamp: number) => void log.push(`watermark ${timestamp}`),
    markIdle: () => void log.push('idle'),
    markActive: () => void log.push('active'),
    isBlocked: () => false,
  } as unknown as ReaderOutput<string>;
}

// Goal: sources of a group stay near each other in event time, whatever they are; nobody waits for who is idle or has ended; time in which a source was held back counts for
// nobody's idleness; ingestion time makes nothing late. Method: jobs under a virtual clock with sources that the test feeds, or that know how many splits they have.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '@millrace/core/base/random';
import { jsonSerializer } from '@millrace/streaming/builtin/json-serializer';
import type { ReaderOutput, Source, SourceOutput, SourceReader } from '@millrace/streaming/contract/source';
import { WatermarkStrategy } from '@millrace/streaming/contract/watermark-strategy';
import { OutputTag } from '@millrace/streaming/contract/output-tag';
import { TumblingEventTimeWindows } from '@millrace/streaming/window/tumbling-event-time-windows';
import { TestEnvironment } from './test-environment.ts';

/** Reads as many splits at once as it has, round about, and gives whatever is put into them; each is a list of times. */
class Splits implements Source<number, never, null> {
  readonly lists: number[][];
  readonly paused: string[] = [];
  readonly #canPause: boolean;
  #wake: () => void = () => {};

  constructor(count: number, canPause = false) {
    this.lists = Array.from({ length: count }, () => []);
    this.#canPause = canPause;
  }

  put(split: number, ...times: readonly number[]): void {
    this.lists[split]?.push(...times);
    this.#wake();
  }

  getBoundedness() {
    return 'CONTINUOUS_UNBOUNDED' as const;
  }

  createReader(): SourceReader<number, never> {
    let outputs: SourceOutput<number>[] | undefined;
    const paused = new Set<string>();
    const poll = (output: ReaderOutput<number>) => {
      outputs ??= this.lists.map((_, split) => output.createOutputForSplit(String(split)));
      const split = this.lists.findIndex((list, index) => list.length > 0 && !paused.has(String(index)));
      if (split === -1) return 'NOTHING_AVAILABLE' as const;
      outputs[split]?.collect((this.lists[split] as number[]).shift() as number);
      return 'MORE_AVAILABLE' as const;
    };
    const reader = {
      start() {},
      pollNext: poll,
      isAvailable: () =>
        new Promise<void>((resolve) => {
          this.#wake = resolve;
        }),
      addSplits() {},
      notifyNoMoreSplits() {},
      snapshotState: () => [],
      close() {},
    };
    if (!this.#canPause) return reader;
    return {
      ...reader,
      pauseOrResumeSplits: (toPause, toResume) => {
        this.paused.push(...toPause.map((id) => `-${id}`), ...toResume.map((id) => `+${id}`));
        for (const id of toPause) paused.add(id);
        for (const id of toResume) paused.delete(id);
        this.#wake();
      },
    };
  }

  createEnumerator() {
    return { start() {}, handleSplitRequest() {}, addSplitsBack() {}, addReader() {}, snapshotState: () => null, close() {} };
  }
  restoreEnumerator() {
    return this.createEnumerator();
  }
  splitSerializer() {
    return jsonSerializer<never>('split');
  }
  enumeratorStateSerializer() {
    return jsonSerializer<null>('state');
  }
}

const ascending = () => WatermarkStrategy.forMonotonousTimestamps().withTimestampAssigner((at: number) => at);
const upTo = (end: number, step: number) => Array.from({ length: end / step }, (_, n) => (n + 1) * step);

function environment() {
  const env = TestEnvironment.create();
  env.configure({ 'pipeline.auto-watermark-records': 1 });
  return env;
}

describe('watermark alignment', () => {
  it('holds the one that is ahead until the other has come nearer, at the latest after two update intervals', async () => {
    const env = environment();
    const [fast, slow] = [new Splits(1), new Splits(1)];
    const strategy = () => ascending().withWatermarkAlignment('group', '100 ms', '1 s');
    const ahead = env.collect(env.fromSource(fast, strategy(), 'fast'));
    const behind = env.collect(env.fromSource(slow, strategy(), 'slow'));
    const job = await env.executeAsync();
    slow.put(0, 10);
    fast.put(0, 10);
    await env.advanceTime('2 s');
    fast.put(0, ...upTo(1_000, 10).slice(1));
    await env.settle();
    // 10 − 1 + 100: the first record with a watermark above that is the last one to come.
    assert.equal(ahead.take().at(-1), 120);
    await env.advanceTime('5 s');
    assert.deepEqual(ahead.take(), []);
    slow.put(0, 500);
    await env.advanceTime('2 s');
    assert.equal(ahead.take().at(-1), 610);
    assert.deepEqual(behind.take(), [10, 500]);
    await job.cancel();
    await assert.rejects(job.getJobExecutionResult(), { message: 'The job was canceled.' });
  });

  it('does not let one run ahead before anything is known of the other', async () => {
    const env = environment();
    const [fast, slow] = [new Splits(1), new Splits(1)];
    const strategy = () => ascending().withWatermarkAlignment('group', '100 ms', '1 s');
    const ahead = env.collect(env.fromSource(fast, strategy(), 'fast'));
    env.collect(env.fromSource(slow, strategy(), 'slow'));
    fast.put(0, ...upTo(10_000, 10));
    const job = await env.executeAsync();
    await env.advanceTime('10 s');
    assert.deepEqual(ahead.take(), [10]);
    slow.put(0, 500);
    await env.settle(); // told at once, for somebody waits
    assert.equal(ahead.take().at(-1), 610);
    await job.cancel();
    await assert.rejects(job.getJobExecutionResult());
  });

  it('keeps the drift whatever the interleaving', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = seededRandom(seed);
      const env = TestEnvironment.create({ seed });
      env.configure({ 'pipeline.auto-watermark-records': 1 });
      const sources = [new Splits(1), new Splits(1), new Splits(1)];
      const sinks = sources.map((source, index) =>
        env.collect(env.fromSource(source, ascending().withWatermarkAlignment('g', '50 ms', '1 s'), `s${index}`)),
      );
      const job = await env.executeAsync();
      for (const source of sources) source.put(0, 1);
      await env.advanceTime('2 s');
      const last = [1, 1, 1];
      const fed = [1, 1, 1];
      for (let step = 0; step < 30; step++) {
        const which = random.nextInt(3);
        for (let n = random.nextInt(20); n > 0; n--) {
          fed[which] = (fed[which] as number) + 1 + random.nextInt(10);
          sources[which]?.put(0, fed[which]);
        }
        await env.advanceTime('2 s');
        sinks.forEach((sink, index) => {
          last[index] = sink.take().at(-1) ?? (last[index] as number);
        });
        // One record may go beyond the drift: it is its watermark that stops the reader.
        assert.ok(Math.max(...last) - Math.min(...last) <= 50 + 1 + 10, `seed ${seed}: ${last.join(' ')}`);
      }
      await job.cancel();
      await assert.rejects(job.getJobExecutionResult());
    }
  });

  it('does not wait for a source that has ended, is idle, or is of another group', async () => {
    const env = environment();
    const fast = new Splits(1);
    const ended = env.testSource<number>();
    const idle = new Splits(1);
    const other = new Splits(1);
    const strategy = (group: string) => ascending().withWatermarkAlignment(group, '10 ms', '1 s');
    const read = env.collect(env.fromSource(fast, strategy('a'), 'fast'));
    env.collect(env.fromSource(idle, strategy('a').withIdleness('5 s'), 'idle'));
    env.collect(env.fromSource(other, strategy('b'), 'other'));
    env.collect(ended.stream);
    const job = await env.executeAsync();
    idle.put(0, 1);
    other.put(0, 1);
    fast.put(0, 1);
    await env.advanceTime('2 s');
    fast.put(0, ...upTo(1_000, 100));
    await env.advanceTime('2 s');
    assert.equal(read.take().at(-1), 100);
    await env.advanceTime('10 s');
    assert.equal(read.take().at(-1), 1_000);
    await job.cancel();
    await assert.rejects(job.getJobExecutionResult());
  });

  it('pauses single splits of a reader that can, and lets them go on', async () => {
    const env = environment();
    const splits = new Splits(2, true);
    const read = env.collect(env.fromSource(splits, ascending().withWatermarkAlignment('a', '10 ms', '1 s'), 'splits'));
    const job = await env.executeAsync();
    splits.put(0, 1);
    splits.put(1, 1);
    await env.advanceTime('2 s');
    splits.put(0, 50, 60, 70);
    await env.advanceTime('2 s');
    assert.deepEqual(read.take(), [1, 1, 50]);
    splits.put(1, 45, 100);
    await env.advanceTime('2 s');
    assert.deepEqual(read.take(), [45, 60, 100, 70]);
    assert.deepEqual(splits.paused, ['-0', '-1', '+0', '+1', '-0', '-1', '+0', '+1', '-0', '-1', '+0']);
    await job.cancel();
    await assert.rejects(job.getJobExecutionResult());
  });

  it('does not count time in which a source is held back as idle', async () => {
    const env = environment();
    const [fast, slow] = [new Splits(1), new Splits(1)];
    const strategy = () => ascending().withWatermarkAlignment('g', '10 ms', '1 s');
    const both = env
      .fromSource(fast, strategy().withIdleness('5 s'), 'fast')
      .union(env.fromSource(slow, strategy(), 'slow'))
      .keyBy(() => 0)
      .window(TumblingEventTimeWindows.of('1 s'))
      .aggregate({ createAccumulator: () => 0, add: (_, count) => count + 1, getResult: (count) => count });
    const counts = env.collect(both);
    const job = await env.executeAsync();
    fast.put(0, 1);
    slow.put(0, 1);
    await env.advanceTime('2 s');
    fast.put(0, 100, 1_500);
    await env.advanceTime('60 s'); // far more than the idle timeout; the fast one is held back at 100
    slow.put(0, 2_500);
    await env.advanceTime('2 s');
    // Had the fast one counted as idle, the slow one's watermark would have closed the first window before 1500 came, and nothing else.
    assert.deepEqual(counts.take(), [3]);
    await job.cancel();
    await assert.rejects(job.getJobExecutionResult());
  });

  it('does not count time in which a source is blocked as idle', async () => {
    const env = environment();
    const [busy, other] = [new Splits(1), new Splits(1)];
    let open: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const blocked = env.fromSource(busy, ascending().withIdleness('5 s'), 'busy');
    blocked.addSink(() => gate);
    const counts = env.collect(
      blocked
        .union(env.fromSource(other, ascending(), 'other'))
        .keyBy(() => 0)
        .window(TumblingEventTimeWindows.of('1 s'))
        .aggregate({ createAccumulator: () => 0, add: (_, count) => count + 1, getResult: (count) => count }),
    );
    const job = await env.executeAsync();
    busy.put(0, ...upTo(600, 1));
    other.put(0, 1, 2_500);
    await env.advanceTime('60 s'); // far more than the idle timeout; the sink holds the busy one in the middle
    assert.deepEqual(counts.take(), []);
    open();
    await env.settle();
    busy.put(0, 1_500);
    await env.settle();
    assert.deepEqual(counts.take(), [601]);
    await job.cancel();
    await assert.rejects(job.getJobExecutionResult());
  });

  it('lets a job with bounded sources come to its end', async () => {
    const env = environment();
    const strategy = ascending().withWatermarkAlignment('g', '1 ms', '1 s');
    const read = ['one', 'two'].map((name) => {
      const source = new EndingSplits(name === 'one' ? upTo(2_000, 1) : upTo(30, 1));
      return env.collect(env.fromSource(source, strategy, name));
    });
    await env.execute();
    assert.deepEqual(
      read.map((sink) => sink.take().length),
      [2_000, 30],
    );
  });

  it('is refused where nothing can be held back, and with what cannot be', () => {
    const env = environment();
    assert.throws(() => env.fromSequence(1, 2).assignTimestampsAndWatermarks(ascending().withWatermarkAlignment('g', '1 s')), {
      message: /only a source can be held back/,
    });
    assert.throws(() => WatermarkStrategy.noWatermarks().withWatermarkAlignment('g', '1 s'), {
      message: /noWatermarks, which has nothing to align by/,
    });
    assert.throws(() => ascending().withWatermarkAlignment('', '1 s'), { message: /got no group/ });
    assert.throws(() => ascending().withWatermarkAlignment('g', '-1 s'), { message: /a drift of -1000 ms/ });
    assert.throws(() => ascending().withWatermarkAlignment('g', '1 s', '0 s'), { message: /an update interval of 0 ms/ });
  });
});

/** One split that ends. */
class EndingSplits extends Splits {
  constructor(times: readonly number[]) {
    super(1);
    this.put(0, ...times);
  }

  override createReader(): SourceReader<number, never> {
    const reader = super.createReader();
    return { ...reader, pollNext: (output) => (reader.pollNext(output) === 'MORE_AVAILABLE' ? 'MORE_AVAILABLE' : 'END_OF_INPUT') };
  }
}

describe('ingestion time', () => {
  for (const where of ['in the source', 'behind it'] as const) {
    it(`stamps each record once, ${where}, never backwards, and nothing is late`, async () => {
      const env = TestEnvironment.create({ startTime: 1_000 });
      env.configure({ 'pipeline.auto-watermark-records': 1 });
      const source = new Splits(2);
      const late = new OutputTag<number>('late');
      const strategy = WatermarkStrategy.forIngestionTime<number>();
      const read =
        where === 'in the source'
          ? env.fromSource(source, strategy, 'source')
          : env.fromSource(source, WatermarkStrategy.noWatermarks(), 'source').assignTimestampsAndWatermarks(strategy);
      const stamps = env.collect(
        read.process({
          processElement: (record, context, out: { collect(record: string): void }) => out.collect(`${record} at ${context.timestamp()}`),
        }),
      );
      const counted = read
        .keyBy(() => 0)
        .window(TumblingEventTimeWindows.of('1 s'))
        .sideOutputLateData(late)
        .sum();
      const [sums, lates] = [env.collect(counted), env.collect(counted.getSideOutput(late))];
      const job = await env.executeAsync();
      source.put(0, 1, 2);
      await env.settle();
      await env.advanceTime('700 ms');
      source.put(1, 3);
      await env.settle();
      assert.deepEqual(stamps.take().toSorted(), ['1 at 1000', '2 at 1000', '3 at 1700']);
      await env.advanceTime('1 s');
      assert.deepEqual(sums.take(), [6]); // by the clock, without another record
      source.put(0, 4);
      await env.advanceTime('2 s');
      assert.deepEqual(sums.take(), [4]);
      assert.deepEqual(lates.take(), []);
      await job.cancel();
      await assert.rejects(job.getJobExecutionResult());
    });
  }

  it('takes no other timestamps', () => {
    assert.throws(() => WatermarkStrategy.forIngestionTime<number>().withTimestampAssigner(() => 1), {
      message: /whose timestamps are the times of arrival/,
    });
  });
});

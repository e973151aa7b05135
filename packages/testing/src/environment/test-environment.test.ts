// Goal: the face of the test kit as canon/a-test.ts has it, and what it says when it is used wrongly. Method: small jobs, each with one point.
import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { UserCodeError } from '@millrace/core/base/errors';
import { Duration } from '@millrace/core/config/duration';
import { ProcessFunction } from '@millrace/streaming/api/process-functions';
import { rich } from '@millrace/streaming/api/rich-functions';
import type { Collector } from '@millrace/streaming/contract/emittable';
import { OutputTag } from '@millrace/streaming/contract/output-tag';
import type { ProcessContext } from '@millrace/streaming/contract/process-context';
import { WatermarkStrategy } from '@millrace/streaming/contract/watermark-strategy';
import { TumblingEventTimeWindows } from '@millrace/streaming/window/tumbling-event-time-windows';
import { DataGeneratorSource } from '@millrace/streaming/builtin/data-generator-source';
import { TestEnvironment } from '../index.ts';

const count = { createAccumulator: () => 0, add: (_record: unknown, n: number) => n + 1, getResult: (n: number) => n };

test('a window fires when the watermark passes its end, and not before', async () => {
  const env = TestEnvironment.create({ parallelism: 2, seed: 7 });
  const clicks = env.testSource<{ user: string; at: number }>({ timestamp: (click) => click.at });
  const counts = env.collect(
    clicks.stream
      .keyBy((click) => click.user)
      .window(TumblingEventTimeWindows.of(Duration.ofSeconds(10)))
      .aggregate({ createAccumulator: () => 0, add: (_click, n) => n + 1, getResult: (n) => n }),
  );

  await env.start();
  clicks.emit({ user: 'ann', at: 1_000 }, { user: 'bob', at: 2_000 }, { user: 'ann', at: 9_999 });
  clicks.watermark(9_998);
  await env.settle(); // everything that can happen at this virtual time has happened
  assert.deepEqual(counts.take(), []);

  clicks.watermark(9_999);
  await env.settle();
  assert.deepEqual(
    counts.take().sort((a, b) => a - b),
    [1, 2],
  );
  await env.finish();
});

describe('sources of a test', () => {
  it('lose nothing that was emitted before the job started, and end where the test says', async () => {
    const env = TestEnvironment.create();
    const numbers = env.testSource<number>();
    const doubled = env.collect(numbers.stream.map((n) => n * 2));
    numbers.emit(1, 2);
    await env.start();
    numbers.emit(3);
    numbers.end();
    await env.finish();
    assert.deepEqual(doubled.take(), [2, 4, 6]);
    assert.deepEqual(doubled.take(), []);
  });

  it('hold the watermark back together, but for those that are idle or have ended', async () => {
    const env = TestEnvironment.create({ parallelism: 3 });
    const source = (name: string) => env.testSource<number>({ name, timestamp: (at) => at });
    const [a, b, c] = [source('a'), source('b'), source('c')];
    const fired = env.collect(
      a.stream
        .union(b.stream, c.stream)
        .keyBy(() => 'all')
        .window(TumblingEventTimeWindows.of('10 ms'))
        .aggregate(count),
    );
    await env.start();
    for (const each of [a, b, c]) each.emit(1);
    a.watermark(9);
    b.watermark(9);
    await env.settle();
    assert.deepEqual(fired.take(), []);
    c.idle();
    await env.settle();
    assert.deepEqual(fired.take(), [3]);
    c.watermark(9); // active again, and as far as the others: from here on it counts
    c.emit(11);
    await env.settle();
    a.emit(12);
    a.watermark(19);
    b.end();
    await env.settle();
    assert.deepEqual(fired.take(), []);
    c.watermark(19);
    await env.settle();
    assert.deepEqual(fired.take(), [2]);
    await env.finish();
  });

  it('say what they refuse', async () => {
    const env = TestEnvironment.create();
    const numbers = env.testSource<number>({ name: 'numbers' });
    assert.throws(() => numbers.watermark(0.5), {
      kind: 'usage',
      message: "Test source 'numbers' got the watermark 0.5. A watermark is a safe integer, milliseconds since the epoch.",
    });
    numbers.end();
    assert.throws(() => numbers.emit(1), { message: /^Test source 'numbers' has ended and takes nothing more\. Call end\(\) after/ });
  });
});

describe('errors', () => {
  const failing = (env: TestEnvironment) => {
    const numbers = env.testSource<number>();
    env.collect(
      numbers.stream
        .map((n) => {
          if (n === 2) throw new RangeError('no twos');
          return n;
        })
        .name('strict'),
    );
    return numbers;
  };

  it('of user code reject settle with the error that a program would see, and finish with the same', async () => {
    const env = TestEnvironment.create({ parallelism: 2 });
    const numbers = failing(env);
    await env.start();
    numbers.emit(1, 2);
    const expected = (error: unknown) => {
      assert.ok(error instanceof UserCodeError, String(error));
      assert.match(
        error.message,
        /^Operator 'strict', subtask \d\/2, failed at .*test-environment\.test\..*: RangeError: no twos\. Record: 2$/,
      );
      assert.equal((error.cause as Error).message, 'no twos');
      assert.equal(error.location.operatorName, 'strict');
      return true;
    };
    await assert.rejects(env.settle(), expected);
    await assert.rejects(env.finish(), expected);
  });

  it('reject finish, too, when nobody has settled before', async () => {
    const env = TestEnvironment.create();
    const numbers = failing(env);
    await env.start();
    numbers.emit(2);
    await assert.rejects(env.finish(), { name: 'UserCodeError' });
  });

  it('of a promise of user code are the job’s', async () => {
    const env = TestEnvironment.create();
    const numbers = env.testSource<number>();
    const sink = { createWriter: () => ({ write: () => Promise.reject(new Error('disk is full')), flush() {}, close() {} }) };
    numbers.stream.sinkTo(sink).name('disk');
    await env.start();
    numbers.emit(1);
    await assert.rejects(env.settle(), /Operator 'Sink: disk', subtask 1\/1, failed.*disk is full\. Record: 1$/);
  });

  it('of opening reject start', async () => {
    const env = TestEnvironment.create();
    env.testSource<number>().stream.sinkTo({ createWriter: () => Promise.reject(new Error('no such table')) });
    await assert.rejects(env.start(), /no such table/);
  });

  it('of usage say what to do', async () => {
    const env = TestEnvironment.create();
    env.collect(env.testSource<number>().stream);
    await assert.rejects(env.settle(), {
      kind: 'usage',
      message: "settle was called before the job was started. Call 'await env.start()' first.",
    });
    await env.start();
    await assert.rejects(env.start(), { message: /^A TestEnvironment runs one job, and this one has started already\. Create another/ });
    await assert.rejects(env.advanceTime(Duration.ofMillis(-1)), { message: /^advanceTime got -1 ms\. Time goes forwards/ });
    assert.throws(() => TestEnvironment.create({ seed: 0.5 }), {
      message: 'TestEnvironment.create got the seed 0.5. Give a whole number.',
    });
    assert.throws(() => TestEnvironment.create({ parallelism: 0 }), { kind: 'usage' });
    await env.finish();
  });
});

describe('time', () => {
  it('stands still until it is moved, and idleness comes at its time', async () => {
    const env = TestEnvironment.create({ startTime: 1_000_000 });
    const silent = env.testSource<number>({ name: 'silent' });
    const lively = env.testSource<number>({ name: 'lively', timestamp: (at) => at });
    const strategy = WatermarkStrategy.forMonotonousTimestamps<number>()
      .withIdleness('1 min')
      .withTimestampAssigner((at) => at);
    const fired = env.collect(
      silent.stream
        .assignTimestampsAndWatermarks(strategy)
        .union(lively.stream)
        .keyBy(() => 'all')
        .window(TumblingEventTimeWindows.of('10 ms'))
        .aggregate(count),
    );
    await env.start();
    silent.emit(1);
    lively.emit(2);
    lively.watermark(100);
    await env.advanceTime('59 s');
    assert.deepEqual(fired.take(), []);
    assert.equal(env.currentTime(), 1_059_000);
    await env.advanceTime('2 s');
    assert.deepEqual(fired.take(), [2]);
    await env.finish();
  });

  it('is what readers wait by: a rate is kept by the virtual clock', async () => {
    const env = TestEnvironment.create();
    const numbers = new DataGeneratorSource((n) => n, 1_000, { recordsPerSecond: 10 });
    const read = env.collect(env.fromSource(numbers, WatermarkStrategy.noWatermarks(), 'numbers'));
    await env.start();
    await env.settle();
    const atOnce = read.take().length;
    assert.ok(atOnce < 100, `${atOnce} at once`);
    await env.advanceTime('10 s');
    const later = read.take().length;
    assert.ok(later >= 90 && later <= 110, `${later} in 10 s`);
    await env.advanceTime('2 min');
    await env.finish();
  });
});

describe('the seed', () => {
  const orderOf = async (seed: number) => {
    const env = TestEnvironment.create({ parallelism: 3, seed });
    const numbers = env.testSource<number>();
    const arrived = env.collect(numbers.stream.rebalance().map((n) => n));
    await env.start();
    numbers.emit(...Array.from({ length: 60 }, (_, n) => n));
    await env.finish();
    return arrived.take();
  };

  it('chooses the interleaving, the same one every time', async () => {
    const orders = new Set<string>();
    for (let seed = 0; seed < 20; seed++) {
      const order = await orderOf(seed);
      assert.deepEqual(await orderOf(seed), order);
      assert.deepEqual(
        order.toSorted((a, b) => a - b),
        Array.from({ length: 60 }, (_, n) => n),
      );
      for (const subtask of [0, 1, 2]) {
        const own = order.filter((n) => n % 3 === subtask);
        assert.deepEqual(
          own,
          own.toSorted((a, b) => a - b),
        );
      }
      orders.add(order.join());
    }
    assert.ok(orders.size > 15, `${orders.size} orders of 20 seeds`);
  });
});

describe('jobs', () => {
  it('with bounded sources alone run by execute, and tell what they print', async () => {
    const env = TestEnvironment.create({ parallelism: 2 });
    env.fromData('to', 'be').print('word').setParallelism(1);
    const result = await env.execute('print');
    assert.equal(result.getNetRuntime().toMillis(), 0);
    assert.equal(env.takeOutput(), 'word> to\nword> be\n');
    assert.equal(env.takeOutput(), '');
  });

  it('hand records to a loop as everywhere', async () => {
    const env = TestEnvironment.create({ parallelism: 2 });
    const collected: number[] = [];
    for await (const n of await env.fromSequence(1, 5_000).executeAndCollect()) collected.push(n);
    assert.equal(collected.length, 5_000);
    const first = await TestEnvironment.create().fromSequence(1, 1_000_000).executeAndCollect('some', 3);
    assert.deepEqual(first, [1, 2, 3]);
  });

  it('wait for promises that need the world outside only in finish', async () => {
    const env = TestEnvironment.create();
    const written: string[] = [];
    const write = async (text: string) => {
      for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
      written.push(text);
    };
    const words = env.testSource<string>();
    words.stream.sinkTo({ createWriter: () => ({ write, flush() {}, close() {} }) });
    await env.start();
    words.emit('slow', 'er');
    await env.settle();
    assert.deepEqual(written, []);
    await env.finish();
    assert.deepEqual(written, ['slow', 'er']);
  });

  it('give side outputs, and start in a few milliseconds', async () => {
    const started = process.hrtime.bigint();
    for (let job = 0; job < 50; job++) {
      const env = TestEnvironment.create({ parallelism: 2, seed: job });
      const late = new OutputTag<number>('late');
      const numbers = env.testSource<number>({ timestamp: (n) => n });
      const windows = numbers.stream
        .keyBy((n) => n % 2)
        .window(TumblingEventTimeWindows.of('10 ms'))
        .sideOutputLateData(late)
        .aggregate(count);
      const fired = env.collect(windows);
      const dropped = env.collect(windows.getSideOutput(late));
      await env.start();
      numbers.emit(1, 2);
      numbers.watermark(9);
      numbers.emit(3);
      await env.finish();
      assert.deepEqual([fired.take(), dropped.take()], [[1, 1], [3]]);
    }
    const perJob = Number(process.hrtime.bigint() - started) / 50e6;
    assert.ok(perJob < 100, `${perJob} ms for a job`);
  });
});

describe('objects of rich functions', () => {
  class Numbered extends ProcessFunction<number, string> {
    #seen = 0;
    override processElement(_n: number, _context: ProcessContext, out: Collector<string>) {
      this.#seen += 1;
      out.collect(`${this.#seen}`);
    }
  }

  it('are refused before the job starts where several subtasks would share one', async () => {
    const env = TestEnvironment.create({ parallelism: 2 });
    env.collect(env.testSource<number>().stream.process(new Numbered()).name('numbered'));
    await assert.rejects(env.start(), {
      kind: 'usage',
      message:
        "Operator 'numbered' has 2 subtasks and one object for all of them: in a TestEnvironment they share a thread. " +
        'Give it a factory, rich(() => new …), which makes one for each, or set its parallelism to 1.',
    });
  });

  it('serve one subtask, and factories any number', async () => {
    for (const [fn, parallelism] of [
      [new Numbered(), 1],
      [rich(() => new Numbered()), 2],
    ] as const) {
      const env = TestEnvironment.create({ parallelism: 2 });
      const numbers = env.testSource<number>();
      const seen = env.collect(numbers.stream.process(fn).setParallelism(parallelism));
      await env.start();
      numbers.emit(1, 2, 3, 4);
      await env.finish();
      assert.deepEqual(seen.take().sort(), parallelism === 1 ? ['1', '2', '3', '4'] : ['1', '1', '2', '2']);
    }
  });
});

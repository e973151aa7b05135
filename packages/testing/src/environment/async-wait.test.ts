// Goal: AsyncDataStream keeps order, watermarks, capacity, timeouts and retries as it says. Method: answers in orders from seeds against a reference that is computed anew from
// the whole history after every step; single rules by tests of their own, under a virtual clock.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMillraceError } from '@millrace/core/base/errors';
import { seededRandom } from '@millrace/core/base/random';
import { AsyncDataStream } from '@millrace/streaming/api/async-data-stream';
import { type AsyncOptions, RichAsyncFunction } from '@millrace/streaming/api/async-function';
import type { DataStream } from '@millrace/streaming/api/data-stream';
import { WatermarkStrategy } from '@millrace/streaming/contract/watermark-strategy';
import type { ResultFuture } from '@millrace/streaming/operators/async-request';
import { TestEnvironment } from '../index.ts';

interface Asked {
  readonly n: number;
  readonly signal: AbortSignal;
  readonly answer: (result: number | undefined) => void;
  readonly fail: (error: unknown) => void;
}

/** A service that answers when the test says so. */
function service() {
  const asked: Asked[] = [];
  const ask = (n: number, { signal }: { readonly signal: AbortSignal }) =>
    new Promise<number | undefined>((answer, fail) => {
      asked.push({ n, signal, answer, fail });
    });
  return { asked, ask };
}

/** Numbers whose timestamps are themselves, and what comes out with its time and the watermark that it meets. */
function bench(wait: (numbers: DataStream<number>) => DataStream<number>, seed = 1) {
  const env = TestEnvironment.create({ seed });
  const source = env.testSource<number>({ timestamp: (n) => n });
  const seen: [n: number, timestamp: number | undefined, watermark: number][] = [];
  wait(source.stream)
    .process<string>({
      processElement: (n, context) => void seen.push([n, context.timestamp(), context.timerService().currentWatermark()]),
    })
    .print();
  const feed = async (...numbers: number[]) => {
    source.emit(...numbers);
    await env.settle();
  };
  const watermark = async (timestamp: number) => {
    source.watermark(timestamp);
    await env.settle();
  };
  return { env, seen, feed, watermark, numbers: () => seen.map(([n]) => n) };
}

type Item = { readonly n: number; readonly doneAt: () => number } | { readonly watermark: number };

/** What must have come out by now. */
function reference(items: readonly Item[], isOrdered: boolean): [number, number, number][] {
  const out: [number, number, number][] = [];
  let watermark = Number.MIN_SAFE_INTEGER;
  for (let from = 0; from < items.length; ) {
    const to = items.findIndex((item, index) => index >= from && 'watermark' in item);
    const end = to < 0 ? items.length : to;
    const records = items.slice(from, end) as { n: number; doneAt: () => number }[];
    const open = records.findIndex(({ doneAt }) => doneAt() < 0);
    const done = isOrdered
      ? records.slice(0, open < 0 ? records.length : open)
      : records.filter(({ doneAt }) => doneAt() >= 0).toSorted((a, b) => a.doneAt() - b.doneAt());
    for (const { n } of done) out.push([n, n, watermark]);
    if (open >= 0 || to < 0) return out;
    watermark = (items[to] as { watermark: number }).watermark;
    from = to + 1;
  }
  return out;
}

for (const where of ['orderedWait', 'unorderedWait'] as const) {
  test(`${where} = reference, whatever the order of answers`, async () => {
    for (let seed = 1; seed <= 30; seed++) {
      const random = seededRandom(seed);
      const { asked, ask } = service();
      const { env, seen, feed, watermark } = bench(
        (numbers) => AsyncDataStream[where](numbers, ask, { timeout: '1 h', capacity: 1000 }),
        seed,
      );
      await env.start();
      const items: Item[] = [];
      const doneAt = new Map<number, number>();
      const open = () => asked.filter(({ n }) => !doneAt.has(n));
      const answerOne = async () => {
        const waiting = open();
        const chosen = waiting[random.nextInt(waiting.length)] as Asked;
        doneAt.set(chosen.n, doneAt.size);
        chosen.answer(chosen.n);
        await env.settle();
      };
      // Watermarks of a stream that has none yet are the least there are, whatever that number is.
      const check = () =>
        assert.deepEqual(
          seen.map(([n, at, mark]) => [n, at, mark < 0 ? Number.MIN_SAFE_INTEGER : mark]),
          reference(items, where === 'orderedWait'),
          `seed ${seed}`,
        );
      for (let step = 0; step < 60; step++) {
        const dice = random.nextInt(10);
        if (dice < 5) {
          items.push({ n: step, doneAt: () => doneAt.get(step) ?? -1 });
          await feed(step);
        } else if (dice < 7) {
          items.push({ watermark: step });
          await watermark(step);
        } else if (open().length > 0) await answerOne();
        check();
      }
      while (open().length > 0) {
        await answerOne();
        check();
      }
      await env.finish();
      assert.equal(seen.length, doneAt.size);
    }
  });

  test(`${where}: capacity bounds the requests in flight`, async () => {
    const { asked, ask } = service();
    const { env, feed, numbers } = bench((stream) => AsyncDataStream[where](stream, ask, { timeout: '1 h', capacity: 3 }));
    await env.start();
    await feed(...Array.from({ length: 10 }, (_, n) => n));
    for (let answered = 0; answered < 10; answered++) {
      assert.equal(asked.length, Math.min(10, answered + 3));
      asked[answered]?.answer(answered);
      await env.settle();
    }
    assert.deepEqual(numbers(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    await env.finish();
  });
}

test('capacity holds for a collector that goes on beyond the credit, too', async () => {
  const { asked, ask } = service();
  const { env, feed, numbers } = bench((stream) => {
    const many = stream.process<number>({
      processElement(n, _context, out) {
        for (let copy = 0; copy < 6; copy++) out.collect(n + copy);
      },
    });
    return AsyncDataStream.orderedWait(many, ask, { timeout: '1 h', capacity: 2 });
  });
  await env.start();
  await feed(0);
  for (let answered = 0; answered < 6; answered++) {
    assert.equal(asked.length, Math.min(6, answered + 2));
    asked[answered]?.answer(answered);
    await env.settle();
  }
  assert.deepEqual(numbers(), [0, 1, 2, 3, 4, 5]);
  await env.finish();
});

test('the end of the input waits for every answer; undefined is none', async () => {
  const { asked, ask } = service();
  const { env, feed, numbers } = bench((stream) => AsyncDataStream.unorderedWait(stream, ask, { timeout: '1 h', capacity: 3 }));
  await env.start();
  await feed(1, 2, 3);
  let hasEnded = false;
  const finished = env.finish().then(() => {
    hasEnded = true;
  });
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(hasEnded, false);
  for (const { n, answer } of asked) answer(n === 2 ? undefined : n);
  await finished;
  assert.deepEqual(numbers(), [1, 3]);
});

async function messageOf(action: Promise<unknown>): Promise<string> {
  const error = await action.then(
    () => assert.fail('it did not fail'),
    (thrown: unknown) => thrown,
  );
  assert.ok(isMillraceError(error) && error.kind === 'user-code', String(error));
  return error.message;
}

function failing(
  wait: Parameters<typeof AsyncDataStream.orderedWait<number, number>>[1],
  options: AsyncOptions<number> = { timeout: '100 ms' },
) {
  return bench((stream) => AsyncDataStream.orderedWait(stream, wait, options).name('ask').uid('ask-1'));
}

test('a timeout aborts the signal and fails the task', async () => {
  const { asked, ask } = service();
  const { env, feed } = failing(ask);
  await env.start();
  await feed(7, 8);
  asked[0]?.answer(7);
  await env.advanceTime('99 ms');
  assert.equal(asked[1]?.signal.aborted, false);
  assert.equal(
    await messageOf(env.advanceTime('1 ms')),
    "Operator 'ask' (uid ask-1), subtask 1/1, failed in the asynchronous function: no result came within the timeout of 100 ms. Raise the timeout, or give the function a fallback method timeout. Record: 8",
  );
  assert.deepEqual(
    asked.map(({ signal }) => signal.aborted),
    [false, true],
  );
  assert.match(String(asked[1]?.signal.reason), /no result came within the timeout of 100 ms/);
});

test('a rejected promise fails the task, names the record, and aborts the other requests', async () => {
  const { asked, ask } = service();
  const { env, feed } = failing(ask);
  await env.start();
  await feed(7, 8);
  asked[0]?.fail(Object.assign(new Error('no such city'), { stack: '' }));
  assert.equal(
    await messageOf(env.settle()),
    "Operator 'ask' (uid ask-1), subtask 1/1, failed in the asynchronous function: Error: no such city. Record: 7",
  );
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(asked[1]?.signal.aborted, true);
});

test('a function that returns no promise is refused', async () => {
  const { env, feed } = failing(((n: number) => n) as never);
  await env.start();
  assert.match(
    await messageOf(feed(7)),
    /failed in the asynchronous function: it returned a number, but must return a promise\. Use an async function, or map for a synchronous one\. Record: 7$/,
  );
});

test('what cannot be a result is refused', async () => {
  const given: readonly [unknown, RegExp][] = [
    [5, /failed in asyncInvoke at .*: complete got a number\. Give it an iterable of results/],
    [[1, undefined], /failed in asyncInvoke at .*: complete got undefined among the results/],
    [[Promise.resolve(1)], /failed in asyncInvoke at .*: complete got a promise among the results/],
  ];
  for (const [results, expected] of given) {
    const { env, feed } = failing({ asyncInvoke: (_n: number, future: ResultFuture<number>) => future.complete(results as number[]) });
    await env.start();
    assert.match(await messageOf(feed(7)), expected);
  }
});

test('a fallback answers at the timeout; late answers do not count', async () => {
  const futures: ResultFuture<number>[] = [];
  class Ask extends RichAsyncFunction<number, number> {
    override asyncInvoke(_n: number, future: ResultFuture<number>) {
      futures.push(future);
    }
    override timeout(n: number, future: ResultFuture<number>) {
      future.complete([-n, -n]);
    }
  }
  const { env, feed, seen, numbers } = failing(new Ask());
  await env.start();
  await feed(7);
  await env.advanceTime('100 ms');
  futures[0]?.complete([7]);
  await env.settle();
  assert.deepEqual(numbers(), [-7, -7]);
  assert.deepEqual(
    seen.map(([, timestamp]) => timestamp),
    [7, 7],
  );
  await env.finish();
});

test('once the time is over, an answer counts no more, even while the fallback is asked', async () => {
  const futures: ResultFuture<number>[] = [];
  const keep = (_n: number, future: ResultFuture<number>) => void futures.push(future);
  const timeout = (n: number, future: ResultFuture<number>) => {
    keep(n, future);
    return new Promise<void>(() => {});
  };
  const { env, feed, numbers } = failing({ asyncInvoke: keep, timeout });
  await env.start();
  await feed(7);
  await env.advanceTime('100 ms');
  futures[0]?.complete([7]);
  await env.settle();
  assert.deepEqual(numbers(), []);
  futures[1]?.complete([-7]);
  await env.finish();
  assert.deepEqual(numbers(), [-7]);
});

test('a stream does not count as idle before the records it has brought have been answered', async () => {
  const { asked, ask } = service();
  const env = TestEnvironment.create();
  const [asking, other] = [env.testSource<number>({ name: 'asking' }), env.testSource<number>({ name: 'other', timestamp: (n) => n })];
  const strategy = WatermarkStrategy.forMonotonousTimestamps<number>()
    .withTimestampAssigner((n) => n)
    .withIdleness('10 ms');
  const answers = AsyncDataStream.unorderedWait(asking.stream.assignTimestampsAndWatermarks(strategy), ask, { timeout: '1 h' });
  const seen: [number, number][] = [];
  answers
    .union(other.stream)
    .process<string>({ processElement: (n, context) => void seen.push([n, context.timerService().currentWatermark()]) })
    .print();
  await env.start();
  asking.emit(5);
  await env.settle();
  other.watermark(100);
  await env.advanceTime('1 s');
  asked[0]?.answer(5);
  await env.settle();
  other.emit(200);
  await env.settle();
  assert.deepEqual([seen[0]?.[0], (seen[0]?.[1] ?? 100) < 5, seen[1]], [5, true, [200, 100]]);
  await env.finish();
});

test('a job that is canceled aborts what is in flight, and closes the function', async () => {
  const { asked, ask } = service();
  const env = TestEnvironment.create();
  const source = env.testSource<number>();
  const life: string[] = [];
  const idle = { asyncInvoke() {}, open: () => void life.push('open'), close: () => void life.push('close') };
  AsyncDataStream.orderedWait<number, number>(source.stream, ask, { timeout: '1 h' }).print();
  AsyncDataStream.orderedWait<number, number>(source.stream, idle, { timeout: '1 h' }).print();
  const job = await env.executeAsync();
  source.emit(7);
  await env.settle();
  assert.deepEqual([asked[0]?.signal.aborted, life], [false, ['open']]);
  await job.cancel();
  for (let turn = 0; turn < 10; turn++) await env.settle().catch(() => {});
  assert.deepEqual([asked[0]?.signal.aborted, life], [true, ['open', 'close']]);
});

test('a fallback that gives nothing, and a class without one, fail', async () => {
  const silent = failing({ asyncInvoke() {}, timeout() {} });
  await silent.env.start();
  await silent.feed(7);
  assert.match(await messageOf(silent.env.advanceTime('1 s')), /failed in timeout: it ended without completing the result\./);
  class Ask extends RichAsyncFunction<number, number> {
    override asyncInvoke() {}
  }
  const none = failing(new Ask());
  await none.env.start();
  await none.feed(7);
  assert.match(await messageOf(none.env.advanceTime('1 s')), /failed in asyncInvoke: no result came within the timeout of 100 ms/);
});

test('retries: so many attempts, each after the delay, then the last outcome counts', async () => {
  const { asked, ask } = service();
  const retry = { maxAttempts: 3, delay: '10 ms', ifResult: (n: number | undefined) => n === undefined, ifException: () => true } as const;
  const { env, feed, numbers } = failing(ask, { timeout: '1 s', retry });
  await env.start();
  await feed(7);
  asked[0]?.answer(undefined);
  await env.advanceTime('9 ms');
  assert.equal(asked.length, 1);
  await env.advanceTime('1 ms');
  assert.equal(asked.length, 2);
  asked[1]?.fail(new Error('busy'));
  await env.advanceTime('10 ms');
  asked[2]?.answer(70);
  await env.settle();
  assert.deepEqual(numbers(), [70]);
  await feed(8);
  for (let attempt = 3; attempt < 5; attempt++) {
    asked[attempt]?.fail(new Error('busy'));
    await env.advanceTime('10 ms');
  }
  asked[5]?.fail(new Error('still busy'));
  assert.match(await messageOf(env.settle()), /Error: still busy\. Record: 8$/);
  assert.equal(asked.length, 6);
});

test('the timeout covers all attempts and the delays between them', async () => {
  const { asked, ask } = service();
  const { env, feed } = failing(ask, { timeout: '100 ms', retry: { maxAttempts: 10, delay: '60 ms' } });
  await env.start();
  await feed(7);
  for (const index of [0, 1]) {
    asked[index]?.fail(new Error('busy'));
    if (index === 0) await env.advanceTime('60 ms');
  }
  assert.match(await messageOf(env.advanceTime('60 ms')), /no result came within the timeout of 100 ms/);
  assert.equal(asked.length, 2);
});

test('bad arguments are refused when the graph is made', () => {
  const env = TestEnvironment.create();
  const numbers = env.fromData(1);
  const given: readonly [unknown, unknown, RegExp][] = [
    [5, { timeout: '1 s' }, /orderedWait got 5\. Give it an async function, or an object with a method asyncInvoke/],
    [{}, { timeout: '1 s' }, /orderedWait got an object with no fields, which has no method asyncInvoke/],
    [async () => 1, undefined, /orderedWait got undefined as its options\. Give it a timeout at least/],
    [async () => 1, { timeout: '0 s' }, /The timeout of orderedWait is 0 ms\. Give 1 ms or more/],
    [async () => 1, { timeout: '1 s', capacity: 0 }, /The capacity of orderedWait is 0\. Give a whole number of 1 or more/],
    [async () => 1, { timeout: '1 s', retry: { maxAttempts: 1.5, delay: '1 s' } }, /retry\.maxAttempts of orderedWait is 1\.5/],
    [async () => 1, { timeout: '1 s', retry: { maxAttempts: 2, delay: '-1 s' } }, /retry\.delay of orderedWait is -1000 ms/],
    [async () => 1, { timeout: '1 s', retry: { maxAttempts: 2, delay: '1 s', ifResult: 5 } }, /retry\.ifResult of orderedWait is 5/],
  ];
  for (const [fn, options, expected] of given) {
    assert.throws(() => AsyncDataStream.orderedWait(numbers, fn as never, options as never), expected);
  }
  assert.throws(() => AsyncDataStream.orderedWait(5 as never, async () => 1, { timeout: '1 s' }), /orderedWait got 5\. Give it a stream/);
});

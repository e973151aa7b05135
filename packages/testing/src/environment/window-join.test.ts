// Goal: window join and coGroup give what a nested loop over each window gives, whatever the interleaving. Method: random inputs from seeds, whole jobs at
// parallelism 1 and 3, against that loop; single rules by tests of their own.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Random, seededRandom } from '@millrace/core/base/random';
import { Types } from '@millrace/core/types/types';
import type { DataStream } from '@millrace/streaming/api/data-stream';
import { WatermarkStrategy } from '@millrace/streaming/contract/watermark-strategy';
import { CountEvictor } from '@millrace/streaming/window/count-evictor';
import { CountTrigger } from '@millrace/streaming/window/count-trigger';
import { DeltaTrigger } from '@millrace/streaming/window/delta-trigger';
import { EventTimeSessionWindows } from '@millrace/streaming/window/event-time-session-windows';
import { SlidingEventTimeWindows } from '@millrace/streaming/window/sliding-event-time-windows';
import { TumblingEventTimeWindows } from '@millrace/streaming/window/tumbling-event-time-windows';
import { TestEnvironment } from '../index.ts';

interface Event {
  readonly key: number;
  readonly at: number;
  readonly name: string;
}

const Event = Types.row({ key: Types.INT, at: Types.LONG, name: Types.STRING });
const byTime = WatermarkStrategy.forBoundedOutOfOrderness<Event>('30 ms').withTimestampAssigner((event) => event.at);

function randomEvents(random: Random, prefix: string): Event[] {
  let now = 0;
  return Array.from({ length: 60 }, (_, index) => {
    now += random.nextInt(9);
    return { key: random.nextInt(4), at: Math.max(0, now - random.nextInt(25)), name: `${prefix}${index}` };
  });
}

/** Pairs of one key in one window `[start, start + size)`, for every start that is a multiple of the slide. */
function nestedLoop(lefts: readonly Event[], rights: readonly Event[], sizeMs: number, slideMs: number): string[] {
  const pairs: string[] = [];
  for (const left of lefts) {
    for (const right of rights) {
      if (left.key !== right.key) continue;
      for (let start = -sizeMs; start <= Math.max(left.at, right.at); start += slideMs) {
        const holds = (event: Event) => event.at >= start && event.at < start + sizeMs;
        if (holds(left) && holds(right)) pairs.push(`${left.name} ${right.name}`);
      }
    }
  }
  return pairs.sort();
}

for (const declared of [false, true]) {
  for (const [sizeMs, slideMs] of [
    [50, 50],
    [60, 20],
  ] as const) {
    test(`join = nested loop: windows of ${sizeMs} ms every ${slideMs} ms, types ${declared ? 'declared' : 'learned'}`, async () => {
      for (let seed = 1; seed <= 8; seed++) {
        const random = seededRandom(seed);
        const [lefts, rights] = [randomEvents(random, 'l'), randomEvents(random, 'r')];
        const env = TestEnvironment.create({ parallelism: seed % 2 === 0 ? 3 : 1, seed });
        const streamOf = (events: readonly Event[]) =>
          env.fromCollection(events, declared ? Event : undefined).assignTimestampsAndWatermarks(byTime) as DataStream<Event>;
        const assigner =
          sizeMs === slideMs ? TumblingEventTimeWindows.of(`${sizeMs} ms`) : SlidingEventTimeWindows.of(`${sizeMs} ms`, `${slideMs} ms`);
        const windows = streamOf(lefts)
          .join(streamOf(rights))
          .where((event) => event.key)
          .equalTo((event) => event.key)
          .window(assigner);
        const one = env.collect(windows.apply((left, right) => `${left.name} ${right.name}`));
        const many = env.collect(windows.flatApply((left, right) => [left.name, right.name]));
        await env.execute();
        const expected = nestedLoop(lefts, rights, sizeMs, slideMs);
        assert.ok(expected.length > 50);
        assert.deepEqual(one.take().sort(), expected, `seed ${seed}`);
        assert.deepEqual(many.take().sort(), expected.flatMap((pair) => pair.split(' ')).sort(), `seed ${seed}`);
      }
    });
  }
}

/** Two streams of a test that stand still until it says otherwise. */
function twoSources(env: TestEnvironment) {
  const source = (name: string) => env.testSource<Event>({ name, timestamp: (event) => event.at });
  const [first, second] = [source('first'), source('second')];
  const feed = async (side: typeof first, name: string, at: number) => {
    side.emit({ key: 0, at, name });
    await env.settle();
  };
  const watermark = async (timestamp: number) => {
    first.watermark(timestamp);
    second.watermark(timestamp);
    await env.settle();
  };
  const key = (event: Event) => event.key;
  const names = (events: Iterable<Event>) => [...events].map(({ name }) => name).join('+');
  return { first, second, feed, watermark, key, names };
}

test('semantics, joins: coGroup is called with one side empty, join is not', async () => {
  const env = TestEnvironment.create();
  const { first, second, feed, watermark, key, names } = twoSources(env);
  const windows = TumblingEventTimeWindows.of('10 ms');
  const joined = env.collect(
    first.stream
      .join(second.stream)
      .where(key)
      .equalTo(key)
      .window(windows)
      .apply((a, b) => `${a.name}${b.name}`),
  );
  const grouped = env.collect(
    first.stream
      .coGroup(second.stream)
      .where(key)
      .equalTo(key)
      .window(windows)
      .apply((a, b) => `${names(a)}|${names(b)}`),
  );
  await env.start();
  await feed(first, 'a1', 1);
  await feed(second, 'b12', 12);
  await feed(first, 'a21', 21);
  await feed(first, 'a22', 22);
  await feed(second, 'b23', 23);
  await watermark(18);
  assert.deepEqual([joined.take(), grouped.take()], [[], ['a1|']]);
  await watermark(19);
  assert.deepEqual([joined.take(), grouped.take()], [[], ['|b12']]);
  await watermark(29);
  assert.deepEqual([joined.take(), grouped.take()], [['a21b23', 'a22b23'], ['a21+a22|b23']]);
  await env.finish();
});

test('the watermark of a window join is the lesser one of its streams', async () => {
  const env = TestEnvironment.create();
  const { first, second, feed, key } = twoSources(env);
  const joined = env.collect(
    first.stream
      .join(second.stream)
      .where(key)
      .equalTo(key)
      .window(TumblingEventTimeWindows.of('10 ms'))
      .apply((a, b) => `${a.name}${b.name}`),
  );
  await env.start();
  await feed(first, 'a', 1);
  first.watermark(100);
  await env.settle();
  await feed(second, 'b', 2);
  assert.deepEqual(joined.take(), [], 'the second stream has said nothing yet, and its record is not late');
  second.watermark(9);
  await env.settle();
  assert.deepEqual(joined.take(), ['ab']);
  await env.finish();
});

test('allowed lateness fires a window again with all of its pairs', async () => {
  const env = TestEnvironment.create();
  const { first, second, feed, watermark, key } = twoSources(env);
  const joined = env.collect(
    first.stream
      .join(second.stream)
      .where(key)
      .equalTo(key)
      .window(TumblingEventTimeWindows.of('10 ms'))
      .allowedLateness('5 ms')
      .apply((a, b) => `${a.name}${b.name}`),
  );
  await env.start();
  await feed(first, 'a', 1);
  await feed(second, 'b', 2);
  await watermark(9);
  assert.deepEqual(joined.take(), ['ab']);
  await feed(second, 'c', 3);
  assert.deepEqual(joined.take(), ['ab', 'ac']);
  await watermark(14);
  await feed(second, 'd', 3);
  assert.deepEqual(joined.take(), []);
  await env.finish();
});

test('sessions over two streams merge, and a dynamic gap sees the records', async () => {
  const env = TestEnvironment.create();
  const { first, second, feed, watermark, key, names } = twoSources(env);
  const grouped = env.collect(
    first.stream
      .coGroup(second.stream)
      .where(key)
      .equalTo(key)
      .window(EventTimeSessionWindows.withDynamicGap((event: Event) => (event.name === 'long' ? '50 ms' : '10 ms')))
      .apply((a, b) => `${names(a)}|${names(b)}`),
  );
  await env.start();
  await feed(first, 'a', 0);
  await feed(second, 'long', 20);
  await feed(first, 'b', 10);
  await feed(second, 'c', 65);
  await feed(second, 'd', 100);
  await watermark(1000);
  assert.deepEqual(grouped.take(), ['a+b|long+c', '|d']);
  await env.finish();
});

test('triggers and evictors see the records of both streams, untagged', async () => {
  const env = TestEnvironment.create();
  const { first, second, feed, key, names } = twoSources(env);
  const grouped = env.collect(
    first.stream
      .coGroup(second.stream)
      .where(key)
      .equalTo(key)
      .window(TumblingEventTimeWindows.of('1 s'))
      .trigger(CountTrigger.of(2))
      .evictor(CountEvictor.of(3))
      .apply((a, b) => `${names(a)}|${names(b)}`),
  );
  const seen: string[] = [];
  const evicted = env.collect(
    first.stream
      .coGroup(second.stream)
      .where(key)
      .equalTo(key)
      .window(TumblingEventTimeWindows.of('1 s'))
      .trigger(CountTrigger.of(4))
      .evictor({
        evictBefore: (elements) => {
          seen.push(...elements.map(({ value, timestamp }) => `${(value as unknown as Event).name}@${timestamp}`));
          return elements.filter(({ timestamp }) => timestamp !== 3);
        },
      })
      .apply((a, b) => `${names(a)}|${names(b)}`),
  );
  await env.start();
  for (const [index, side] of [first, second, first, second].entries()) await feed(side, `e${index + 1}`, index + 1);
  assert.deepEqual(grouped.take(), ['e1|e2', 'e3|e2+e4']);
  assert.deepEqual(evicted.take(), ['e1|e2+e4']);
  assert.deepEqual(seen, ['e1@1', 'e2@2', 'e3@3', 'e4@4']);
  await env.finish();
});

test('a trigger that looks at its records sees those of both streams', async () => {
  const env = TestEnvironment.create();
  const { first, second, feed, key, names } = twoSources(env);
  const grouped = env.collect(
    first.stream
      .coGroup(second.stream)
      .where(key)
      .equalTo(key)
      .window(TumblingEventTimeWindows.of('1 s'))
      .trigger(DeltaTrigger.of<Event>(5, (last, now) => now.at - last.at))
      .apply((a, b) => `${names(a)}|${names(b)}`),
  );
  await env.start();
  await feed(first, 'a', 1);
  await feed(second, 'b', 5);
  assert.deepEqual(grouped.take(), []);
  await feed(second, 'c', 7);
  assert.deepEqual(grouped.take(), ['a|b+c']);
  await env.finish();
});

test('null is a record of either stream', async () => {
  const env = TestEnvironment.create();
  const at = WatermarkStrategy.forMonotonousTimestamps<string | null>().withTimestampAssigner(() => 5);
  const stream = (...values: (string | null)[]) => env.fromCollection(values).assignTimestampsAndWatermarks(at);
  const joined = env.collect(
    stream('x', null)
      .join(stream(null))
      .where(() => 0)
      .equalTo(() => 0)
      .window(TumblingEventTimeWindows.of('10 ms'))
      .apply((a, b) => `${a}${b}`),
  );
  await env.execute();
  assert.deepEqual(joined.take().sort(), ['nullnull', 'xnull']);
});

test('what is no assigner, trigger, evictor or function is refused where it is given', () => {
  const env = TestEnvironment.create();
  const stream = env.fromData(1);
  const keyed = stream.join(stream).where((n) => n);
  assert.throws(() => stream.join(stream).where(7 as never), {
    message: 'where got 7. Give it a function from a record of the first stream to its key.',
  });
  assert.throws(() => keyed.equalTo(7 as never), {
    message: 'equalTo got 7. Give it a function from a record of the second stream to its key.',
  });
  const both = keyed.equalTo((n) => n);
  assert.throws(() => both.window('1 min' as never), {
    message: "window got '1 min'. Give it a window assigner, for example TumblingEventTimeWindows.of('1 min').",
  });
  const windows = both.window(TumblingEventTimeWindows.of('1 min'));
  assert.throws(() => windows.trigger(5 as never), { message: 'trigger got 5. Give it a trigger, for example CountTrigger.of(10).' });
  assert.throws(() => windows.evictor({} as never), {
    message: 'evictor got an object with no fields. Give it an evictor, for example CountEvictor.of(10).',
  });
  assert.throws(() => windows.allowedLateness('-1 s'), { message: 'allowedLateness got -1000 ms. Give a duration of 0 ms or more.' });
  assert.throws(() => windows.apply((async () => 1) as never), { message: /^apply of a window join got an async function/ });
});

// Goal: API-12: the object of every kind of function is opened once in each subtask, before any record, and closed once after the last, however the job ends. Method: each
// kind at parallelism 3, in a job that finishes, is cancelled, or fails elsewhere; what each object was called is written down.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AsyncDataStream } from '@millrace/streaming/api/async-data-stream';
import type { DataStream } from '@millrace/streaming/api/data-stream';
import { rich } from '@millrace/streaming/api/rich-functions';
import type { KeyedRuntimeContext, RuntimeContext } from '@millrace/streaming/api/runtime-context';
import { MapStateDescriptor, ValueStateDescriptor } from '@millrace/streaming/contract/state-descriptor';
import { TumblingEventTimeWindows } from '@millrace/streaming/window/tumbling-event-time-windows';
import { TestEnvironment } from '../index.ts';

const SUBTASKS = 3;

/** What one object was called; `used` is for its record methods. */
class Life {
  readonly calls: string[] = [];
  subtask = -1;
  readonly open = async (context: RuntimeContext) => {
    await Promise.resolve();
    this.subtask = context.getIndexOfThisSubtask();
    this.calls.push('open');
  };
  readonly close = async () => {
    await Promise.resolve();
    this.calls.push('close');
  };
  readonly used = () => void this.calls.push('record');
}

type Build = (a: DataStream<number>, b: DataStream<number>, begin: () => Life) => DataStream<unknown>;
const key = (n: number) => n;
/** A rich function with one method that does nothing else. */
const withMethod = <M extends string, R>(begin: () => Life, methods: readonly M[], result: R) =>
  rich(() => {
    const life = begin();
    const { open, close } = life;
    const method = () => {
      life.used();
      return result;
    };
    return { open, close, ...(Object.fromEntries(methods.map((name) => [name, method])) as Record<M, () => R>) };
  });

const KINDS: readonly (readonly [name: string, build: Build])[] = [
  ['map', (a, _b, begin) => a.map(withMethod(begin, ['map'], 1))],
  ['filter', (a, _b, begin) => a.filter(withMethod<'filter', boolean>(begin, ['filter'], true))],
  ['flatMap', (a, _b, begin) => a.flatMap<number>(withMethod(begin, ['flatMap'], undefined))],
  ['process', (a, _b, begin) => a.process<number>(withMethod(begin, ['processElement'], undefined))],
  ['keyed map', (a, _b, begin) => a.keyBy(key).map(withMethod(begin, ['map'], 1))],
  ['keyed process', (a, _b, begin) => a.keyBy(key).process<number>(withMethod(begin, ['processElement'], undefined))],
  ['co-process', (a, b, begin) => a.connect(b).process<number>(withMethod(begin, ['processElement1', 'processElement2'], undefined))],
  [
    'keyed co-process',
    (a, b, begin) =>
      a
        .keyBy(key)
        .connect(b.keyBy(key))
        .process<number>(withMethod(begin, ['processElement1', 'processElement2'], undefined)),
  ],
  [
    'broadcast process',
    (a, b, begin) =>
      a
        .connect(b.broadcast(new MapStateDescriptor('rules')))
        .process<number>(withMethod(begin, ['processElement', 'processBroadcastElement'], undefined)),
  ],
  [
    'process of windows',
    (a, _b, begin) =>
      a
        .keyBy(key)
        .window(TumblingEventTimeWindows.of('1 ms'))
        .process<number>(withMethod(begin, ['process'], undefined)),
  ],
  [
    'interval join',
    (a, b, begin) =>
      a
        .keyBy(key)
        .intervalJoin(b.keyBy(key))
        .between('-5 ms', '5 ms')
        .process<number>(withMethod(begin, ['processElement'], undefined)),
  ],
  [
    'asynchronous function',
    (a, _b, begin) => AsyncDataStream.unorderedWait<number, number>(a, withMethod(begin, ['asyncInvoke'], undefined), { timeout: '1 s' }),
  ],
];

const ENDS = ['finishes', 'is cancelled', 'fails'] as const;

for (const [name, build] of KINDS) {
  for (const end of ENDS) {
    test(`${name}: opened once before data and closed once, in a job that ${end}`, async () => {
      const lives: Life[] = [];
      const begin = () => {
        const life = new Life();
        lives.push(life);
        return life;
      };
      const env = TestEnvironment.create({ parallelism: SUBTASKS });
      const [first, second] = ['first', 'second'].map((source) => env.testSource<number>({ name: source, timestamp: key })) as [
        ReturnType<typeof env.testSource<number>>,
        ReturnType<typeof env.testSource<number>>,
      ];
      env.collect(build(first.stream.rebalance(), second.stream.rebalance(), begin));
      env.collect(
        second.stream.map((n) => {
          if (n === 99) throw new Error('broken elsewhere');
          return n;
        }),
      );
      const job = await env.executeAsync();
      for (const source of [second, first]) source.emit(...Array.from({ length: 30 }, (_, n) => n));
      first.watermark(20);
      second.watermark(20);
      await env.settle();
      if (end === 'fails') {
        second.emit(99);
        await assert.rejects(env.finish(), /broken elsewhere/);
      } else if (end === 'is cancelled') {
        await job.cancel();
        await assert.rejects(job.getJobExecutionResult(), /canceled/);
      } else if (name === 'asynchronous function') {
        await assert.rejects(env.advanceTime('2 s'), /asyncInvoke|timed out|timeout/i); // nobody completes its requests
      } else await env.finish();
      assert.deepEqual(
        lives.map(({ subtask }) => subtask).sort((a, b) => a - b),
        [0, 1, 2],
      );
      for (const { calls } of lives) assert.match(calls.join(' '), /^open (?:record )+close$/);
    });
  }
}

test('keyed state on a stream without keys is refused in open, with the next step', async () => {
  const env = TestEnvironment.create();
  const map = rich(() => ({
    open: (context: RuntimeContext) => void (context as KeyedRuntimeContext).getState(new ValueStateDescriptor<number>('n')),
    map: (n: number) => n,
  }));
  const job = env.fromData(1).map(map).executeAndCollect('no key', 1);
  await assert.rejects(
    job,
    /failed in open.*: getState was called in a function on a stream without keys\. .*call keyBy\(…\) before this operator\./,
  );
});

// Goal: an operator of several inputs keeps them apart, shares state of keys between them, and waits for the slowest of their watermarks. Method: whole jobs, at parallelism
// 1 and 3; inputs that the test feeds for what hangs on time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MultipleConnectedStreams } from '@millrace/streaming/api/multiple-connected-streams';
import { RichFunction } from '@millrace/streaming/api/rich-functions';
import type { KeyedRuntimeContext } from '@millrace/streaming/api/runtime-context';
import type { Collector } from '@millrace/streaming/contract/emittable';
import type { ListState } from '@millrace/streaming/contract/keyed-state';
import type { KeyedProcessContext, OnTimerContext } from '@millrace/streaming/contract/process-context';
import { ListStateDescriptor } from '@millrace/streaming/contract/state-descriptor';
import { TestEnvironment } from '../index.ts';

/** What has come of a key, in the order of the inputs, when the watermark has passed 100. */
class Gather extends RichFunction<KeyedRuntimeContext> {
  #seen!: ListState<string>;
  override open(context: KeyedRuntimeContext) {
    this.#seen = context.getListState(new ListStateDescriptor('seen'));
  }
  processElement1(value: number, context: KeyedProcessContext<number>) {
    this.#add(`n${value}`, context);
  }
  processElement2(value: string, context: KeyedProcessContext<number>) {
    this.#add(`s${value}`, context);
  }
  processElement3(value: { at: number }, context: KeyedProcessContext<number>) {
    this.#add(`o${value.at}`, context);
  }
  onTimer(_timestamp: number, context: OnTimerContext<number>, out: Collector<string>) {
    out.collect(
      `${context.getCurrentKey()}: ${[...this.#seen.get()].sort().join(' ')} in ${this.getRuntimeContext().getNumberOfParallelSubtasks()}`,
    );
  }
  #add(text: string, context: KeyedProcessContext<number>) {
    this.#seen.add(text);
    context.timerService().registerEventTimeTimer(100);
  }
}

for (const parallelism of [1, 3]) {
  test(`three keyed inputs share the state of a key, at parallelism ${parallelism}`, async () => {
    const env = TestEnvironment.create({ parallelism });
    const streams = MultipleConnectedStreams.of(env.fromData(1, 2, 11), env.fromData('2', '12'), env.fromData({ at: 1 }, { at: 22 }));
    const keyed = streams.keyBy(
      (n) => n % 10,
      (s) => Number(s) % 10,
      ({ at }) => at % 10,
    );
    const sink = env.collect(keyed.process(() => new Gather()));
    await env.execute();
    assert.deepEqual(sink.take().sort(), [`1: n1 n11 o1 in ${parallelism}`, `2: n2 o22 s12 s2 in ${parallelism}`]);
  });
}

test('the watermark is the least of all inputs', async () => {
  const env = TestEnvironment.create();
  const sources = [1, 2, 3].map((input) => env.testSource<number>({ name: `input ${input}`, timestamp: (n) => n }));
  const [a, b, c] = sources.map(({ stream }) => stream) as [
    (typeof sources)[0]['stream'],
    (typeof sources)[0]['stream'],
    (typeof sources)[0]['stream'],
  ];
  const key = () => 0;
  const say = (_value: number, context: KeyedProcessContext<number>) => context.timerService().registerEventTimeTimer(10);
  const timers = MultipleConnectedStreams.of(a, b, c)
    .keyBy(key, key, key)
    .process(() => ({
      processElement1: say,
      processElement2: say,
      processElement3: say,
      onTimer: (time, context, out: Collector<string>) => out.collect(`${time} at ${context.timerService().currentWatermark()}`),
    }));
  const sink = env.collect(timers);
  await env.start();
  sources[0]?.emit(1);
  for (const [input, watermark] of [
    [0, 50],
    [1, 20],
    [2, 9],
  ] as const) {
    sources[input]?.watermark(watermark);
    await env.settle();
  }
  assert.deepEqual(sink.take(), []);
  sources[2]?.watermark(15);
  await env.settle();
  assert.deepEqual(sink.take(), ['10 at 15']);
  await env.finish();
});

test('without keys, each input has its method; side effects of a literal object and a missing method', async () => {
  const env = TestEnvironment.create();
  const streams = MultipleConnectedStreams.of(env.fromData(1), env.fromData('a'), env.fromData(true), env.fromData(null));
  const sink = env.collect(
    streams.process(() => ({
      processElement1: (n, _context, out: Collector<string>) => out.collect(`1 ${n + 1}`),
      processElement2: (s, _context, out) => out.collect(`2 ${s.toUpperCase()}`),
      processElement3: (b, _context, out) => out.collect(`3 ${!b}`),
      processElement4: (nothing, _context, out) => out.collect(`4 ${nothing}`),
    })),
  );
  await env.execute();
  assert.deepEqual(sink.take().sort(), ['1 2', '2 A', '3 false', '4 null']);
  assert.throws(() => streams.process({ processElement1() {}, processElement2() {}, processElement3() {} } as never), {
    message:
      'process of multiple connected streams got an object with processElement1, processElement2, processElement3, which has no method processElement4. ' +
      'Give it an object with methods processElement1 to processElement4, or a function that makes one.',
  });
  assert.throws(() => streams.keyBy(...([() => 1] as unknown as Parameters<typeof streams.keyBy<number>>)), {
    message: 'keyBy got 1 keys for 4 connected streams. Give it one for each.',
  });
  assert.throws(
    () => (MultipleConnectedStreams.of as (...streams: unknown[]) => unknown)(env.fromData(1)),
    /got 1 streams\. Give it 2 to 8; union takes any number\./,
  );
});

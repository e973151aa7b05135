// Goal: process functions over two streams: one state and one set of timers for both, watermarks of the slower stream, and broadcast state that is the same in every
// subtask. Method: whole jobs, fed step by step where time matters, under interleavings by many seeds where it does not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserCodeError } from '@millrace/core/base/errors';
import { Types } from '@millrace/core/types/types';
import { BroadcastProcessFunction, KeyedBroadcastProcessFunction } from '@millrace/streaming/api/broadcast-process-functions';
import { KeyedCoProcessFunction } from '@millrace/streaming/api/co-process-functions';
import { DataStreamUtils } from '@millrace/streaming/api/data-stream-utils';
import { ProcessJoinFunction } from '@millrace/streaming/api/process-join-function';
import { rich } from '@millrace/streaming/api/rich-functions';
import type { KeyedRuntimeContext } from '@millrace/streaming/api/runtime-context';
import type { BroadcastContext, KeyedBroadcastContext, ReadOnlyBroadcastContext } from '@millrace/streaming/contract/broadcast-context';
import type { Collector } from '@millrace/streaming/contract/emittable';
import type { ListState, ValueState } from '@millrace/streaming/contract/keyed-state';
import { OutputTag } from '@millrace/streaming/contract/output-tag';
import type { KeyedProcessContext, OnTimerContext } from '@millrace/streaming/contract/process-context';
import { ListStateDescriptor, MapStateDescriptor, ValueStateDescriptor } from '@millrace/streaming/contract/state-descriptor';
import { WatermarkStrategy } from '@millrace/streaming/contract/watermark-strategy';
import { TestEnvironment } from '../index.ts';

interface Event {
  readonly key: string;
  readonly at: number;
}

/** Emits the pair once both sides of a key are there, or what came alone when its timer fires. */
class Pair extends KeyedCoProcessFunction<string, Event, Event, string> {
  #first!: ValueState<number>;
  #second!: ValueState<number>;

  override open(context: KeyedRuntimeContext): void {
    this.#first = context.getState(new ValueStateDescriptor('first', Types.LONG));
    this.#second = context.getState(new ValueStateDescriptor('second', Types.LONG));
  }

  override processElement1(event: Event, context: KeyedProcessContext<string>, out: Collector<string>): void {
    this.#first.update(event.at);
    this.#seen(event, context, out);
  }

  override processElement2(event: Event, context: KeyedProcessContext<string>, out: Collector<string>): void {
    this.#second.update(event.at);
    this.#seen(event, context, out);
  }

  override onTimer(time: number, context: OnTimerContext<string>, out: Collector<string>): void {
    out.collect(`${context.getCurrentKey()} alone at ${time}: ${this.#first.value() ?? '-'} ${this.#second.value() ?? '-'}`);
  }

  #seen(event: Event, context: KeyedProcessContext<string>, out: Collector<string>): void {
    const [first, second] = [this.#first.value(), this.#second.value()];
    if (first === undefined || second === undefined) {
      context.timerService().registerEventTimeTimer(event.at + 10);
      return;
    }
    context.timerService().deleteEventTimeTimer(first + 10);
    context.timerService().deleteEventTimeTimer(second + 10);
    out.collect(`${context.getCurrentKey()}: ${first} ${second}`);
  }
}

test('both inputs and the timers of a key have one state; timers follow the slower stream', async () => {
  const env = TestEnvironment.create({ parallelism: 3, seed: 3 });
  const source = (name: string) => env.testSource<Event>({ name, timestamp: (event) => event.at });
  const [first, second] = [source('first'), source('second')];
  const key = (event: Event) => event.key;
  const out = env.collect(
    first.stream
      .keyBy(key)
      .connect(second.stream.keyBy(key))
      .process(() => new Pair()),
  );
  await env.start();
  first.emit({ key: 'a', at: 1 }, { key: 'b', at: 2 });
  second.emit({ key: 'a', at: 5 }, { key: 'c', at: 3 });
  first.watermark(100);
  await env.settle();
  assert.deepEqual(out.take(), ['a: 1 5'], 'the second stream has sent no watermark: nothing fires');
  second.watermark(12);
  await env.settle();
  assert.deepEqual(out.take(), ['b alone at 12: 2 -']);
  second.end();
  await env.settle();
  assert.deepEqual(out.take(), ['c alone at 13: - 3'], 'an input that has ended does not hold the watermark back');
  await env.finish();
});

test('connected streams without a key: one object sees both, and the time', async () => {
  const env = TestEnvironment.create();
  const late = new OutputTag('second', Types.STRING);
  const numbers = env.testSource<number>({ timestamp: (n) => n });
  const words = env.testSource<string>({ name: 'words' });
  const processed = numbers.stream.connect(words.stream).process(() => {
    let sum = 0;
    return {
      processElement1(n, context, out: Collector<string>) {
        sum += n;
        out.collect(`${n} at ${context.timestamp()}`);
      },
      processElement2(word, context) {
        context.output(late, `${word} ${sum} ${context.timestamp()}`);
      },
    };
  });
  const [main, side] = [env.collect(processed), env.collect(processed.getSideOutput(late))];
  await env.start();
  numbers.emit(1, 2);
  await env.settle();
  words.emit('so far');
  await env.settle();
  assert.deepEqual([main.take(), side.take()], [['1 at 1', '2 at 2'], ['so far 3 undefined']]);
  await env.finish();
});

test('keyBy of connected streams gives keyed state as well', async () => {
  for (const seed of [1, 2, 3]) {
    const env = TestEnvironment.create({ parallelism: 3, seed });
    const out = env.collect(
      env
        .fromSequence(0, 299)
        .connect(env.fromSequence(0, 99))
        .keyBy(
          (n) => n % 100,
          (n) => n,
        )
        .process(() => {
          let count: ValueState<number>;
          const add = () => {
            count.update((count.value() ?? 0) + 1);
            return count.value() as number;
          };
          return {
            open(context) {
              count = context.getState(new ValueStateDescriptor('count', Types.INT));
            },
            processElement1(_n, context, out: Collector<string>) {
              if (add() === 4) out.collect(`${context.getCurrentKey()} complete`);
            },
            processElement2(_n, context, out) {
              if (add() === 4) out.collect(`${context.getCurrentKey()} complete`);
            },
          };
        }),
    );
    await env.execute();
    assert.deepEqual(out.take().sort(), Array.from({ length: 100 }, (_, n) => `${n} complete`).sort(), `seed ${seed}`);
  }
});

const limits = new MapStateDescriptor('limits', Types.STRING, Types.INT);

/** Keeps the greatest limit of each name, in whatever order they come. */
class Limits extends BroadcastProcessFunction<number, { name: string; limit: number }, string> {
  override processElement(n: number, context: ReadOnlyBroadcastContext, out: Collector<string>): void {
    const known = [...context.getBroadcastState(limits).entries()].map(([name, limit]) => `${name}=${limit}`).sort();
    out.collect(`${n}: ${known.join(' ')}`);
  }

  override processBroadcastElement({ name, limit }: { name: string; limit: number }, context: BroadcastContext): void {
    const state = context.getBroadcastState(limits);
    state.put(name, Math.max(limit, state.get(name) ?? 0));
  }
}

test('broadcast state is the same in all subtasks', async () => {
  for (const seed of [1, 2, 3, 4]) {
    const env = TestEnvironment.create({ parallelism: 4, seed });
    const rules = env.testSource<{ name: string; limit: number }>({ name: 'rules' });
    const numbers = env.testSource<number>({ name: 'numbers' });
    const out = env.collect(
      numbers.stream
        .rebalance()
        .connect(rules.stream.broadcast(limits))
        .process(() => new Limits()),
    );
    await env.start();
    const greatest = new Map<string, number>();
    for (let n = 0; n < 40; n++) {
      const rule = { name: `r${n % 3}`, limit: (n * 7) % 40 };
      greatest.set(rule.name, Math.max(rule.limit, greatest.get(rule.name) ?? 0));
      rules.emit(rule);
    }
    await env.settle();
    numbers.emit(...Array.from({ length: 8 }, (_, n) => n));
    await env.settle();
    const expected = ['r0', 'r1', 'r2'].map((name) => `${name}=${greatest.get(name)}`).join(' ');
    assert.deepEqual(
      out.take().sort(),
      Array.from({ length: 8 }, (_, n) => `${n}: ${expected}`),
      `seed ${seed}`,
    );
    await env.finish();
  }
});

test('the side that is not broadcast cannot write broadcast state, whatever the compiler was told', async () => {
  const env = TestEnvironment.create();
  env.collect(
    env
      .fromData(1)
      .connect(env.fromData({ name: 'a', limit: 1 }).broadcast(limits))
      .process({
        processElement(_n, context, _out: Collector<string>) {
          (context.getBroadcastState(limits) as unknown as BroadcastContext & { put(name: string, value: number): void }).put('a', 1);
        },
        processBroadcastElement() {},
      }),
  );
  await assert.rejects(env.execute(), { name: 'UserCodeError', message: /put is not a function/ });
});

test('a broadcast state that broadcast() was not given is refused with the names of those that it was', async () => {
  const env = TestEnvironment.create();
  const typo = new MapStateDescriptor('limit', Types.STRING, Types.INT);
  env.collect(
    env
      .fromData(1)
      .connect(env.fromData(2).broadcast(limits))
      .process({
        processElement(_n, _context, _out: Collector<string>) {},
        processBroadcastElement(_rule, context) {
          context.getBroadcastState(typo).put('a', 1);
        },
      }),
  );
  await assert.rejects(env.execute(), (error: unknown) => {
    assert.ok(error instanceof UserCodeError);
    assert.match(
      error.message,
      /There is no broadcast state 'limit': broadcast\(\) was given 'limits'\. Did you mean 'limits'\? Give it this descriptor, too/,
    );
    return true;
  });
});

const waiting = new ListStateDescriptor('waiting', Types.INT);

/** Records wait in keyed state until the broadcast side lets all of them go. */
class Gate extends KeyedBroadcastProcessFunction<number, number, string, string> {
  #waiting!: ListState<number>;

  override open(context: KeyedRuntimeContext): void {
    this.#waiting = context.getListState(waiting);
  }

  override processElement(n: number): void {
    this.#waiting.add(n);
  }

  override processBroadcastElement(word: string, context: KeyedBroadcastContext<number>, out: Collector<string>): void {
    context.applyToKeyedState(waiting, (key, list) => {
      out.collect(`${word} ${key}: ${[...list.get()].join(' ')}`);
      list.clear();
    });
  }
}

test('applyToKeyedState visits each key of each subtask once, with its state, which the visitor may change', async () => {
  for (const [parallelism, seed] of [
    [1, 1],
    [3, 2],
  ] as const) {
    const env = TestEnvironment.create({ parallelism, seed });
    const numbers = env.testSource<number>({ name: 'numbers' });
    const words = env.testSource<string>({ name: 'words' });
    const out = env.collect(
      numbers.stream
        .keyBy((n) => n % 5)
        .connect(words.stream.broadcast(limits))
        .process(rich(() => new Gate())),
    );
    await env.start();
    numbers.emit(...Array.from({ length: 10 }, (_, n) => n));
    await env.settle();
    words.emit('go');
    await env.settle();
    assert.deepEqual(out.take().sort(), ['go 0: 0 5', 'go 1: 1 6', 'go 2: 2 7', 'go 3: 3 8', 'go 4: 4 9']);
    words.emit('again');
    await env.settle();
    assert.deepEqual(out.take(), [], 'the visitor has cleared the lists');
    await env.finish();
  }
});

test('a rich function of an interval join: opened, closed, with side outputs and any number of records', async () => {
  const calls: string[] = [];
  const far = new OutputTag('far', Types.STRING);
  class Join extends ProcessJoinFunction<Event, Event, string> {
    override open(): void {
      calls.push('open');
    }

    override close(): void {
      calls.push('close');
    }

    override processElement(
      left: Event,
      right: Event,
      context: Parameters<ProcessJoinFunction<Event, Event, string>['processElement']>[2],
      out: Collector<string>,
    ): void {
      if (right.at - left.at > 1) context.output(far, `${left.at} ${right.at} at ${context.getTimestamp()}`);
      else for (const copy of [1, 2]) out.collect(`${left.at} ${right.at} #${copy}`);
    }
  }
  const env = TestEnvironment.create();
  const byTime = WatermarkStrategy.forMonotonousTimestamps<Event>().withTimestampAssigner((event) => event.at);
  const events = (...times: number[]) =>
    env
      .fromCollection(times.map((at) => ({ key: 'k', at })))
      .assignTimestampsAndWatermarks(byTime)
      .keyBy((event) => event.key);
  const joined = events(1, 5).intervalJoin(events(2, 4)).between('0 s', '5 ms').process(new Join());
  const [main, side] = [env.collect(joined), env.collect(joined.getSideOutput(far))];
  await env.execute();
  assert.deepEqual(main.take().sort(), ['1 2 #1', '1 2 #2']);
  assert.deepEqual(side.take(), ['1 4 at 4']);
  assert.deepEqual(calls, ['open', 'close']);
});

test('reinterpretAsKeyedStream: state of keys without a second shuffle, in the same task', async () => {
  const env = TestEnvironment.create({ parallelism: 3 });
  const kept = env
    .fromSequence(0, 299)
    .keyBy((n) => n % 10)
    .process(() => ({ processElement: (n, _context, out: Collector<number>) => out.collect(n) }));
  const counts = DataStreamUtils.reinterpretAsKeyedStream(kept, (n) => n % 10).process(() => {
    let count: ValueState<number>;
    return {
      open(context) {
        count = context.getState(new ValueStateDescriptor('count', Types.INT));
      },
      processElement(_n, context, out: Collector<string>) {
        count.update((count.value() ?? 0) + 1);
        if (count.value() === 30) out.collect(`${context.getCurrentKey()}`);
      },
    };
  });
  const out = env.collect(counts);
  const names = env.compile('graph').jobGraph.vertices.map(({ name }) => name);
  assert.deepEqual(names, ['Source: Sequence Source', 'KeyedProcess -> KeyedProcess -> Sink: Collect']);
  await env.execute();
  assert.deepEqual(out.take().sort(), ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
  assert.throws(() => DataStreamUtils.reinterpretAsKeyedStream([1] as never, (n) => n as never), {
    message: 'reinterpretAsKeyedStream got an array. Give it a stream.',
  });
});

test('what is no function over two streams is refused where it is given', () => {
  const env = TestEnvironment.create();
  const stream = env.fromData(1);
  assert.throws(() => stream.connect(stream).process({ processElement1() {} } as never), {
    message:
      'process of connected streams got an object with processElement1, which has no method processElement2. Give it a CoProcessFunction: an object with the methods processElement1 and processElement2, or a function that makes one.',
  });
  assert.throws(() => stream.connect(stream.broadcast(limits)).process({ processElement() {} } as never), {
    message:
      /^process beside a broadcast stream got an object with processElement, which has no method processBroadcastElement\. Give it a BroadcastProcessFunction/,
  });
  assert.throws(() => stream.broadcast(new ValueStateDescriptor('v', Types.INT) as never), {
    message: /^broadcast got an object with .*\. Give it a MapStateDescriptor for each state, or the declaration of a broadcast state\.$/,
  });
  const keyed = stream.keyBy((n) => n);
  assert.throws(() => keyed.intervalJoin(keyed).between('5 s', '1 s'), {
    message: 'between got a lower bound of 5000 ms above the upper bound of 1000 ms. Give the lower one first.',
  });
  assert.throws(
    () =>
      keyed
        .intervalJoin(keyed)
        .between('1 s', '1 s')
        .lowerBoundExclusive()
        .process(() => 1),
    {
      message:
        /^The interval join between 1000 ms and 1000 ms has no time left between its exclusive bounds, so no pair could be found\. Widen the interval\.$/,
    },
  );
  assert.throws(
    () =>
      keyed
        .intervalJoin(keyed)
        .between('0 s', '1 s')
        .sideOutputLeftLateData('late' as never),
    {
      message: "sideOutputLeftLateData got 'late'. Give it an OutputTag.",
    },
  );
});

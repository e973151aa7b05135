// Goal: a loop gives what a loop over each record gives, at every parallelism, in one slot and over rings, whatever the order of turns; it ends when nothing is in it, without
// any time passing. Method: small loops against plain loops, interleavings by seeds; each rule of the end by a test of its own.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AsyncDataStream } from '@millrace/streaming/api/async-data-stream';
import type { DataStream } from '@millrace/streaming/api/data-stream';
import { StreamExecutionEnvironment } from '@millrace/streaming/api/stream-execution-environment';
import { WatermarkStrategy } from '@millrace/streaming/contract/watermark-strategy';
import { TumblingEventTimeWindows } from '@millrace/streaming/window/tumbling-event-time-windows';
import { TestEnvironment } from '../index.ts';
import { VirtualClock } from '../simulation/virtual-clock.ts';
import { SimulatedJob } from './simulated-job.ts';

interface Walk {
  readonly start: number;
  readonly n: number;
  readonly steps: number;
}

interface Ended {
  readonly lines: readonly string[];
  readonly output: string;
  readonly clockMs: number;
}

interface Way {
  readonly seed: number;
  readonly parallelism?: number;
  readonly slots?: number;
  readonly channelCapacity?: number;
  readonly generateCode?: boolean;
}

/** Runs to the end; virtual time stands still unless a loop waits for it. */
async function run(
  { seed, parallelism = 1, ...way }: Way,
  build: (env: StreamExecutionEnvironment, out: string[]) => void,
): Promise<Ended> {
  const env = StreamExecutionEnvironment.createLocalEnvironment(parallelism);
  const lines: string[] = [];
  build(env, lines);
  const clock = new VirtualClock();
  let output = '';
  const write = (_stream: string, text: string) => {
    output += text;
  };
  const job = new SimulatedJob(env.compile('loop'), { seed, ...way, clock, write });
  await job.start();
  await job.end();
  return { lines: lines.sort(), output, clockMs: clock.monotonic() };
}

/** Every kind of way through a job: one subtask or three, one slot or one for each subtask, channels that are often full. */
const WAYS: readonly Way[] = Array.from({ length: 12 }, (_, index) => ({
  seed: index + 1,
  parallelism: index % 3 === 0 ? 1 : 3,
  slots: index % 2 === 0 ? 1 : 3,
  channelCapacity: [2, 8, 64][index % 3] as number,
  generateCode: index % 4 !== 3,
}));

function collatz(start: number): string {
  let [n, steps] = [start, 0];
  for (; n !== 1; steps++) n = n % 2 === 0 ? n / 2 : 3 * n + 1;
  return `${start} ${steps}`;
}

const STARTS = Array.from({ length: 60 }, (_, index) => index + 1);

function collatzLoop(walks: DataStream<Walk>, between: (walks: DataStream<Walk>) => DataStream<Walk>): DataStream<Walk> {
  const iteration = walks.iterate();
  const done = iteration.filter(({ n }) => n === 1);
  const next = between(iteration.filter(({ n }) => n !== 1)).map(({ start, n, steps }) => ({
    start,
    n: n % 2 === 0 ? n / 2 : 3 * n + 1,
    steps: steps + 1,
  }));
  iteration.closeWith(next);
  return done;
}

const BODIES: readonly (readonly [string, (walks: DataStream<Walk>) => DataStream<Walk>])[] = [
  ['chained', (walks) => walks],
  ['with keyBy', (walks) => walks.keyBy(({ n }) => n).reduce((_, walk) => walk)],
  ['rebalanced', (walks) => walks.rebalance()],
  ['of another parallelism', (walks) => walks.map((walk) => walk).setParallelism(2)],
];

for (const [name, body] of BODIES) {
  test(`a loop ${name} = the same loop over each record, and takes no time`, async () => {
    for (const way of WAYS) {
      const { lines, output, clockMs } = await run(way, (env, out) => {
        const walks = env.fromCollection(STARTS).map((start) => ({ start, n: start, steps: 0 }));
        collatzLoop(walks, body).addSink(({ start, steps }) => void out.push(`${start} ${steps}`));
      });
      assert.deepEqual([lines, output, clockMs], [STARTS.map(collatz).sort(), '', 0], JSON.stringify(way));
    }
  });
}

test('a body that makes many of one, in channels of two records: no deadlock, nothing lost', async () => {
  const reference = (n: number): number => (n === 0 ? 1 : 1 + 3 * reference(n - 1));
  for (const way of WAYS) {
    const { lines } = await run({ ...way, channelCapacity: 2 }, (env, out) => {
      const iteration = env.fromCollection([7, 5, 6]).rebalance().iterate();
      const all = iteration.map((n) => n).keyBy((n) => n);
      iteration.closeWith(all.flatMap((n) => (n === 0 ? [] : [n - 1, n - 1, n - 1])));
      all.reduce((n) => n).addSink((n) => void out.push(String(n)));
    });
    assert.equal(lines.length, reference(7) + reference(5) + reference(6), JSON.stringify(way));
  }
});

test('a loop narrower than the job: both of its ends are in one slot, wherever the body is', async () => {
  for (const way of WAYS.filter(({ parallelism }) => parallelism === 3)) {
    const { lines } = await run(way, (env, out) => {
      const other = env.fromSequence(1, 9).map((n) => n); // takes places in all slots
      const input = env
        .fromSequence(1, 30)
        .map((n) => n)
        .setParallelism(2);
      const iteration = input.iterate();
      iteration.setParallelism(2);
      const less = iteration
        .rebalance()
        .map((n) => n - 1)
        .setParallelism(1)
        .rebalance()
        .map((n) => n)
        .setParallelism(2);
      iteration.closeWith(less.filter((n) => n > 0).setParallelism(2));
      less
        .filter((n) => n === 0)
        .union(other)
        .addSink((n) => void out.push(String(n)));
    });
    assert.equal(lines.filter((line) => line === '0').length, 30, JSON.stringify(way));
  }
});

test('connected iterations: the feedback is a second input with a type of its own', async () => {
  for (const way of WAYS) {
    const { lines } = await run(way, (env, out) => {
      const iteration = env.fromSequence(1, 40).iterate().withFeedbackType<string>();
      const texts = iteration.map(
        (n) => `${n}:`,
        (text) => `${text}x`,
      );
      iteration.closeWith(texts.filter((text) => text.length < 8));
      texts.filter((text) => text.length === 8).addSink((text) => void out.push(text));
    });
    assert.deepEqual(lines, Array.from({ length: 40 }, (_, index) => `${index + 1}:`.padEnd(8, 'x')).sort());
  }
});

test('two loops one behind the other, and two that one stream feeds', async () => {
  const halved = (numbers: DataStream<number>) => {
    const iteration = numbers.iterate();
    const halves = iteration.map((n) => n / 2);
    iteration.closeWith(halves.filter((n) => n >= 1));
    return halves.filter((n) => n < 1);
  };
  for (const way of WAYS) {
    const { lines } = await run(way, (env, out) => {
      const numbers = env.fromSequence(1, 20);
      const first = halved(numbers).map((n) => n * 1024);
      halved(first).addSink((n) => void out.push(`second ${n}`));
      first.union(halved(numbers)).addSink((n) => void out.push(`united ${n}`));
    });
    const half = (n: number): number => (n / 2 < 1 ? n / 2 : half(n / 2));
    const expected = Array.from({ length: 20 }, (_, index) => half(index + 1)).flatMap((n) => [
      `second ${half(n * 1024)}`,
      `united ${n * 1024}`,
      `united ${n}`,
    ]);
    assert.deepEqual(lines, expected.sort(), JSON.stringify(way));
  }
});

interface Timed {
  readonly at: number;
  readonly rounds: number;
}

const byTime = WatermarkStrategy.forMonotonousTimestamps<Timed>().withTimestampAssigner(({ at }) => at);

test('a window behind the loop closes when the loop has ended: nothing of it is late', async () => {
  for (const way of WAYS) {
    const { lines } = await run(way, (env, out) => {
      const records = Array.from({ length: 20 }, (_, index) => ({ at: index, rounds: index % 7 }));
      const iteration = env.fromCollection(records).assignTimestampsAndWatermarks(byTime).setParallelism(1).rebalance().iterate();
      const less = iteration.map(({ at, rounds }) => ({ at, rounds: rounds - 1 }));
      iteration.closeWith(less.filter(({ rounds }) => rounds >= 0));
      less
        .filter(({ rounds }) => rounds < 0)
        .keyBy(() => 'all')
        .window(TumblingEventTimeWindows.of('1 min'))
        .aggregate({ createAccumulator: () => 0, add: (_, n) => n + 1, getResult: (n) => n })
        .addSink((n) => void out.push(String(n)));
    });
    assert.deepEqual(lines, ['20'], JSON.stringify(way));
  }
});

test('a window inside the loop fires at the end of time, and what it makes goes round', async () => {
  for (const way of WAYS) {
    const { lines, output } = await run(way, (env, out) => {
      const records = Array.from({ length: 10 }, (_, index) => ({ at: index, rounds: 0 }));
      const iteration = env.fromCollection(records).assignTimestampsAndWatermarks(byTime).setParallelism(1).iterate();
      const counted = iteration
        .filter(({ rounds }) => rounds === 0)
        .keyBy(({ at }) => at % 2)
        .window(TumblingEventTimeWindows.of('1 min'))
        .reduce((a, b) => ({ at: a.at + b.at, rounds: 1 }));
      iteration.closeWith(counted);
      iteration.filter(({ rounds }) => rounds === 1).addSink(({ at }) => void out.push(String(at)));
    });
    assert.deepEqual([lines, output], [['20', '25'], ''], JSON.stringify(way));
  }
});

test('asynchronous requests in the body are waited for, whatever the wait time of others', async () => {
  for (const way of WAYS.slice(0, 6)) {
    const { lines } = await run(way, (env, out) => {
      const iteration = env.fromSequence(1, 9).iterate();
      const answered = AsyncDataStream.unorderedWait(iteration, async (n) => n - 1, { timeout: '1 h', capacity: 4 });
      iteration.closeWith(answered.filter((n) => n > 0));
      answered.filter((n) => n === 0).addSink((n) => void out.push(String(n)));
    });
    assert.equal(lines.length, 9, JSON.stringify(way));
  }
});

test('the wait time ends a loop whose records do not come back, and a line tells of those that come later', async () => {
  const env = TestEnvironment.create({ parallelism: 1, seed: 3 });
  const answers: ((n: number) => void)[] = [];
  const iteration = env.fromCollection([1]).iterate('5 s');
  const answered = AsyncDataStream.orderedWait(iteration, () => new Promise<number>((answer) => answers.push(answer)), { timeout: '1 h' });
  iteration.closeWith(answered.filter((n) => n > 0));
  const out = env.collect(answered);
  await env.start();
  await env.settle();
  await env.advanceTime('4 s');
  answers.shift()!(1);
  await env.settle();
  assert.deepEqual([out.take(), answers.length], [[1], 1], 'it came back in time and asked again');
  await env.advanceTime('4 s');
  await env.advanceTime('2 s');
  answers.shift()!(2);
  await env.finish();
  assert.deepEqual([out.take(), answers.length], [[2], 0], 'too late for another round');
  assert.match(env.takeOutput(), /The iteration had ended when 1 more records came to 'Iteration Sink': they were not sent back\./);
});

test('an input without end: the loop goes on, the input is read between what comes back', async () => {
  const env = TestEnvironment.create({ parallelism: 3, seed: 5 });
  const source = env.testSource<number>();
  const iteration = source.stream.iterate();
  const less = iteration.map((n) => n - 1);
  iteration.closeWith(less.filter((n) => n > 0));
  const out = env.collect(less.filter((n) => n === 0));
  await env.start();
  for (const n of [3, 1, 2]) {
    source.emit(n, n);
    await env.settle();
    assert.deepEqual(out.take(), [0, 0]);
  }
  await env.finish();
});

test('maxRounds: a loop that never ends fails, and says what goes round', async () => {
  for (const parallelism of [1, 3]) {
    await assert.rejects(
      run({ seed: 1, parallelism, slots: parallelism }, (env) => {
        const iteration = env.fromSequence(1, 3).setParallelism(1).rebalance().iterate(undefined, { maxRounds: 50 }).name('endless');
        iteration.closeWith(iteration.map((n) => n)).print();
      }),
      {
        name: 'UsageError',
        message:
          /^The iteration 'endless' has gone round at least 51 times since its input ended, and records are still sent back: \d+ in the last round, \d+ in all\. Send back only what needs another round, by a filter before closeWith, or raise maxRounds, which is 50\.$/,
      },
    );
  }
});

test('without a bound a loop that goes round 10,000 times is warned of, once', async () => {
  const { lines, output } = await run({ seed: 1 }, (env, out) => {
    const iteration = env.fromCollection([60_000]).iterate().name('countdown');
    const less = iteration.map((n) => n - 1);
    iteration.closeWith(less.filter((n) => n > 0));
    less.filter((n) => n === 0).addSink((n) => void out.push(String(n)));
  });
  assert.deepEqual(lines, ['0']);
  assert.equal(output.match(/The iteration 'countdown' has gone round at least 10000 times since its input ended/g)?.length, 1);
});

test('what is refused before a job runs', () => {
  const refused = (build: (env: StreamExecutionEnvironment) => void, message: RegExp) => {
    const env = StreamExecutionEnvironment.createLocalEnvironment(1);
    assert.throws(
      () => {
        build(env);
        env.compile('loop');
      },
      { name: 'UsageError', message },
    );
  };
  const numbers = (env: StreamExecutionEnvironment) => env.fromSequence(1, 3);
  refused(
    (env) => numbers(env).iterate().print(),
    /^The iteration 'Iteration' of the job 'loop' has no feedback: nothing goes round\. Call closeWith on it/,
  );
  refused(
    (env) => numbers(env).iterate().closeWith(numbers(env)),
    /^Cannot close an iteration with a feedback DataStream that does not originate from said iteration\./,
  );
  refused((env) => {
    const iteration = numbers(env).iterate();
    iteration.closeWith(iteration);
    iteration.closeWith(iteration);
  }, /^The iteration 'Iteration' is closed already\. Give closeWith the union/);
  refused((env) => {
    const iteration = numbers(env).iterate();
    iteration.closeWith(iteration);
    iteration.withFeedbackType<string>();
  }, /^withFeedbackType of 'Iteration' comes too late/);
  refused((env) => {
    const iteration = numbers(env).iterate();
    iteration.withFeedbackType<string>();
    iteration.closeWith(iteration);
  }, /close the connected streams that withFeedbackType gave/);
  refused((env) => {
    const iteration = numbers(env).iterate();
    iteration.closeWith(iteration);
    env.enableCheckpointing('10 s');
  }, /^Checkpointing is not supported for iterative jobs: what goes round in the iteration 'Iteration' would be in no checkpoint/);
  refused((env) => {
    const outer = numbers(env).iterate().name('outer');
    const inner = outer.iterate().name('inner');
    inner.closeWith(inner);
    outer.closeWith(inner);
  }, /^The iteration 'inner' is inside the iteration 'outer', which is not supported\./);
  refused((env) => {
    const one = numbers(env).iterate().name('one');
    one.closeWith(one);
    const two = numbers(env).iterate().name('two');
    two.closeWith(
      two
        .union(one)
        .map((n) => n)
        .name('both'),
    );
  }, /^What comes out of the iteration 'one' goes into the middle of the iteration 'two', at 'both'/);
  refused((env) => numbers(env).iterate('-1 s' as '1 s'), /wait time|duration/i);
  refused((env) => numbers(env).iterate(undefined, { maxRounds: 0 }), /^iterate got maxRounds 0\. Give a whole number from 1/);
});

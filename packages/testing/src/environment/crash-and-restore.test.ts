// Goal: a job that crashed and was restored gives what one gives that did not. Method: the same program fed the same way, with crashes between random steps of the feed, at the
// same and at other parallelisms, over seeds; what sinks took in all must be equal.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@millrace/core/base/random';
import { Duration } from '@millrace/core/config/duration';
import type { DataStream } from '@millrace/streaming/api/data-stream';
import { rich } from '@millrace/streaming/api/rich-functions';
import type { KeyedRuntimeContext, RuntimeContext } from '@millrace/streaming/api/runtime-context';
import type { Collector } from '@millrace/streaming/contract/emittable';
import type { ListState, ValueState } from '@millrace/streaming/contract/keyed-state';
import { OutputTag } from '@millrace/streaming/contract/output-tag';
import type { FunctionInitializationContext } from '@millrace/streaming/contract/rich-function';
import type { CommitRequest, SinkWriter } from '@millrace/streaming/contract/sink';
import { ListStateDescriptor, ValueStateDescriptor } from '@millrace/streaming/contract/state-descriptor';
import { TumblingEventTimeWindows } from '@millrace/streaming/window/tumbling-event-time-windows';
import { jsonSerializer } from '@millrace/streaming/builtin/json-serializer';
import { SequenceSource } from '@millrace/streaming/builtin/sequence-source';
import { WatermarkStrategy } from '@millrace/streaming/contract/watermark-strategy';
import { TestEnvironment } from '../index.ts';
import { VirtualClock } from '../simulation/virtual-clock.ts';
import { SimulatedJob } from './simulated-job.ts';

const SEEDS = Number(process.env['MILLRACE_SEEDS'] ?? 8);

interface Click {
  readonly user: string;
  readonly at: number;
}

type Step = { readonly click: Click } | { readonly watermark: number } | { readonly settle: true };

const STEPS = 40;

function randomSteps(seed: number): Step[] {
  const random = seededRandom(seed);
  let time = 0;
  return Array.from({ length: STEPS }, (): Step => {
    const dice = random.nextInt(10);
    if (dice < 6) return { click: { user: `u${random.nextInt(5)}`, at: time + random.nextInt(30_000) - 8_000 } };
    if (dice < 8) return { settle: true };
    time += random.nextInt(9_000);
    return { watermark: time };
  });
}

interface Run {
  readonly seed: number;
  readonly parallelism: number;
  /** Before these steps the job crashes, and goes on at the parallelism given. */
  readonly crashes: ReadonlyMap<number, number | undefined>;
}

type Build = (clicks: DataStream<Click>) => DataStream<string>;

async function run(build: Build, steps: readonly Step[], { seed, parallelism, crashes }: Run): Promise<string[]> {
  const env = TestEnvironment.create({ parallelism, seed });
  const clicks = env.testSource<Click>({ timestamp: ({ at }) => at });
  const results = env.collect(build(clicks.stream));
  await env.start();
  const taken: string[] = [];
  for (const [index, step] of steps.entries()) {
    const to = crashes.get(index);
    if (crashes.has(index)) await env.crashAndRestore(to === undefined ? {} : { parallelism: to });
    if ('click' in step) clicks.emit(step.click);
    else if ('watermark' in step) clicks.watermark(step.watermark);
    else await env.settle();
    if (index % 7 === 0) taken.push(...results.take());
  }
  await env.finish();
  taken.push(...results.take());
  return taken.sort();
}

/** Counts by user; each record goes through a shuffle before and behind it. */
const counts: Build = (clicks) =>
  clicks
    .map((click) => click)
    .rebalance()
    .map((click) => click)
    .keyBy(({ user }) => user)
    .process<string>(() => {
      let count: ValueState<number>;
      return {
        open(context: KeyedRuntimeContext) {
          count = context.getState(new ValueStateDescriptor<number>('count'));
        },
        processElement({ user }, _context, out) {
          const n = (count.value() ?? 0) + 1;
          count.update(n);
          out.collect(`${user} has ${n}`);
        },
      };
    })
    .rebalance()
    .map((line) => line);

/** Windows with late records aside, of two streams: what one of them has said of its time must not be forgotten before the other has said it again. */
const windows: Build = (clicks) => {
  const late = new OutputTag<Click>('late');
  const both = clicks.union(clicks.rebalance().map(({ user, at }) => ({ user: `${user}'`, at })));
  const fired = both
    .keyBy(({ user }) => user)
    .window(TumblingEventTimeWindows.of(Duration.ofSeconds(10)))
    .allowedLateness(Duration.ofSeconds(3))
    .sideOutputLateData(late)
    .aggregate(
      { createAccumulator: () => 0, add: (_click, n) => n + 1, getResult: (n) => n },
      (user, { start }, n) => `${user}@${start}: ${n}`,
    );
  return fired.union(fired.getSideOutput(late).map(({ user, at }) => `${user} late at ${at}`));
};

/** What a function keeps of its own in operator state, brought up to date at each checkpoint: a count of all its records. */
const operatorState: Build = (clicks) =>
  clicks
    .flatMap(
      rich(() => {
        let stored: ListState<number>;
        let seen = 0;
        return {
          async initializeState(context: FunctionInitializationContext) {
            await Promise.resolve();
            stored = context.getOperatorStateStore().getListState(new ListStateDescriptor<number>('seen'));
            for (const n of stored.get()) seen += n;
          },
          snapshotState() {
            stored.update([seen]);
          },
          flatMap({ user }: Click, out: Collector<string>) {
            seen += 1;
            out.collect(`${seen}: ${user}`);
          },
        };
      }),
    )
    .setParallelism(1);

/** What is late must not hang on whose watermark comes first. */
function settledAtWatermarks(steps: readonly Step[]): Step[] {
  return steps.flatMap((step): Step[] => ('watermark' in step ? [step, { settle: true }] : [step]));
}

async function compareAll(build: Build, stepsOf: (seed: number) => Step[] = randomSteps): Promise<void> {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const steps = stepsOf(seed);
    const expected = await run(build, steps, { seed, parallelism: 2, crashes: new Map() });
    const random = seededRandom(seed + 1_000_000);
    for (const crashes of [1, 3]) {
      const at = Array.from({ length: crashes }, () => [random.nextInt(STEPS), [undefined, 1, 2, 3, 5][random.nextInt(5)]] as const);
      const actual = await run(build, steps, { seed: seed + 17, parallelism: 1 + random.nextInt(3), crashes: new Map(at) });
      assert.deepEqual(actual, expected, `seed ${seed}, crashes ${JSON.stringify(at)}`);
    }
  }
}

test('ST-2, CK-3, CK-15: keyed state is the same, wherever the job crashes and at whatever parallelism it goes on', () =>
  compareAll(counts));

test('WIN, TIME-8: windows, their timers and what is late are the same', () =>
  compareAll(windows, (seed) => settledAtWatermarks(randomSteps(seed))));

test('ST-3: operator state of a function is the same', () => compareAll(operatorState));

test('B-013, faults 33: a burst of timers lets a barrier pass between two of them; each fires once, the rest after the restore', async () => {
  const TIMERS = 6_000;
  let firedInAttempt: number[] = [];
  for (let seed = 1; seed <= SEEDS; seed++) {
    const env = TestEnvironment.create({ parallelism: 1 + (seed % 2), seed });
    const keys = env.testSource<number>({ timestamp: () => 0 });
    let fired = 0;
    const all = env.collect(
      keys.stream
        .keyBy((key) => key)
        .process<number>(() => ({
          processElement: (_key, context) => context.timerService().registerEventTimeTimer(50),
          onTimer: (_time, context, out) => {
            fired += 1;
            out.collect(context.getCurrentKey());
          },
        })),
    );
    const job = new SimulatedJob(env.compile('burst'), { seed, slots: 1 + (seed % 2), clock: new VirtualClock(), write() {} });
    await job.start();
    keys.emit(...Array.from({ length: TIMERS }, (_, key) => key));
    await job.settle();
    keys.watermark(100);
    await job.run(3 * seed);
    await job.crashAndRestore();
    const beforeRestore = fired;
    await job.settle();
    firedInAttempt = [...firedInAttempt, fired - beforeRestore];
    assert.deepEqual(
      all.take().sort((a, b) => a - b),
      Array.from({ length: TIMERS }, (_, key) => key),
      `seed ${seed}`,
    );
    keys.end();
    await job.end();
    assert.deepEqual(all.take(), []);
  }
  assert.ok(
    firedInAttempt.some((count) => count > 0 && count < TIMERS),
    `the barrier never came in the middle: ${firedInAttempt.join()}`,
  );
});

test('CK-5: at least once, no record is lost; where there is one channel to each task, none is doubled either', async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const steps = randomSteps(seed);
    const random = seededRandom(seed);
    const crashes = new Map([[random.nextInt(STEPS), undefined]]);
    const build: Build = (clicks) => {
      clicks.getExecutionEnvironment().enableCheckpointing('1 h', 'AT_LEAST_ONCE');
      return counts(clicks);
    };
    const greatest = (lines: readonly string[]) => {
      const totals = new Map<string, number>();
      for (const line of lines) {
        const [user, n] = line.split(' has ') as [string, string];
        totals.set(user, Math.max(totals.get(user) ?? 0, Number(n)));
      }
      return totals;
    };
    const expected = greatest(await run(counts, steps, { seed, parallelism: 2, crashes: new Map() }));
    const actual = greatest(await run(build, steps, { seed, parallelism: 2, crashes }));
    for (const [user, n] of expected) assert.ok((actual.get(user) ?? 0) >= n, `seed ${seed}: ${user} has ${actual.get(user)} of ${n}`);
    const forward: Build = (clicks) => {
      clicks.getExecutionEnvironment().enableCheckpointing('1 h', 'AT_LEAST_ONCE');
      return clicks.keyBy(() => 0).map(({ user, at }) => `${user} ${at}`);
    };
    const once = await run(forward, steps, { seed, parallelism: 1, crashes });
    assert.deepEqual(once, await run(forward, steps, { seed: seed + 5, parallelism: 1, crashes: new Map() }), `seed ${seed}`);
  }
});

test('CK-21: functions are told of complete checkpoints', async () => {
  const told: number[] = [];
  for (let seed = 1; seed <= Math.max(SEEDS, 8); seed++) {
    const env = TestEnvironment.create({ parallelism: 2, seed });
    const words = env.testSource<string>();
    const listener = rich(() => ({ map: (word: string) => word, notifyCheckpointComplete: (id: number) => void told.push(id) }));
    env.collect(words.stream.map(listener));
    await env.start();
    words.emit('a', 'b');
    for (let crash = 0; crash < 2; crash++) await env.crashAndRestore();
    await env.finish();
  }
  assert.deepEqual(new Set(told), new Set([1, 2]));
});

test('splits of a source go on where the checkpoint found them, at another parallelism, too', async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const env = TestEnvironment.create({ parallelism: 1 + (seed % 3), seed });
    const strategy = WatermarkStrategy.forMonotonousTimestamps<number>().withTimestampAssigner((n) => n);
    const numbers = env.collect(env.fromSource(new SequenceSource(1, 3_000), strategy, 'numbers').map((n) => n));
    await env.start();
    const random = seededRandom(seed);
    const taken: number[] = [];
    for (let crash = 0; crash < 3; crash++) {
      try {
        await env.crashAndRestore({ parallelism: 1 + random.nextInt(4) });
      } catch (error) {
        assert.match(String(error), /The job has ended/);
        break;
      }
      taken.push(...numbers.take());
    }
    await env.finish();
    taken.push(...numbers.take());
    assert.deepEqual(
      taken.sort((a, b) => a - b),
      Array.from({ length: 3_000 }, (_, index) => index + 1),
      `seed ${seed}`,
    );
  }
});

test('CK-21: a sink commits what a checkpoint has once that is complete, and what it had left again after a crash', async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const env = TestEnvironment.create({ parallelism: 2, seed });
    const source = env.testSource<number>();
    const committed = new Map<string, readonly number[]>();
    let transactions = 0;
    source.stream
      .rebalance()
      .map((n) => n)
      .sinkTo({
        createWriter: (): SinkWriter<number> & { prepareCommit(): { id: string; numbers: number[] }[] } => {
          let numbers: number[] = [];
          return {
            write: (n) => void numbers.push(n),
            flush: () => Promise.resolve(),
            prepareCommit: () => {
              const prepared = numbers;
              numbers = [];
              return prepared.length === 0 ? [] : [{ id: `t${transactions++}`, numbers: prepared }];
            },
            close() {},
          };
        },
        createCommitter: () => ({
          commit: async (requests: readonly CommitRequest<{ id: string; numbers: number[] }>[]) => {
            for (const request of requests) {
              const { id, numbers } = request.getCommittable();
              if (committed.has(id)) request.signalAlreadyCommitted();
              committed.set(id, numbers);
            }
          },
          close() {},
        }),
        committableSerializer: () => jsonSerializer<{ id: string; numbers: number[] }>('transaction'),
      } as never);
    await env.start();
    const random = seededRandom(seed);
    for (let n = 0; n < 60; n++) {
      source.emit(n);
      if (random.nextInt(4) === 0) await env.settle();
      if (random.nextInt(12) === 0) await env.crashAndRestore();
    }
    await env.finish();
    assert.deepEqual(
      [...committed.values()].flat().sort((a, b) => a - b),
      Array.from({ length: 60 }, (_, n) => n),
      `seed ${seed}`,
    );
  }
});

test('a source that has ended stays ended, and what it had sent is not sent again', async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const env = TestEnvironment.create({ parallelism: 2, seed });
    const first = env.testSource<string>({ name: 'first' });
    const second = env.testSource<string>({ name: 'second' });
    const all = env.collect(first.stream.union(second.stream).map((word) => word));
    await env.start();
    first.emit('a', 'b');
    first.end();
    await env.settle();
    second.emit('c');
    await env.crashAndRestore({ parallelism: 3 });
    second.emit('d');
    await env.crashAndRestore();
    await env.finish();
    assert.deepEqual(all.take().sort(), ['a', 'b', 'c', 'd'], `seed ${seed}`);
  }
});

test('what is wrong is said: a job that has not started or has ended, and a parallelism that is none', async () => {
  const env = TestEnvironment.create();
  const words = env.testSource<string>();
  env.collect(words.stream);
  await assert.rejects(env.crashAndRestore(), { message: /crashAndRestore was called before the job was started/ });
  await env.start();
  await assert.rejects(env.crashAndRestore({ parallelism: 0 }), { message: /crashAndRestore got the parallelism 0/ });
  await env.finish();
  await assert.rejects(env.crashAndRestore(), { message: /The job has ended/ });
});

test('the job goes on at the parallelism that was asked for, and keeps it; operators whose parallelism was set keep theirs', async () => {
  const env = TestEnvironment.create({ parallelism: 2 });
  const words = env.testSource<string>();
  const subtasks: string[] = [];
  const telling = (name: string) =>
    rich(() => ({
      open(context: RuntimeContext) {
        subtasks.push(`${name} ${context.getIndexOfThisSubtask() + 1}/${context.getNumberOfParallelSubtasks()}`);
      },
      map: (word: string) => word,
    }));
  env.collect(words.stream.rebalance().map(telling('map')).map(telling('alone')).setParallelism(1));
  await env.start();
  const took: string[][] = [];
  for (const to of [3, undefined, 1]) {
    subtasks.length = 0;
    await env.crashAndRestore(to === undefined ? {} : { parallelism: to });
    took.push(subtasks.toSorted());
  }
  const three = ['alone 1/1', 'map 1/3', 'map 2/3', 'map 3/3'];
  assert.deepEqual(took, [three, three, ['alone 1/1', 'map 1/1']]);
  words.end();
  await env.finish();
});

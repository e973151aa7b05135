// Goal: what functions add to accumulators is in the job's result, merged over operators and subtasks. Method: whole jobs at parallelism 1 and 3, chained and not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RichFilterFunction, RichMapFunction, rich } from '@millrace/streaming/api/rich-functions';
import type { RuntimeContext } from '@millrace/streaming/api/runtime-context';
import { AverageAccumulator, Histogram, IntCounter, ListAccumulator, LongCounter } from '@millrace/streaming/contract/accumulators';
import { TestEnvironment } from '../index.ts';

/** A map that adds every word and passes it on. */
const kept = (accumulator: { add(word: string): void }) => (word: string) => {
  accumulator.add(word);
  return word;
};

class Counting extends RichMapFunction<number, number> {
  readonly #mean = new AverageAccumulator();
  #seen = new IntCounter();
  #sizes = new Histogram();
  override open(context: RuntimeContext) {
    this.#seen = context.getIntCounter('seen');
    this.#sizes = context.getHistogram('sizes');
    context.addAccumulator('mean', this.#mean);
  }
  override map(n: number) {
    this.#seen.add(1);
    this.#sizes.add(n % 3);
    this.#mean.add(n);
    return n;
  }
  override close() {
    this.getRuntimeContext().getLongCounter('closed').add(1);
  }
}

class Keeping extends RichFilterFunction<number> {
  override filter(n: number) {
    this.getRuntimeContext().getIntCounter('seen').add(1);
    return n > 50;
  }
}

for (const [parallelism, chained] of [
  [1, true],
  [3, true],
  [3, false],
] as const) {
  test(`results are merged at parallelism ${parallelism}, ${chained ? 'chained' : 'in tasks of their own'}`, async () => {
    const env = TestEnvironment.create({ parallelism });
    if (!chained) env.disableOperatorChaining();
    env.collect(
      env
        .fromSequence(1, 60)
        .map(rich(() => new Counting()))
        .filter(rich(() => new Keeping())),
    );
    const result = await env.execute();
    assert.deepEqual(
      new Map([...result.getAllAccumulatorResults()].sort(([one], [other]) => (one < other ? -1 : 1))),
      new Map<string, unknown>([
        ['closed', parallelism],
        ['mean', 30.5],
        ['seen', 120],
        [
          'sizes',
          new Map([
            [0, 20],
            [1, 20],
            [2, 20],
          ]),
        ],
      ]),
    );
    assert.equal(result.getAccumulatorResult('mean'), 30.5);
    assert.equal(result.getAccumulatorResult('none'), undefined);
  });
}

test('one of the user’s own arrives as the local values of all subtasks', async () => {
  class Longest {
    longest = '';
    add(word: string) {
      if (word.length > this.longest.length) this.longest = word;
    }
    getLocalValue() {
      return { longest: this.longest };
    }
    merge(other: Longest) {
      this.add(other.longest);
    }
  }
  const env = TestEnvironment.create({ parallelism: 2 });
  const watching = () => {
    const longest = new Longest();
    return {
      open: (context: RuntimeContext) => context.addAccumulator('longest', longest as never),
      map: kept(longest),
    };
  };
  env.collect(env.fromData('a', 'bb', 'ccc', 'd').map(rich(watching)));
  const values = (await env.execute()).getAccumulatorResult('longest') as { longest: string }[];
  assert.deepEqual(values.map(({ longest }) => longest).sort(), ['bb', 'ccc']);
});

test('the accumulators of a job that runs are those that were reported last; a list keeps what each subtask added', async () => {
  const env = TestEnvironment.create();
  const source = env.testSource<string>();
  const listing = () => {
    const list = new ListAccumulator<string>();
    return { open: (context: RuntimeContext) => context.addAccumulator('words', list), map: kept(list) };
  };
  env.collect(source.stream.map(rich(listing)));
  const job = await env.executeAsync();
  source.emit('to', 'be');
  await env.settle();
  assert.deepEqual((await job.getAccumulators()).get('words'), ['to', 'be']);
  await env.finish();
  assert.deepEqual((await job.getJobExecutionResult()).getAccumulatorResult('words'), ['to', 'be']);
});

const OTHER_TYPE = /accumulators of different types cannot be merged\. Give each a name of its own, or one type\./;

test('one name with two types fails the job, in one task and in two, and both are named', async () => {
  for (const chained of [true, false]) {
    const env = TestEnvironment.create();
    if (!chained) env.disableOperatorChaining();
    const counting = (open: (context: RuntimeContext) => void) => rich(() => ({ open, map: (n: number) => n }));
    const first = env
      .fromData(1)
      .map(counting((context) => context.addAccumulator('n', new IntCounter())))
      .name('first');
    env.collect(first.map(counting((context) => context.addAccumulator('n', new LongCounter()))).name('second'));
    await assert.rejects(env.execute(), (error: Error) => {
      assert.match(error.message, OTHER_TYPE);
      assert.match(
        error.message,
        /'n' is a (?:Int|Long)Counter in '(?:first|second)(?: \(1\/1\))?' and a (?:Int|Long)Counter in '(?:first|second)/,
      );
      return true;
    });
  }
});

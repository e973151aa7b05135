// Goal: an accumulator that is merged from parts is what one that took everything would be. Method: values from seeds, dealt to parts, each kind; refusals by message.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@millrace/core/base/random';
import { accumulatorResult, mergeAccumulators } from './accumulator-values.ts';
import {
  type Accumulator,
  accumulatorValue,
  AverageAccumulator,
  DoubleCounter,
  DoubleMaximum,
  DoubleMinimum,
  Histogram,
  IntCounter,
  IntMaximum,
  IntMinimum,
  ListAccumulator,
  LongCounter,
  LongMaximum,
  LongMinimum,
} from './accumulators.ts';
import { TaskAccumulators } from './task-accumulators.ts';

const KINDS: readonly (new () => Accumulator<number>)[] = [
  ...[IntCounter, LongCounter, DoubleCounter, IntMaximum, LongMaximum, DoubleMaximum, IntMinimum, LongMinimum, DoubleMinimum],
  ...[AverageAccumulator, Histogram, ListAccumulator<number>],
];

for (const Kind of KINDS) {
  test(`${Kind.name}: merged from parts = from everything, as an object and on the way`, () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = seededRandom(seed);
      const values = Array.from({ length: random.nextInt(30) }, () => random.nextInt(9) - 4);
      const whole = new Kind();
      const parts = [new Kind(), new Kind(), new Kind()] as const;
      for (const [index, value] of values.entries()) {
        whole.add(value);
        parts[Math.floor((index * 3) / values.length) as 0].add(value); // in order, so that lists are too
      }
      const travelled = accumulatorResult(parts.map((part) => accumulatorValue(part)).reduce(mergeAccumulators));
      for (const other of parts.slice(1)) parts[0].merge(other);
      assert.deepEqual(parts[0].getLocalValue(), whole.getLocalValue(), `seed ${seed}`);
      assert.deepEqual(travelled, whole.getLocalValue(), `seed ${seed}`);
      (parts[0] as unknown as { resetLocal(): void }).resetLocal();
      assert.deepEqual(parts[0].getLocalValue(), new Kind().getLocalValue());
    }
  });
}

test('what they hold, of known values', () => {
  const filled = <A extends Accumulator<number>>(accumulator: A) => {
    for (const value of [3, -1, 3]) accumulator.add(value);
    return accumulator.getLocalValue();
  };
  assert.equal(filled(new LongCounter()), 5);
  assert.equal(filled(new IntMaximum()), 3);
  assert.equal(filled(new DoubleMinimum()), -1);
  assert.equal(filled(new AverageAccumulator()), 5 / 3);
  assert.deepEqual(
    filled(new Histogram()),
    new Map([
      [-1, 1],
      [3, 2],
    ]),
  );
  assert.deepEqual(filled(new ListAccumulator<number>()), [3, -1, 3]);
  assert.equal(new IntMinimum().getLocalValue(), undefined);
  assert.equal(new AverageAccumulator().getLocalValue(), 0);
});

test('what is added and merged is checked', () => {
  assert.throws(() => new IntCounter().add(1.5), { message: 'IntCounter.add got 1.5. Give it a whole number.' });
  assert.throws(() => new DoubleCounter().add('1' as never), {
    message: 'DoubleCounter.add got a value of type string. Give it a number.',
  });
  assert.throws(() => new IntCounter().merge(new LongCounter()), {
    message: 'merge of a IntCounter got LongCounter. Give it another IntCounter.',
  });
  assert.throws(() => new ListAccumulator<unknown>().add({ a: { b: () => 1 } }), /b/);
  const list = new ListAccumulator<{ n: number }>();
  const value = { n: 1 };
  list.add(value);
  value.n = 2;
  assert.deepEqual(list.getLocalValue(), [{ n: 1 }], 'a copy is kept');
});

test('a name means one object in an operator and one type in a task', () => {
  const accumulators = new TaskAccumulators();
  const [map, filter] = [accumulators.of('Map'), accumulators.of('Filter')];
  const counter = map.getIntCounter('n');
  counter.add(2);
  assert.equal(map.getIntCounter('n'), counter);
  assert.equal(map.getAccumulator('n'), counter);
  assert.equal(filter.getAccumulator('n'), undefined);
  filter.getIntCounter('n').add(3);
  assert.deepEqual(accumulators.values(), { n: { type: 'IntCounter', value: 5 } }, 'chained operators are merged as others are');
  map.addAccumulator('n', counter);
  assert.throws(() => map.addAccumulator('n', new IntCounter()), {
    message:
      "addAccumulator of 'Map' got a second accumulator named 'n'. Give each a name of its own, or take the first by getAccumulator('n').",
  });
  assert.throws(() => map.getHistogram('n'), {
    message: "getHistogram('n') found a IntCounter of that name in 'Map'. Give each accumulator a name of its own.",
  });
  assert.throws(() => accumulators.of('Process').addAccumulator('n', new Histogram()), {
    message:
      "Accumulator 'n' is a IntCounter in 'Map' and a Histogram in 'Process': accumulators of different types cannot be merged. Give each a name of its own, or one type.",
  });
  assert.throws(
    () => map.addAccumulator('x', {} as never),
    /addAccumulator\('x'\) of 'Map' got what has no add\. Give it an accumulator, for example new IntCounter\(\)/,
  );
  assert.equal(new TaskAccumulators().values(), undefined);
});

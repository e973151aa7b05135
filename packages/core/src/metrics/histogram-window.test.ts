/** Goal: a histogram says of its last values what Flink's says. Method: values whose statistics are known, and random ones against a plain reading of the definition. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../base/random.ts';
import { HistogramWindow, QUANTILES } from './histogram-window.ts';

test('of none there is nothing to say, of one all is it', () => {
  const histogram = new HistogramWindow(4);
  assert.equal(histogram.statistics, undefined);
  histogram.add(7);
  assert.deepEqual(histogram.statistics, { min: 7, max: 7, mean: 7, stddev: 0, quantiles: QUANTILES.map(() => 7) });
});

test('of one to a hundred', () => {
  const histogram = new HistogramWindow(100);
  for (let value = 100; value >= 1; value--) histogram.add(value);
  const { min, max, mean, stddev, quantiles } = histogram.statistics ?? assert.fail('it has values');
  assert.deepEqual([min, max, mean], [1, 100, 50.5]);
  assert.ok(Math.abs(stddev - 29.011491975882016) < 1e-9);
  assert.deepEqual(
    quantiles.map((value) => Math.round(value * 1e6) / 1e6),
    [50.5, 75.75, 90.9, 95.95, 98.98, 99.99, 100],
  );
});

test('what is older than its size is forgotten, but in count and sum', () => {
  const random = seededRandom(7);
  for (let size = 1; size <= 40; size++) {
    const histogram = new HistogramWindow(size);
    const values: number[] = [];
    for (let n = 0; n < 90; n++) {
      const value = random.nextInt(1_000) - 500;
      histogram.add(value);
      values.push(value);
      const last = values.slice(-size).sort((a, b) => a - b);
      const { min, max, quantiles } = histogram.statistics ?? assert.fail('it has values');
      assert.deepEqual([min, max], [last[0], last.at(-1)]);
      assert.ok(quantiles.every((quantile, place) => quantile >= (quantiles[place - 1] ?? min) && quantile <= max));
      const middle = (last.length - 1) / 2;
      const median = ((last[Math.floor(middle)] as number) + (last[Math.ceil(middle)] as number)) / 2;
      assert.equal(quantiles[0], median);
    }
    assert.equal(histogram.count, 90);
    assert.equal(
      histogram.sum,
      values.reduce((sum, value) => sum + value, 0),
    );
  }
});

/** Goal: a rate is that of the window and no more. Method: counts whose slopes are known. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RateWindow } from './rate-window.ts';

test('a steady count has its slope, whatever the distance of its samples', () => {
  for (const stepMs of [1, 10, 100, 1_000, 7_000]) {
    const rate = new RateWindow(5_000);
    for (let n = 1; n <= 200; n++) rate.report(n * stepMs, (n * stepMs * 3) / 1_000);
    assert.ok(Math.abs(rate.ratePerSecond - 3) < 1e-9, `${stepMs}: ${rate.ratePerSecond}`);
  }
});

test('what is older than the window is forgotten, and time that does not pass changes nothing', () => {
  const rate = new RateWindow(1_000);
  rate.report(1_000, 1_000);
  assert.equal(rate.ratePerSecond, 1_000);
  for (let atMs = 1_100; atMs <= 2_000; atMs += 100) rate.report(atMs, 1_000);
  assert.equal(rate.ratePerSecond, 0);
  rate.report(2_000, 9_999);
  assert.equal(rate.ratePerSecond, 0);
});

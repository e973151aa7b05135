// Every pair of parallelisms from 1 to 24: both ends agree on every channel, none is missing, and the runs are as even as they can be.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { channelsOf } from './execution-edges.ts';
import type { PartitionerKind } from './job-graph.ts';

const PAIRS = Array.from({ length: 24 * 24 }, (_, index) => [1 + Math.floor(index / 24), 1 + (index % 24)] as const);
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

function matrix(partitioner: PartitionerKind, producers: number, consumers: number) {
  const edge = channelsOf({ partitioner }, producers, consumers);
  const byProducer = numbers(producers).flatMap((p) => edge.consumersOf(p).map((c) => `${p}:${c}`));
  const byConsumer = numbers(consumers).flatMap((c) => edge.producersOf(c).map((p) => `${p}:${c}`));
  assert.deepEqual(
    [...byProducer].sort(),
    [...byConsumer].sort(),
    `${partitioner} ${producers}→${consumers}: both ends see the same channels`,
  );
  assert.equal(new Set(byProducer).size, byProducer.length, 'no channel twice');
  assert.equal(edge.channels, byProducer.length);
  return edge;
}

test('rescale: every subtask has a peer, runs are neighbours and even to within one', () => {
  for (const [producers, consumers] of PAIRS) {
    const edge = matrix('rescale', producers, consumers);
    assert.equal(edge.channels, Math.max(producers, consumers));
    const runs =
      producers >= consumers ? numbers(consumers).map((c) => edge.producersOf(c)) : numbers(producers).map((p) => edge.consumersOf(p));
    const lengths = runs.map((run) => run.length);
    assert.ok(
      Math.min(...lengths) >= 1 && Math.max(...lengths) - Math.min(...lengths) <= 1,
      `${producers}→${consumers}: ${lengths.join()}`,
    );
    assert.deepEqual(runs.flat(), numbers(Math.max(producers, consumers)), 'runs follow each other');
  }
});

test('rescale cuts as Flink does where the parts are uneven', () => {
  const runs = (producers: number, consumers: number) =>
    numbers(producers).map((p) => channelsOf({ partitioner: 'rescale' }, producers, consumers).consumersOf(p));
  assert.deepEqual(runs(2, 3), [[0, 1], [2]]);
  assert.deepEqual(runs(3, 2), [[0], [1], [1]]);
  assert.deepEqual(runs(2, 4), [
    [0, 1],
    [2, 3],
  ]);
  assert.deepEqual(runs(3, 7), [
    [0, 1, 2],
    [3, 4],
    [5, 6],
  ]);
});

test('all other partitioners reach every consumer', () => {
  const kinds: readonly PartitionerKind[] = ['rebalance', 'shuffle', 'broadcast', 'global', 'hash', 'custom'];
  for (const kind of kinds) {
    for (const [producers, consumers] of PAIRS.slice(0, 200))
      assert.equal(matrix(kind, producers, consumers).channels, producers * consumers);
  }
});

test('forward is one to one and needs equal parallelism', () => {
  for (const count of numbers(24).map((n) => n + 1)) {
    const edge = matrix('forward', count, count);
    for (const subtask of numbers(count)) assert.deepEqual(edge.consumersOf(subtask), [subtask]);
  }
  assert.throws(() => channelsOf({ partitioner: 'forward' }, 2, 3), {
    name: 'UsageError',
    message: 'A forward edge cannot go from 2 to 3 subtasks. Give both ends one parallelism, or use rescale() or rebalance().',
  });
});

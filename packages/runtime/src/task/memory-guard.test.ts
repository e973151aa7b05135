// Goal: the guard speaks of memory that is really held, rarely, and says what holds it. Method: a memory of the test's own, and a clock that is an argument.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SlotMemoryReport } from '../protocol/slot-messages.ts';
import { MemoryGuard } from './memory-guard.ts';

const MIB = 1024 * 1024;

class Bench {
  live = 0;
  garbage = 0;
  external = 0;
  managed = 0;
  collections = 0;
  described = 0;
  readonly reports: SlotMemoryReport[] = [];
  readonly guard = new MemoryGuard({
    memory: {
      heapUsedBytes: () => (this.live + this.garbage) * MIB,
      externalBytes: () => this.external * MIB,
      collect: () => {
        this.collections += 1;
        this.garbage = 0;
      },
    },
    managedBytes: () => this.managed * MIB,
    limitBytes: 100 * MIB,
    slot: 'Slot 1 of TaskManager tm-1',
    describe: (usedBytes) => {
      this.described += 1;
      return `All ${usedBytes / MIB} MiB is in state 'seen'.`;
    },
    report: (report) => void this.reports.push(report),
  });

  look(nowMs: number, live: number, garbage = 0): ReturnType<MemoryGuard['look']> {
    this.live = live;
    this.garbage = garbage;
    return this.guard.look(nowMs);
  }
}

test('below half of the limit nothing is looked for', () => {
  const bench = new Bench();
  for (let nowMs = 0; nowMs < 10_000; nowMs += 10) bench.look(nowMs, 50);
  assert.deepEqual([bench.described, bench.collections, bench.reports.length], [0, 0, 0]);
});

test('from half of it on the slot says once in a second what it holds, without a warning or a collection', () => {
  const bench = new Bench();
  for (let nowMs = 0; nowMs < 10_000; nowMs += 10) bench.look(nowMs, 70);
  assert.equal(bench.collections, 0);
  assert.equal(bench.reports.length, 10);
  assert.deepEqual(bench.reports[0], {
    heapUsedBytes: 70 * MIB,
    externalBytes: 0,
    users: "All 70 MiB is in state 'seen'.",
    warning: undefined,
  });
});

test('near the limit it warns, once in a minute', () => {
  const bench = new Bench();
  for (let nowMs = 0; nowMs < 180_000; nowMs += 10) bench.look(nowMs, 85);
  const warnings = bench.reports.flatMap(({ warning }) => warning ?? []);
  assert.equal(warnings.length, 3);
  assert.equal(
    warnings[0],
    "Slot 1 of TaskManager tm-1 uses 85.0 MiB of heap and 0.0 MiB outside it, 85 % of its limit of 100.0 MiB. All 85 MiB is in state 'seen'. " +
      'Keep less in state and in user functions, spread the job over more slots, or raise taskmanager.memory.task.heap.size.',
  );
});

test('garbage near the limit gives no warning, and is collected for one ever more rarely', () => {
  const bench = new Bench();
  const collectedAt: number[] = [];
  for (let nowMs = 0; nowMs < 1_200_000; nowMs += 100) {
    const before = bench.collections;
    bench.look(nowMs, 20, 70);
    if (bench.collections > before) collectedAt.push(nowMs / 1000);
  }
  assert.deepEqual(
    bench.reports.filter(({ warning }) => warning !== undefined),
    [],
  );
  assert.deepEqual(collectedAt, [0, 10, 30, 70, 150, 310, 630, 950]);
});

test('over the limit the failure says what holds it; garbage over the limit is none', () => {
  const bench = new Bench();
  assert.equal(bench.look(0, 10, 95), undefined);
  assert.equal(bench.look(500, 101), undefined, 'collected a moment ago');
  const failure = bench.look(1_000, 101);
  assert.equal(failure?.reason, 'slot-memory');
  assert.match(
    failure?.message ?? '',
    /^Slot 1 of TaskManager tm-1 uses 101\.0 MiB of heap and 0\.0 MiB outside it; its limit is 100\.0 MiB\. All 101 MiB is in state 'seen'\. Keep less/,
  );
});

test('managed memory is not counted twice: it has a budget of its own', () => {
  const bench = new Bench();
  bench.external = 200;
  bench.managed = 180;
  assert.equal(bench.look(0, 70), undefined);
  bench.managed = 0;
  assert.match(bench.look(2_000, 70)?.message ?? '', /uses 70\.0 MiB of heap and 200\.0 MiB outside it/);
});

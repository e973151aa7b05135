// Goal (faults.md §2): whatever fails, whenever, the results are those of a run without faults, and everything else that must hold does. Method: the real control plane, tasks and
// sinks under a virtual clock and a simulated disk; programs, faults and the order of everything are a seed's. `npm run sim -- --seed S --trace` shows the steps of a seed.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Trigger, TRIGGERS } from './faults.ts';
import { runSeed } from './run-seed.ts';
import type { World } from './world.ts';

const SEEDS = Number(process.env['MILLRACE_SEEDS'] ?? 40);
const FIRST = Number(process.env['MILLRACE_SEED'] ?? 1);
const CHUNK = 50;

describe('jobs under faults', () => {
  for (let first = FIRST; first < FIRST + SEEDS; first += CHUNK) {
    const last = Math.min(first + CHUNK, FIRST + SEEDS) - 1;
    test(`seeds ${first} to ${last}`, async () => {
      for (let seed = first; seed <= last; seed++) {
        const { violations } = await runSeed(seed);
        assert.deepEqual(violations, [], `npm run sim -- --seed ${seed} --trace`);
      }
    });
  }

  test('the same seed is the same run, step by step', async () => {
    for (const seed of [7, 42, 166]) {
      const lines: string[][] = [[], []];
      for (const kept of lines) await runSeed(seed, { print: (line) => void kept.push(line.replaceAll(/[0-9a-f]{8}/g, '*')) });
      assert.deepEqual(lines[0], lines[1]);
    }
  });

  test('a job that is cancelled at any moment is CANCELED, leaves nothing, keeps its checkpoints, and goes on from them', async () => {
    let canceled = 0;
    for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
      const prepare = ({ faults }: World) => {
        for (let count = 0; count < 3; count++) faults.arm(TRIGGERS[(seed + count) % TRIGGERS.length] as Trigger, { kind: 'cancel' });
      };
      const print = (line: string) => {
        if (line.includes('nothing is left')) canceled += 1;
      };
      const { violations } = await runSeed(seed, { prepare, print });
      assert.deepEqual(violations, [], `seed ${seed}`);
    }
    assert.ok(canceled >= SEEDS / 2, `${canceled} of ${SEEDS}`);
  });

  test('the seeds do what they are there for: faults strike, checkpoints are taken, processes are restored at another parallelism', async () => {
    const sums = { faults: 0, checkpoints: 0, processes: 0, restarts: 0 };
    for (let seed = 1; seed <= 30; seed++) {
      const outcome = await runSeed(seed);
      for (const key of Object.keys(sums) as (keyof typeof sums)[]) sums[key] += outcome[key];
    }
    assert.ok(sums.faults >= 25 && sums.checkpoints >= 80 && sums.processes >= 35 && sums.restarts >= 3, JSON.stringify(sums));
  });
});

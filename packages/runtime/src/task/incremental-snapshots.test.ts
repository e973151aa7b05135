// Goal: a checkpoint that builds upon older ones restores to exactly what there was when it began, whatever became of the checkpoints around it, at any parallelism; the files that
// are kept are those that are referred to. Method: as state-snapshots.test.ts, with checkpoints that are complete, given up, late and overlapping, and restarts. Seeds are printed.
import { test } from 'node:test';
import { checkIncrementalWorld } from './testing-incremental-world.ts';
import { WORLD_KEYS } from './testing-world-check.ts';

const replayed = process.env['MILLRACE_SEED'];
const SEEDS = replayed === undefined ? [1, 2, 3, 4, 5, 6] : [Number(replayed)];

for (const kind of Object.keys(WORLD_KEYS)) {
  test(`checkpoints that build upon each other, keys are ${kind}`, async () => {
    for (const seed of SEEDS) await checkIncrementalWorld(seed, kind);
  });
}

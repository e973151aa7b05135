// Goal: a snapshot holds exactly what there was when it began, whatever happens to the state while it is being written, and restores to that at any parallelism.
// Method: random calls on every kind of keyed state, tables and timers, and on a plain model; snapshots are begun at random points, moved on by a few entries now and then,
// some of them overlapping, some given up; each is restored at 1 to 3 subtasks, whose contents together must be the model's at the beginning. Seeds are printed.
import { test } from 'node:test';
import { checkWorld, WORLD_KEYS } from './testing-world-check.ts';

const replayed = process.env['MILLRACE_SEED'];
const SEEDS = replayed === undefined ? [1, 2, 3, 4] : [Number(replayed)];

for (const kind of Object.keys(WORLD_KEYS)) {
  test(`snapshots while writes go on, keys are ${kind}`, async () => {
    for (const seed of SEEDS) await checkWorld(seed, kind);
  });
}

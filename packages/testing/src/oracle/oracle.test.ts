// Goal: whatever the program, its parallelism, its chains, its channels and the order of turns, it emits what a plain reading of the API says. Method: random programs
// from seeds, compared with a reference interpreter at every point where nothing moves any more.
// Replay: MILLRACE_SEED=<seed printed by the failure>; more seeds: MILLRACE_SEEDS=2000, as `npm run verify` does.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkSeed } from './check-program.ts';

const replayed = process.env['MILLRACE_SEED'];
const first = Number(replayed ?? 1);
const seeds = replayed === undefined ? Number(process.env['MILLRACE_SEEDS'] ?? 30) : 1;

test(`${seeds} random programs do what the reference says`, async () => {
  for (let seed = first; seed < first + seeds; seed++) {
    const difference = await checkSeed(seed);
    assert.equal(difference, undefined, difference);
  }
});

// Goal: a snapshot holds exactly what there was when it began, whatever happens to the state while it is being written, and restores to that at any parallelism.
// Method: random calls on every kind of keyed state, tables and timers, and on a plain model; snapshots are begun at random points, moved on by a few entries now and then,
// some of them overlapping, some given up; each is restored at 1 to 3 subtasks, whose contents together must be the model's at the beginning. Seeds are printed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Random, seededRandom } from '@millrace/core/base/random';
import type { TypeInformation } from '@millrace/core/types/type-information';
import { Types } from '@millrace/core/types/types';
import { completed, contentsOf, openServices, restoreServices, snapshotOf, World } from './testing-state-world.ts';

const SEEDS =
  process.env['MILLRACE_SEED'] === undefined ? Array.from({ length: 4 }, (_, seed) => seed + 1) : [Number(process.env['MILLRACE_SEED'])];
const STEPS = 500;

type KeyMaker = (random: Random) => unknown;

const KEYS: Readonly<Record<string, KeyMaker>> = {
  numbers: (random) => random.nextInt(300) - 20,
  strings: (random) => `key ${random.nextInt(120)}`,
  composites: (random) => [`part ${random.nextInt(12)}`, random.nextInt(6)],
  mixed: (random) => (random.nextInt(150) === 0 ? `text ${random.nextInt(3)}` : random.nextInt(200)),
  odd: (random) => [0, -0, Number.MAX_SAFE_INTEGER, 0.5, true, false, null, 12n, new Date(5), { b: 1, a: [2] }][random.nextInt(10)],
};

for (const [kind, keyOf] of Object.entries(KEYS)) {
  test(`snapshots while writes go on, keys are ${kind}`, async () => {
    for (const seed of SEEDS) {
      const random = seededRandom(seed);
      const options = { keyType: kind === 'strings' ? (Types.STRING as TypeInformation<unknown>) : undefined };
      const world = new World(openServices(options));
      const begun: ReturnType<typeof snapshotOf>[] = [];
      for (let step = 0; step < STEPS; step++) {
        world.step(random, keyOf(random));
        if (random.nextInt(120) === 0) begun.push(snapshotOf(world, begun.length + 1));
        const under = begun[random.nextInt(begun.length + 1)];
        if (under !== undefined && random.nextInt(6) === 0) under.snapshot.advance(1 + random.nextInt(20));
        if (under === undefined || random.nextInt(80) !== 0) continue;
        await under.snapshot.cancel();
        begun.splice(begun.indexOf(under), 1);
      }
      begun.push(snapshotOf(world, 99));
      for (const { snapshot, model } of begun) {
        while (snapshot.advance(1 + random.nextInt(50)) !== 'done') world.step(random, keyOf(random));
        const state = await snapshot.finish();
        assert.deepEqual(sorted(await contentsOf(state)), sorted(model), `seed ${seed}: what the snapshot holds`);
        const restored = await restoreServices(state, 1 + random.nextInt(3), options);
        const contents: [string, unknown][] = [];
        for (const services of restored) {
          const again = snapshotOf(random.nextInt(4) === 0 ? { services, model } : new World(services), 100).snapshot; // asked for, or carried on
          contents.push(...(await contentsOf(await completed(again))));
        }
        assert.deepEqual(
          contents.sort(([a], [b]) => (a < b ? -1 : 1)),
          sorted(model),
          `seed ${seed}: what was restored`,
        );
      }
    }
  });
}

function sorted(contents: ReadonlyMap<string, unknown>): readonly (readonly [string, unknown])[] {
  return [...contents].sort(([a], [b]) => (a < b ? -1 : 1));
}

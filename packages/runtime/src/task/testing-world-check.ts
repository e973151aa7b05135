/** For tests of snapshots: random calls on a world of states, with snapshots under way, each restored and held to the model. */
import assert from 'node:assert/strict';
import { type Random, seededRandom } from '@millrace/core/base/random';
import type { TypeInformation } from '@millrace/core/types/type-information';
import { Types } from '@millrace/core/types/types';
import type { OperatorSubtaskState } from '../checkpoint/state-handles.ts';
import {
  type BegunSnapshot,
  completed,
  contentsOf,
  openServices,
  restoreServices,
  snapshotOf,
  World,
  type WorldOptions,
} from './testing-state-world.ts';

export type KeyMaker = (random: Random) => unknown;

/** Every kind of key that a backend meets. */
export const WORLD_KEYS: Readonly<Record<string, KeyMaker>> = {
  numbers: (random) => random.nextInt(300) - 20,
  strings: (random) => `key ${random.nextInt(120)}`,
  composites: (random) => [`part ${random.nextInt(12)}`, random.nextInt(6)],
  mixed: (random) => (random.nextInt(150) === 0 ? `text ${random.nextInt(3)}` : random.nextInt(200)),
  odd: (random) => [0, -0, Number.MAX_SAFE_INTEGER, 0.5, true, false, null, 12n, new Date(5), { b: 1, a: [2] }][random.nextInt(10)],
};

const STEPS = 500;

/** Random calls with snapshots begun, moved on, given up and overlapping; each is restored at 1 to 3 subtasks and held to the model. Throws what differs. */
export async function checkWorld(seed: number, kind: string, given: Pick<WorldOptions, 'stateBackend'> = {}): Promise<void> {
  const random = seededRandom(seed);
  const keyOf = WORLD_KEYS[kind] as KeyMaker;
  const options = { ...given, keyType: kind === 'strings' ? (Types.STRING as TypeInformation<unknown>) : undefined };
  const world = new World(openServices(options));
  const begun: BegunSnapshot[] = [];
  for (let step = 0; step < STEPS; step++) {
    world.step(random, keyOf(random));
    if (random.nextInt(10) === 0) world.verify(keyOf(random), `seed ${seed}, step ${step}`);
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
    await checkRestored(await snapshot.finish(), model, { random, options, where: `seed ${seed}, keys are ${kind}` });
  }
}

interface Checking {
  readonly random: Random;
  readonly options: WorldOptions;
  readonly where: string;
}

async function checkRestored(
  state: OperatorSubtaskState,
  model: ReadonlyMap<string, unknown>,
  { random, options, where }: Checking,
): Promise<void> {
  assert.deepEqual(sorted(await contentsOf(state)), sorted(model), `${where}: what the snapshot holds`);
  const contents: [string, unknown][] = [];
  for (const services of await restoreServices(state, 1 + random.nextInt(3), options)) {
    const isAskedFor = random.nextInt(4) > 0; // or carried on
    const again = snapshotOf(isAskedFor ? new World(services) : { services, model }, 100).snapshot;
    contents.push(...(await contentsOf(await completed(again))));
  }
  assert.deepEqual(sorted(contents), sorted(model), `${where}: what was restored`);
}

export function sorted(contents: Iterable<readonly [string, unknown]>): readonly (readonly [string, unknown])[] {
  return [...contents].sort(([a], [b]) => (a < b ? -1 : 1));
}

// Goal: a checkpoint that builds upon older ones restores to exactly what there was when it began, whatever became of the checkpoints around it, at any parallelism; the files that
// are kept are those that are referred to. Method: as state-snapshots.test.ts, with checkpoints that are complete, given up, late and overlapping, and restarts. Seeds are printed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Types } from '@millrace/core/types/types';
import { ValueStateDescriptor } from '@millrace/streaming/contract/state-descriptor';
import { stateSizeOf } from '../checkpoint/metadata-walk.ts';
import type { OperatorServices } from './operator-services.ts';
import { checkIncrementalWorld, MemoryFiles } from './testing-incremental-world.ts';
import { completed, openServices } from './testing-state-world.ts';
import { WORLD_KEYS } from './testing-world-check.ts';

const replayed = process.env['MILLRACE_SEED'];
const SEEDS = replayed === undefined ? [1, 2, 3, 4, 5, 6] : [Number(replayed)];

for (const kind of Object.keys(WORLD_KEYS)) {
  test(`checkpoints that build upon each other, keys are ${kind}`, async () => {
    for (const seed of SEEDS) await checkIncrementalWorld(seed, kind);
  });
}

const KEYS = 20_000;

/** Counts every hundredth key, another one each time. */
function countSome({ keyedState }: OperatorServices, round: number): void {
  const count = keyedState.getState(new ValueStateDescriptor('count', Types.LONG));
  for (let key = round % 100; key < KEYS; key += 100) {
    keyedState.setCurrentKey(key);
    count.update((count.value() ?? 0) + 1);
  }
}

test('CK-17: where one key in a hundred has changed, at most a tenth is written; after 100 such checkpoints everything is restored', async () => {
  const files = new MemoryFiles(0);
  const options = { keyType: Types.LONG as never, isIncremental: true };
  const services = openServices(options);
  for (let round = 0; round < 100; round++) countSome(services, round);
  const sizes: number[] = [];
  let last: Awaited<ReturnType<typeof completed>> | undefined;
  for (let id = 1; id <= 101; id++) {
    if (id > 1) countSome(services, id);
    const snapshot = services.beginSnapshot(files.barrierOf(id), files);
    snapshot.seal();
    last = await completed(snapshot);
    sizes.push(snapshot.checkpointedBytes);
    services.notifyCheckpoint(id, 'complete');
  }
  const [whole = 0, ...rest] = sizes;
  assert.ok((sizes[1] as number) <= whole / 10, `${sizes[1]} of ${whole} bytes`);
  assert.ok(rest.reduce((sum, size) => sum + size, 0) <= (whole / 10) * rest.length, `${rest.join(' ')} of ${whole} bytes`);
  assert.ok(stateSizeOf(last ?? { keyed: [], operator: [] }) <= 2 * whole);
  const restored = openServices(options, 0, 1, last, { checkpointId: 101, base: '/checkpoints/job', openStream: files.open });
  await restored.load();
  const count = restored.keyedState.getState(new ValueStateDescriptor('count', Types.LONG));
  for (let key = 0; key < KEYS; key++) {
    restored.keyedState.setCurrentKey(key);
    assert.equal(count.value(), 2, `key ${key}`);
  }
});

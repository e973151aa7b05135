// Goal: both backends do what the contract asks, one runs under a job, and the contract finds out backends that do not. Method: the suite on each; a job on the toy; planted faults.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HASHMAP_STATE_BACKEND } from '@millrace/runtime/state/heap-state-backend';
import type { KeyedBackendEnvironment } from '@millrace/runtime/state/state-backend';
import { TestEnvironment } from '../index.ts';
import { incrementalContract, stateBackendContract } from './state-backend-contract.ts';
import { type ToyFaults, toyStateBackend } from './toy-state-backend.ts';

for (const { name, run } of stateBackendContract('hashmap', { make: () => HASHMAP_STATE_BACKEND })) test(name, run);
for (const { name, run } of stateBackendContract('toy', { make: () => toyStateBackend() })) test(name, run);
for (const { name, run } of incrementalContract('hashmap', { make: () => HASHMAP_STATE_BACKEND })) test(name, run);
for (const { name, run } of incrementalContract('toy', { make: () => toyStateBackend() })) test(name, run);

const FAULTS: Readonly<Record<string, ToyFaults>> = {
  'one whose snapshots show what came later': { freezesLate: true },
  'one that forgets a key in snapshots': { forgets: (key) => key === 7 },
};

for (const [what, faults] of Object.entries(FAULTS)) {
  test(`the contract finds out ${what}`, async () => {
    const checks = stateBackendContract('faulty', { make: () => toyStateBackend(faults), seeds: 4 });
    await assert.rejects(Promise.all(checks.map(({ run }) => run())), /seed \d/);
  });
}

test('a job keeps its state where setStateBackend says', async () => {
  const env = TestEnvironment.create({ parallelism: 2 });
  let made = 0;
  const toy = toyStateBackend();
  const createKeyedBackend = (environment: KeyedBackendEnvironment) => {
    made += 1;
    return toy.createKeyedBackend(environment);
  };
  env.setStateBackend({ name: 'counted', createKeyedBackend } as never);
  const sink = env.collect(
    env
      .fromData(1, 2, 3, 4, 5)
      .keyBy((n) => n % 2)
      .reduce((a, b) => a + b),
  );
  await env.execute();
  assert.deepEqual(
    sink.take().sort((a, b) => a - b),
    [1, 2, 4, 6, 9],
  );
  assert.ok(made > 0);
});

test('what is no backend is refused', () => {
  const env = TestEnvironment.create();
  env.setStateBackend('hashmap');
  assert.throws(
    () => env.setStateBackend('rocksdb' as never),
    /got 'rocksdb'\. Give it 'hashmap' or a StateBackend\. The backend on RocksDB is not there yet/,
  );
  assert.throws(() => env.setStateBackend({ name: 'x' }), /an object without name and createKeyedBackend/);
});

// Goal: a value with a time to live is never seen once it has expired and never lost before, for every kind of state, update type and clean-up, through snapshots and restores.
// Method: random calls under a clock that the test moves, on the state and on a model that keeps every value with the time of its last use; a restore now and then. Seeds are printed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@millrace/core/base/random';
import {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  ValueStateDescriptor,
} from '@millrace/streaming/contract/state-descriptor';
import type { StateTtlConfig } from '@millrace/streaming/contract/state-ttl';
import type { OperatorServices } from './operator-services.ts';
import { completed, contentsOf, openServices, restoreServices, snapshotOf } from './testing-state-world.ts';

const SEEDS = process.env['MILLRACE_SEED'] === undefined ? [1, 2, 3, 4, 5] : [Number(process.env['MILLRACE_SEED'])];
const TTL = 90;

interface Used {
  value: number;
  time: number;
}

const sum = {
  createAccumulator: () => ({ n: 0 }),
  add: (x: number, acc: { n: number }) => Object.assign(acc, { n: acc.n + x }),
  getResult: ({ n }: { n: number }) => n,
};

function handlesOf(services: OperatorServices, config: StateTtlConfig) {
  const backend = services.keyedState;
  const windowed = backend.getNamespacedState(new ReducingStateDescriptor<number>('windowed', (a, b) => a + b).enableTimeToLive(config), {
    idOf: (n: number) => n,
  });
  return {
    backend,
    value: backend.getState(new ValueStateDescriptor<number>('value').enableTimeToLive(config)),
    list: backend.getListState(new ListStateDescriptor<number>('list').enableTimeToLive(config)),
    map: backend.getMapState(new MapStateDescriptor<string, number>('map').enableTimeToLive(config)),
    total: backend.getAggregatingState(new AggregatingStateDescriptor('total', sum).enableTimeToLive(config)),
    windowed,
  };
}

const CONFIGS: readonly StateTtlConfig[] = [
  { ttl: `${TTL} ms` },
  { ttl: `${TTL} ms`, updateType: 'OnReadAndWrite' },
  { ttl: `${TTL} ms`, cleanup: 'full-snapshot' },
  { ttl: `${TTL} ms`, updateType: 'OnReadAndWrite', cleanup: 'compaction' },
];

for (const config of CONFIGS) {
  test(`state with ${JSON.stringify(config)} is what a model of it is`, async () => {
    for (const seed of SEEDS) {
      const random = seededRandom(seed);
      let now = 1000;
      const options = { keyType: undefined, now: () => now };
      const model = new Map<string, Used[]>();
      const live = (id: string): Used[] => (model.get(id) ?? []).filter(({ time }) => time + TTL > now);
      const read = (id: string): number[] => {
        const all = live(id);
        if (config.updateType === 'OnReadAndWrite') for (const used of all) used.time = now;
        model.set(id, all);
        return all.map(({ value }) => value);
      };
      let current = openServices(options);
      let state = handlesOf(current, config);
      for (let step = 0; step < 500; step++) {
        const where = `seed ${seed}, step ${step}, ${JSON.stringify(config)}`;
        const key = random.nextInt(4);
        now += random.nextInt(4);
        state.backend.setCurrentKey(key);
        const n = random.nextInt(100);
        const name = `n${n % 3}`;
        switch (random.nextInt(11)) {
          case 0:
            state.value.update(n);
            model.set(`value ${key}`, [{ value: n, time: now }]);
            break;
          case 1:
            state.list.add(n);
            model.set(`list ${key}`, [...live(`list ${key}`), { value: n, time: now }]);
            break;
          case 2:
            state.map.put(name, n);
            model.set(`map ${key} ${name}`, [{ value: n, time: now }]);
            break;
          case 3:
            state.total.add(n);
            model.set(`total ${key}`, [{ value: (live(`total ${key}`)[0]?.value ?? 0) + n, time: now }]);
            break;
          case 4:
            state.windowed.at(n % 2).add(n);
            model.set(`windowed ${key} ${n % 2}`, [{ value: (live(`windowed ${key} ${n % 2}`)[0]?.value ?? 0) + n, time: now }]);
            break;
          case 5:
            assert.deepEqual(state.value.value(), read(`value ${key}`)[0], where);
            break;
          case 6:
            assert.deepEqual([...state.list.get()], read(`list ${key}`), where);
            break;
          case 7:
            assert.deepEqual(state.map.get(name), read(`map ${key} ${name}`)[0], where);
            break;
          case 8:
            assert.deepEqual(state.total.get(), read(`total ${key}`)[0], where);
            break;
          case 9:
            assert.deepEqual(state.windowed.at(n % 2).get(), read(`windowed ${key} ${n % 2}`)[0], where);
            break;
          default: {
            if (random.nextInt(4) > 0) break;
            const { snapshot } = snapshotOf({ services: current, model: new Map() }, step);
            [current] = (await restoreServices(await completed(snapshot), 1, options)) as [OperatorServices];
            state = handlesOf(current, config);
          }
        }
      }
    }
  });
}

test('what has expired is returned once where the state says so, and then it is gone', () => {
  let now = 0;
  const state = handlesOf(openServices({ keyType: undefined, now: () => now }), {
    ttl: '10 ms',
    stateVisibility: 'ReturnExpiredIfNotCleanedUp',
    cleanup: 'full-snapshot',
  });
  state.backend.setCurrentKey('k');
  state.value.update(1);
  state.list.add(2);
  state.map.put('a', 3);
  now = 10;
  assert.deepEqual([state.value.value(), [...state.list.get()], [...state.map.entries()]], [1, [2], [['a', 3]]]);
  assert.deepEqual([state.value.value(), [...state.list.get()], [...state.map.entries()]], [undefined, [], []]);
});

test('incremental clean-up empties the tables of keys that nobody asks for; full-snapshot leaves them out of checkpoints', async () => {
  for (const cleanup of ['incremental', 'full-snapshot'] as const) {
    let now = 0;
    const services = openServices({ keyType: undefined, now: () => now });
    const state = handlesOf(services, { ttl: '10 ms', cleanup });
    for (let key = 0; key < 200; key++) {
      state.backend.setCurrentKey(key);
      state.value.update(key);
      state.map.put('a', key);
      state.windowed.at(1).add(key);
    }
    now = 10;
    state.backend.setCurrentKey('other');
    for (let n = 0; n < 400; n++) {
      state.value.update(n);
      state.map.put('b', n);
      state.windowed.at(2).add(n);
    }
    const contents = await contentsOf(await completed(snapshotOf({ services, model: new Map() }, 1).snapshot));
    assert.equal(contents.size, 3, cleanup);
  }
});

test('a time to live that is none is refused, and one of operator state', () => {
  const descriptor = new ListStateDescriptor<number>('list');
  assert.throws(
    () => descriptor.enableTimeToLive({ ttl: '0 ms' }),
    /enableTimeToLive of state 'list' got a ttl of 0 ms\. Give one above 0/,
  );
  assert.throws(
    () => descriptor.enableTimeToLive({ ttl: '1 s', cleanup: 'never' as never }),
    /got cleanup "never"\. It takes 'incremental', 'full-snapshot', 'compaction'/,
  );
  descriptor.enableTimeToLive({ ttl: '1 s' });
  assert.throws(() => openServices({ keyType: undefined }).operatorState.getListState(descriptor), /only keyed state can have/);
});

// biome-ignore-all lint/complexity/noCommaOperator: an action, and the model after it, side by side
// Goal: every kind of keyed and operator state does what a plain model of it does, for all kinds of keys, in and outside of namespaces. Method: seeded random calls on the
// state and on Maps and arrays; what can be read is compared after each. A failing seed is printed and can be put into SEEDS.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Random, seededRandom } from '@millrace/core/base/random';
import {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  ValueStateDescriptor,
} from '@millrace/streaming/contract/state-descriptor';
import { CurrentKey } from './current-key.ts';
import { HeapKeyedStateBackend } from './heap-keyed-state-backend.ts';
import { HeapOperatorStateStore } from './heap-operator-state.ts';
import { HeapTableFactory } from './heap-tables.ts';
import { entriesIn } from './testing-freeze.ts';

const SEEDS = Array.from({ length: 6 }, (_, seed) => seed + 1);
const STEPS = 250;

const KEYS: Readonly<Record<string, readonly unknown[]>> = {
  numbers: [0, 1, -7, 2.5, 1e15, -0],
  strings: ['', 'a', 'b', 'a\u0000', '\u0000a'],
  composites: [['a', 1], ['a', 2], { x: 1, y: 'z' }, { y: 'z', x: 1 }, null, true],
};

function backendOf(tables = new HeapTableFactory()): HeapKeyedStateBackend {
  return new HeapKeyedStateBackend({ currentKey: new CurrentKey(), tables, keyType: undefined, freeze: undefined, now: () => 0 });
}

/** Equal for equal keys, as the contract says keys are compared. */
function idOf(key: unknown): string {
  if (typeof key === 'object' && key !== null && !Array.isArray(key)) {
    const record = key as Record<string, unknown>;
    return JSON.stringify(
      Object.keys(record)
        .sort()
        .map((name) => [name, record[name]]),
    );
  }
  return `${typeof key}:${JSON.stringify(typeof key === 'number' ? key + 0 : key)}`;
}

function pick<T>(random: Random, items: readonly T[]): T {
  return items[random.nextInt(items.length)] as T;
}

const mean = {
  createAccumulator: () => ({ n: 0, sum: 0 }),
  add: (x: number, acc: { n: number; sum: number }) => {
    acc.n += 1;
    acc.sum += x;
    return acc;
  },
  getResult: (acc: { n: number; sum: number }) => acc.sum / acc.n,
  merge: (a: { n: number; sum: number }, b: { n: number; sum: number }) => ({ n: a.n + b.n, sum: a.sum + b.sum }),
};

/** A state as the model sees it: an action with a random number on both sides, and what can be read. */
interface Pair<M> {
  readonly fresh: () => M;
  readonly actions: readonly ((n: number, model: M) => M)[];
  readonly read: () => unknown;
  readonly expected: (model: M) => unknown;
}

function pairsOf(backend: HeapKeyedStateBackend): Record<string, Pair<never>> {
  const value = backend.getState(new ValueStateDescriptor<number>('value'));
  const list = backend.getListState(new ListStateDescriptor<number>('list'));
  const map = backend.getMapState(new MapStateDescriptor<unknown, number>('map'));
  const sum = backend.getReducingState(new ReducingStateDescriptor<number>('sum', (a: number, b: number) => a + b));
  const average = backend.getAggregatingState(new AggregatingStateDescriptor('mean', mean));
  const names: unknown[] = [0, 'a', -0, ['p', 1], { q: 2 }, 'b'];
  const nameOf = (n: number) => names[n % names.length];
  const pairs: Record<string, Pair<never>> = {};
  const pair = <M>(name: string, each: Pair<M>) => {
    pairs[name] = each as unknown as Pair<never>;
  };
  pair<number | undefined>('value', {
    fresh: () => undefined,
    actions: [(n) => (value.update(n), n), (n) => (value.update(n), n), () => (value.clear(), undefined)],
    read: () => value.value(),
    expected: (model) => model,
  });
  pair<number[]>('list', {
    fresh: () => [],
    actions: [
      (n, model) => (list.add(n), [...model, n]),
      (n, model) => (list.addAll([n, n + 1]), [...model, n, n + 1]),
      (n) => (list.update(n % 3 === 0 ? [] : [n]), n % 3 === 0 ? [] : [n]),
      () => (list.clear(), []),
    ],
    read: () => [...list.get()],
    expected: (model) => model,
  });
  pair<[unknown, number][]>('map', {
    fresh: () => [],
    actions: [
      (n, model) => (map.put(nameOf(n), n), withEntry(model, nameOf(n), n)),
      (n, model) => (
        map.putAll([
          [nameOf(n), 1],
          [nameOf(n + 1), 2],
        ]),
        withEntry(withEntry(model, nameOf(n), 1), nameOf(n + 1), 2)
      ),
      (n, model) => (map.remove(nameOf(n)), model.filter(([name]) => idOf(name) !== idOf(nameOf(n)))),
      () => (map.clear(), []),
    ],
    read: () => ({
      entries: [...map.entries()].map(([name, n]) => [idOf(name), n]),
      keys: [...map.keys()].map(idOf),
      values: [...map.values()],
      isEmpty: map.isEmpty(),
      has: names.map((name) => map.contains(name)),
      got: names.map((name) => map.get(name)),
    }),
    expected: (model) => {
      const entries = model.map(([name, n]) => [idOf(name), n] as const);
      const byId = new Map(entries);
      return {
        entries: entries.map((entry) => [...entry]),
        keys: entries.map(([id]) => id),
        values: entries.map(([, n]) => n),
        isEmpty: entries.length === 0,
        has: names.map((name) => byId.has(idOf(name))),
        got: names.map((name) => byId.get(idOf(name))),
      };
    },
  });
  pair<number | undefined>('sum', {
    fresh: () => undefined,
    actions: [(n, model) => (sum.add(n), (model ?? 0) + n), (n, model) => (sum.add(n), (model ?? 0) + n), () => (sum.clear(), undefined)],
    read: () => sum.get(),
    expected: (model) => model,
  });
  pair<number[]>('mean', {
    fresh: () => [],
    actions: [(n, model) => (average.add(n), [...model, n]), (n, model) => (average.add(n), [...model, n]), () => (average.clear(), [])],
    read: () => average.get(),
    expected: (model) => (model.length === 0 ? undefined : model.reduce((a, b) => a + b, 0) / model.length),
  });
  return pairs;
}

function withEntry(model: [unknown, number][], name: unknown, n: number): [unknown, number][] {
  const at = model.findIndex(([known]) => idOf(known) === idOf(name));
  if (at < 0) return [...model, [name, n]];
  return model.map((entry, index) => (index === at ? [entry[0], n] : entry));
}

for (const [kindOfKey, keys] of Object.entries(KEYS)) {
  for (const name of ['value', 'list', 'map', 'sum', 'mean']) {
    test(`ST-2: ${name} state of ${kindOfKey} does what its model does`, () => {
      for (const seed of SEEDS) {
        const random = seededRandom(seed);
        const backend = backendOf();
        const pair = pairsOf(backend)[name] as Pair<never>;
        const models = new Map<string, never>();
        for (let step = 0; step < STEPS; step++) {
          const key = pick(random, keys);
          backend.setCurrentKey(key);
          const before = models.get(idOf(key)) ?? pair.fresh();
          models.set(idOf(key), pick(random, pair.actions)(random.nextInt(20), before));
          for (const other of keys) {
            backend.setCurrentKey(other);
            const model = models.get(idOf(other)) ?? pair.fresh();
            assert.deepEqual(pair.read(), pair.expected(model), `seed ${seed}, step ${step}, key ${idOf(other)}`);
          }
        }
      }
    });
  }
}

test('states in namespaces know nothing of each other, nor of the state of that name outside; merging moves what is there', () => {
  for (const seed of SEEDS) {
    const random = seededRandom(seed);
    const tables = new HeapTableFactory();
    const backend = backendOf(tables);
    const descriptor = new ListStateDescriptor<number>('list');
    const outside = backend.getListState(descriptor);
    const inside = backend.getNamespacedState(descriptor, { idOf: (window: { readonly start: number }) => window.start });
    const model = new Map<string, number[]>();
    const cellOf = (key: number, start: number | undefined) => `${key}/${start}`;
    for (let step = 0; step < STEPS; step++) {
      const key = random.nextInt(3);
      const start = random.nextInt(4);
      backend.setCurrentKey(key);
      const cell = cellOf(key, start);
      switch (random.nextInt(4)) {
        case 0:
          inside.at({ start }).add(step);
          model.set(cell, [...(model.get(cell) ?? []), step]);
          break;
        case 1:
          inside.at({ start }).clear();
          model.delete(cell);
          break;
        case 2:
          outside.add(step);
          model.set(cellOf(key, undefined), [...(model.get(cellOf(key, undefined)) ?? []), step]);
          break;
        default: {
          const source = (start + 1) % 4;
          inside.mergeNamespaces({ start }, [{ start: source }]);
          model.set(cell, [...(model.get(cell) ?? []), ...(model.get(cellOf(key, source)) ?? [])]);
          model.delete(cellOf(key, source));
        }
      }
      for (let other = 0; other < 3; other++) {
        backend.setCurrentKey(other);
        assert.deepEqual([...outside.get()], model.get(cellOf(other, undefined)) ?? [], `seed ${seed}, step ${step}`);
        for (let each = 0; each < 4; each++)
          assert.deepEqual([...inside.at({ start: each }).get()], model.get(cellOf(other, each)) ?? [], `seed ${seed}, step ${step}`);
      }
    }
    const seen = new Map<string, unknown>();
    for (const { key, namespace, value } of entriesIn(tables))
      seen.set(cellOf(key as number, (namespace as { start: number } | undefined)?.start), value);
    assert.deepEqual(seen, new Map([...model].filter(([, list]) => list.length > 0)), `seed ${seed}: what a snapshot would see`);
  }
});

test('merging reduced values and accumulators', () => {
  const backend = backendOf();
  const sums = backend.getNamespacedState(new ReducingStateDescriptor<number>('sum', (a: number, b: number) => a + b), {
    idOf: (n: number) => n,
  });
  const means = backend.getNamespacedState(new AggregatingStateDescriptor('mean', mean), { idOf: (n: number) => n });
  backend.setCurrentKey('k');
  for (const n of [1, 2, 3]) {
    sums.at(n).add(n);
    means.at(n).add(n);
  }
  sums.mergeNamespaces(1, [2, 3]);
  means.mergeNamespaces(1, [2, 3]);
  assert.deepEqual([sums.at(1).get(), sums.at(2).get(), sums.at(3).get()], [6, undefined, undefined]);
  assert.deepEqual([means.at(1).get(), means.at(2).get()], [2, undefined]);
  const { merge: _none, ...without } = mean;
  const lonely = backend.getNamespacedState(new AggregatingStateDescriptor('lonely', without), { idOf: (n: number) => n });
  for (const n of [1, 2]) lonely.at(n).add(n);
  assert.throws(() => lonely.mergeNamespaces(1, [2]), /state 'lonely' has no merge/);
  const values = backend.getNamespacedState(new ValueStateDescriptor<number>('v'), { idOf: (n: number) => n });
  assert.throws(() => values.mergeNamespaces(1, [2]), /only lists, reducing and aggregating states can/);
});

test('applyToAllKeys visits each key that has something, with the handle at that key, and may change it', () => {
  const backend = backendOf();
  const descriptor = new ListStateDescriptor<number>('waiting');
  const list = backend.getListState(descriptor);
  for (const key of [1, 2, 3]) {
    backend.setCurrentKey(key);
    list.add(key * 10);
  }
  backend.setCurrentKey(2);
  list.clear();
  const seen: unknown[][] = [];
  backend.applyToAllKeys(descriptor, (key, state) => {
    seen.push([key, backend.getCurrentKey(), ...state.get()]);
    state.clear();
  });
  assert.deepEqual(
    seen.sort(([a], [b]) => Number(a) - Number(b)),
    [
      [1, 1, 10],
      [3, 3, 30],
    ],
  );
  assert.throws(() => list.get(), /There is no key here/);
  backend.setCurrentKey(1);
  assert.deepEqual([...list.get()], []);
});

test('a list may be added to while it is read; what is read does not grow', () => {
  const backend = backendOf();
  const list = backend.getListState(new ListStateDescriptor<number>('list'));
  backend.setCurrentKey('k');
  list.addAll([1, 2, 3]);
  for (const n of list.get()) list.add(n * 10);
  assert.deepEqual([...list.get()], [1, 2, 3, 10, 20, 30]);
  list.addAll(list.get());
  assert.equal([...list.get()].length, 12);
});

test('a result that is the accumulator is a copy: the next add must not change what was emitted', () => {
  const backend = backendOf();
  const all = {
    createAccumulator: (): number[] => [],
    add: (n: number, acc: number[]) => (acc.push(n), acc),
    getResult: (acc: number[]) => acc,
  };
  const state = backend.getAggregatingState(new AggregatingStateDescriptor('all', all));
  backend.setCurrentKey('k');
  state.add(1);
  const emitted = state.get();
  state.add(2);
  assert.deepEqual([emitted, state.get()], [[1], [1, 2]]);
});

test('ST-1: without a key keyed state is refused, wherever it is touched', () => {
  const backend = backendOf();
  const value = backend.getState(new ValueStateDescriptor<number>('value'));
  const noKey = /There is no key here\. Keyed state and timers belong to the key of the record or the timer under way/;
  assert.throws(() => value.value(), noKey);
  assert.throws(() => value.update(1), noKey);
  assert.throws(() => value.clear(), noKey);
  assert.throws(() => backend.getCurrentKey(), noKey);
  backend.setCurrentKey(undefined);
  assert.equal(value.value(), undefined);
  backend.clearCurrentKey();
  assert.throws(() => value.value(), noKey);
});

test('one name, one state: another kind or type under it is refused, the same one is the same handle', () => {
  const backend = backendOf();
  const value = backend.getState(new ValueStateDescriptor<number>('s'));
  assert.equal(backend.getState(new ValueStateDescriptor<number>('s')), value);
  assert.throws(
    () => backend.getListState(new ListStateDescriptor<number>('s')),
    /State 's' is value state of learned type and was asked for as list state of learned type\. Give each state of an operator a name of its own/,
  );
  assert.throws(
    () => backend.getState(new ListStateDescriptor('x') as never),
    /getState got the descriptor of a list state\. Give it that of a value state\./,
  );
  assert.throws(() => backend.getState('x' as never), /getState got no state descriptor/);
  assert.throws(() => new ValueStateDescriptor(''), /ValueStateDescriptor got an empty text as the name of a state/);
});

test('what cannot be stored is refused where it is stored, with the state and the path', () => {
  const backend = backendOf();
  const value = backend.getState(new ValueStateDescriptor<unknown>('seen'));
  const map = backend.getMapState(new MapStateDescriptor<unknown, unknown>('by-page'));
  backend.setCurrentKey('k');
  assert.throws(
    () => value.update(undefined),
    /The value of state 'seen' would become undefined, which is no value\. To forget it, clear or remove it\./,
  );
  assert.throws(() => value.update(Promise.resolve(1)), /The value of state 'seen' would become a promise/);
  assert.throws(() => value.update({ at: { fn: () => 1 } }), /The value of state 'seen' cannot be stored: .*at\.fn/s);
  assert.throws(() => map.put('a', Symbol('s')), /A value of state 'by-page' cannot be stored/);
  assert.throws(() => map.put(Number.NaN, 1), /NaN/);
  assert.equal(value.value(), undefined, 'nothing of it was stored');
});

test('freeze-records freezes what is stored, and leaves accumulators alone', () => {
  const freeze = (value: unknown) => void Object.freeze(value);
  const options = { currentKey: new CurrentKey(), tables: new HeapTableFactory(), keyType: undefined, now: () => 0, freeze };
  const backend = new HeapKeyedStateBackend(options);
  const value = backend.getState(new ValueStateDescriptor<{ n: number }>('v'));
  const average = backend.getAggregatingState(new AggregatingStateDescriptor('mean', mean));
  backend.setCurrentKey('k');
  const stored = { n: 1 };
  value.update(stored);
  assert.throws(() => {
    stored.n = 2;
  }, TypeError);
  average.add(1);
  average.add(2);
  assert.equal(average.get(), 1.5);
});

test('operator state: list, union list and broadcast of a subtask; one name, one kind', () => {
  const store = new HeapOperatorStateStore(undefined);
  const list = store.getListState(new ListStateDescriptor<number>('offsets'));
  list.addAll([1, 2]);
  assert.deepEqual([...store.getListState(new ListStateDescriptor<number>('offsets')).get()], [1, 2]);
  const union = store.getUnionListState(new ListStateDescriptor<number>('all'));
  union.update([3]);
  const broadcast = store.getBroadcastState(new MapStateDescriptor<string, number>('rules'));
  broadcast.put('a', 1);
  broadcast.putAll([['b', 2]]);
  broadcast.remove('a');
  assert.deepEqual([...broadcast.entries()], [['b', 2]]);
  assert.throws(
    () => store.getUnionListState(new ListStateDescriptor<number>('offsets')),
    /Operator state 'offsets' was made by getListState and is now asked for by getUnionListState/,
  );
  assert.deepEqual(
    store.freeze().map(({ schema }) => [schema.name, schema.mode]),
    [
      ['offsets', 'split'],
      ['all', 'union'],
      ['rules', 'broadcast'],
    ],
  );
});

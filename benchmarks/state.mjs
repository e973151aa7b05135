// State operations per second by kind of state, on the heap, after Flink's state benchmark: a million keys in random order, one thread.
// Every figure is of one operation on the state of the key that was set before it, the setting included.
import { OperatorServices } from '../packages/runtime/dist/task/operator-services.js';
import { Types } from '../packages/core/dist/types/types.js';
import {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  ValueStateDescriptor,
} from '../packages/streaming/dist/contract/state-descriptor.js';

const LIST_LENGTH = 10;
const MAP_NAMES = 10;

function backendOf() {
  const services = new OperatorServices({
    key: { type: Types.LONG },
    flow: { timestamp: 0, blocked: 0 },
    freeze: undefined,
    currentProcessingTime: () => 0,
    mail: () => {},
    schedule: () => ({ cancel() {} }),
    keyGroups: { maxParallelism: 128, first: 0, last: 127 },
  });
  return services.keyedState;
}

/** Million operations a second: the best of three rounds. */
function measure(backend, keys, operation) {
  let best = 0;
  for (let round = 0; round < 3; round++) {
    const start = process.cpuUsage();
    let state = round + 1;
    for (let n = 0; n < keys; n++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      backend.setCurrentKey(state % keys);
      operation(n);
    }
    const { user, system } = process.cpuUsage(start);
    best = Math.max(best, keys / (user + system));
  }
  return Number(best.toFixed(2));
}

function filled(backend, keys, fill) {
  for (let key = 0; key < keys; key++) {
    backend.setCurrentKey(key);
    fill(key);
  }
}

const mean = {
  createAccumulator: () => ({ n: 0, sum: 0 }),
  add: (x, acc) => {
    acc.n += 1;
    acc.sum += x;
    return acc;
  },
  getResult: (acc) => acc.sum / acc.n,
};

export async function run({ records: keys = 1_000_000 }) {
  const figures = {};
  let sink = 0;
  const value = backendOf();
  const v = value.getState(new ValueStateDescriptor('v', Types.LONG));
  figures['value: add'] = measure(value, keys, (n) => v.update(n));
  figures['value: get'] = measure(value, keys, () => (sink += v.value() ?? 0));
  figures['value: update'] = measure(value, keys, () => v.update((v.value() ?? 0) + 1));

  const list = backendOf();
  const l = list.getListState(new ListStateDescriptor('l', Types.LONG));
  filled(list, keys / 10, () => l.addAll(Array.from({ length: LIST_LENGTH }, (_, n) => n)));
  figures['list: add'] = measure(list, keys / 10, (n) => l.add(n));
  figures['list: get and iterate'] = measure(list, keys / 10, () => {
    for (const n of l.get()) sink += n;
  });
  figures['list: update'] = measure(list, keys / 10, (n) => l.update([n]));

  const map = backendOf();
  const m = map.getMapState(new MapStateDescriptor('m', Types.LONG, Types.LONG));
  filled(map, keys / 10, () => {
    for (let name = 0; name < MAP_NAMES; name++) m.put(name, name);
  });
  figures['map: get'] = measure(map, keys / 10, (n) => (sink += m.get(n % MAP_NAMES) ?? 0));
  figures['map: put'] = measure(map, keys / 10, (n) => m.put(n % MAP_NAMES, n));
  figures['map: contains'] = measure(map, keys / 10, (n) => (sink += m.contains(n % 20) ? 1 : 0));
  figures['map: entries'] = measure(map, keys / 10, () => {
    for (const [, n] of m.entries()) sink += n;
  });

  const reducing = backendOf();
  const r = reducing.getReducingState(new ReducingStateDescriptor('r', (a, b) => a + b, Types.LONG));
  figures['reducing: add'] = measure(reducing, keys, (n) => r.add(n));
  figures['reducing: get'] = measure(reducing, keys, () => (sink += r.get() ?? 0));

  const aggregating = backendOf();
  const a = aggregating.getAggregatingState(new AggregatingStateDescriptor('a', mean));
  figures['aggregating: add'] = measure(aggregating, keys, (n) => a.add(n));
  figures['aggregating: get'] = measure(aggregating, keys, () => (sink += a.get() ?? 0));
  if (Number.isNaN(sink)) throw new Error('a state held no number');
  return { keys, millionOperationsPerCpuSecond: figures };
}

/** For tests of snapshots: an operator with state of every kind, random calls on it, and a plain model of what it holds. */
import assert from 'node:assert/strict';
import type { Random } from '@millrace/core/base/random';
import { BytesReader } from '@millrace/core/bytes/bytes-reader';
import { canonicalKey, hashKey } from '@millrace/core/types/key';
import { keyGroupOf, keyGroupRangeOf } from '@millrace/core/types/key-group';
import type { TypeInformation } from '@millrace/core/types/type-information';
import type { KeyedTable, TableOptions } from '@millrace/streaming/contract/state';
import {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  ValueStateDescriptor,
} from '@millrace/streaming/contract/state-descriptor';
import { VOID_NAMESPACE, VOID_NAMESPACES } from '@millrace/streaming/contract/timers';
import { FileCheckpointStreams } from '../checkpoint/file-streams.ts';
import type { OperatorSubtaskState } from '../checkpoint/state-handles.ts';
import { openStateStream, readBlock } from '../checkpoint/stream-reader.ts';
import { EntryCodec } from '../state/snapshot/entry-codec.ts';
import type { OperatorSnapshot } from '../state/snapshot/operator-snapshot.ts';
import type { RestoredOperator } from '../state/snapshot/restored-states.ts';
import { type OperatorServicePorts, OperatorServices } from './operator-services.ts';

export const MAX_PARALLELISM = 128;

export interface WorldOptions {
  readonly keyType: TypeInformation<unknown> | undefined;
  readonly stateBackend?: OperatorServicePorts['stateBackend'];
  readonly now?: () => number;
  readonly isIncremental?: boolean;
}

/** What a world begins with, where it was restored. */
export interface WorldContents {
  readonly model: ReadonlyMap<string, unknown>;
  /** The key group of each entry of the model. */
  readonly groups: ReadonlyMap<string, number>;
}

/** One subtask of an operator whose clock stands still. */
export function openServices(
  { keyType, stateBackend, now = () => 0, isIncremental = false }: WorldOptions,
  subtask = 0,
  parallelism = 1,
  state?: OperatorSubtaskState,
  restored: Pick<RestoredOperator, 'checkpointId' | 'base' | 'openStream'> = FROM_MEMORY,
): OperatorServices {
  return new OperatorServices({
    key: { type: keyType },
    flow: { timestamp: 0, blocked: 0 },
    freeze: undefined,
    currentProcessingTime: now,
    mail: () => {},
    schedule: () => ({ cancel: () => {} }),
    keyGroups: { maxParallelism: MAX_PARALLELISM, ...keyGroupRangeOf(subtask, MAX_PARALLELISM, parallelism) },
    isIncremental,
    ...(stateBackend === undefined ? {} : { stateBackend }),
    ...(state === undefined ? {} : { restored: { ...restored, state } }),
  });
}

const FROM_MEMORY: Pick<RestoredOperator, 'checkpointId' | 'openStream'> = {
  checkpointId: 1,
  openStream: (handle) => openStateStream(handle, undefined, noFiles),
};

export async function restoreServices(
  state: OperatorSubtaskState,
  parallelism: number,
  options: WorldOptions,
): Promise<readonly OperatorServices[]> {
  const all = Array.from({ length: parallelism }, (_, subtask) => openServices(options, subtask, parallelism, state));
  for (const services of all) await services.load();
  return all;
}

export interface BegunSnapshot {
  readonly snapshot: OperatorSnapshot;
  /** What there was when it began. */
  readonly model: ReadonlyMap<string, unknown>;
}

export const memoryStreams = new FileCheckpointStreams({ fileSystemOf: noFiles, random: { nextInt: () => 0 } as unknown as Random });

export function snapshotOf(
  world: { readonly services: OperatorServices; readonly model: ReadonlyMap<string, unknown> },
  checkpointId: number,
): BegunSnapshot {
  const location = { kind: 'memory', maxStateBytes: 1e9 } as const;
  const snapshot = world.services.beginSnapshot({ checkpointId, timestamp: 0, kind: 'checkpoint', location }, memoryStreams);
  snapshot.seal();
  return { snapshot, model: structuredClone(world.model) };
}

export function noFiles(): never {
  throw new Error('there is no file system here');
}

interface Window {
  readonly start: number;
}

/** Its prototype is lost in plain data. */
class Sum {
  total: number;
  constructor(total: number) {
    this.total = total;
  }
}

const windows = {
  idOf: ({ start }: Window) => start,
  plainOf: ({ start }: Window) => start,
  namespaceOf: (plain: unknown) => ({ start: plain as number }),
};

const sums: TableOptions<Sum> = { plainOf: ({ total }) => total, valueOfPlain: (plain) => new Sum(plain as number) };

interface Mean {
  n: number;
  sum: number;
}

const mean = {
  createAccumulator: (): Mean => ({ n: 0, sum: 0 }),
  add: (x: number, acc: Mean) => {
    acc.n += 1;
    acc.sum += x;
    return acc;
  },
  getResult: ({ n, sum }: Mean) => [n, sum],
  merge: (a: Mean, b: Mean) => ({ n: a.n + b.n, sum: a.sum + b.sum }),
};

const TABLE_NAMESPACES = [7, -1, 2.5];

export class World {
  readonly services: OperatorServices;
  /** By state, key and namespace; as `contentsOf` what it snapshots to. */
  readonly model: Map<string, unknown>;
  readonly groups: Map<string, number>;
  readonly #value;
  readonly #list;
  readonly #map;
  readonly #reducing;
  readonly #aggregating;
  readonly #windowed;
  readonly #plainTable: KeyedTable<unknown, number>;
  readonly #tables = new Map<number, KeyedTable<unknown, Sum>>();
  readonly #timers;
  readonly #windowTimers;
  #group = 0;

  constructor(services: OperatorServices, contents?: WorldContents) {
    this.services = services;
    this.model = new Map(contents?.model);
    this.groups = new Map(contents?.groups);
    const backend = services.keyedState;
    this.#value = backend.getState(new ValueStateDescriptor<unknown>('value'));
    this.#list = backend.getListState(new ListStateDescriptor<unknown>('list'));
    this.#map = backend.getMapState(new MapStateDescriptor<unknown, number>('map'));
    this.#reducing = backend.getReducingState(new ReducingStateDescriptor<number>('reducing', (a: number, b: number) => a + b));
    this.#aggregating = backend.getAggregatingState(new AggregatingStateDescriptor('aggregating', mean));
    this.#windowed = backend.getNamespacedState(new AggregatingStateDescriptor('aggregating', mean), windows);
    this.#plainTable = services.tables.createTable<unknown, number>('plain', undefined, undefined);
    for (const { namespace, table } of services.tables.restoredTables<unknown, Sum>('sums', undefined, undefined, sums))
      this.#tables.set(namespace as number, table);
    const never = { onEventTime: () => true, onProcessingTime: () => true };
    this.#timers = services.timers('timers', never, VOID_NAMESPACES);
    this.#windowTimers = services.timers('window timers', never, windows);
  }

  /** One random call on a state of this key. */
  step(random: Random, key: unknown): void {
    const { keyedState } = this.services;
    keyedState.setCurrentKey(key);
    this.#group = keyGroupOf(hashKey(key), MAX_PARALLELISM);
    const number = random.nextInt(1000);
    switch (random.nextInt(12)) {
      case 0:
        this.#value.update({ number, text: `${number}` });
        this.#put('value', key, undefined, { number, text: `${number}` });
        break;
      case 1:
        this.#list.add(number);
        this.#put('list', key, undefined, [...((this.#get('list', key, undefined) as number[] | undefined) ?? []), number]);
        break;
      case 2: {
        const name = random.nextInt(2) === 0 ? `n${number % 5}` : [number % 5];
        this.#map.put(name, number);
        const before = (this.#get('map', key, undefined) as [unknown, number][] | undefined) ?? [];
        const known = before.findIndex(([each]) => canonicalKey(each) === canonicalKey(name));
        const after = before.map((each) => [...each] as [unknown, number]);
        if (known >= 0) (after[known] as [unknown, number])[1] = number;
        else after.push([name, number]);
        this.#put('map', key, undefined, after);
        break;
      }
      case 3:
        this.#reducing.add(number);
        this.#put('reducing', key, undefined, ((this.#get('reducing', key, undefined) as number | undefined) ?? 0) + number);
        break;
      case 4:
        this.#aggregating.add(number);
        this.#addMean(key, undefined, number);
        break;
      case 5:
        this.#windowed.at({ start: number % 4 }).add(number);
        this.#addMean(key, number % 4, number);
        break;
      case 6:
        this.#windowed.mergeNamespaces({ start: 0 }, [{ start: 1 }, { start: 2 }]);
        for (const source of [1, 2]) this.#mergeMeans(key, source);
        break;
      case 7:
        this.#addToTables(random, key, number);
        break;
      case 8:
        this.#clear(random, key);
        break;
      case 9:
        this.#setTimer(random, key, number);
        break;
      default:
        this.#more(random, key, number);
    }
  }

  /** What can be read of a key is what the model has. */
  verify(key: unknown, where: string): void {
    this.services.keyedState.setCurrentKey(key);
    const mean = this.#get('aggregating', key, undefined) as Mean | undefined;
    assert.deepEqual(this.#value.value(), this.#get('value', key, undefined), where);
    assert.deepEqual([...this.#list.get()], this.#get('list', key, undefined) ?? [], where);
    assert.deepEqual([...this.#map.entries()], this.#get('map', key, undefined) ?? [], where);
    assert.deepEqual(this.#reducing.get(), this.#get('reducing', key, undefined), where);
    assert.deepEqual(this.#aggregating.get(), mean === undefined ? undefined : [mean.n, mean.sum], where);
  }

  #get(state: string, key: unknown, namespace: unknown): unknown {
    return this.model.get(idOf(state, key, namespace));
  }

  #put(state: string, key: unknown, namespace: unknown, value: unknown): void {
    this.model.set(idOf(state, key, namespace), value);
    this.groups.set(idOf(state, key, namespace), this.#group);
  }

  #addMean(key: unknown, start: number | undefined, x: number): void {
    const { n, sum } = (this.#get('aggregating', key, start) as Mean | undefined) ?? { n: 0, sum: 0 };
    this.#put('aggregating', key, start, { n: n + 1, sum: sum + x });
  }

  #mergeMeans(key: unknown, source: number): void {
    const moved = this.#get('aggregating', key, source) as Mean | undefined;
    if (moved === undefined) return;
    const target = (this.#get('aggregating', key, 0) as Mean | undefined) ?? { n: 0, sum: 0 };
    this.#put('aggregating', key, 0, { n: target.n + moved.n, sum: target.sum + moved.sum });
    this.model.delete(idOf('aggregating', key, source));
  }

  #addToTables(random: Random, key: unknown, number: number): void {
    const slot = this.#plainTable.slotOf(key);
    this.#plainTable.values[slot] = (this.#plainTable.values[slot] ?? 0) + number;
    this.#put('plain', key, undefined, ((this.#get('plain', key, undefined) as number | undefined) ?? 0) + number);
    const namespace = TABLE_NAMESPACES[random.nextInt(3)] as number;
    let table = this.#tables.get(namespace);
    if (table === undefined) {
      table = this.services.tables.createTable<unknown, Sum>('sums', undefined, undefined, { namespace, ...sums });
      this.#tables.set(namespace, table);
    }
    const place = table.slotOf(key);
    const sum = table.values[place];
    if (sum === undefined) table.values[place] = new Sum(number);
    else sum.total += number; // in place
    this.#put('sums', key, namespace, ((this.#get('sums', key, namespace) as number | undefined) ?? 0) + number);
  }

  #clear(random: Random, key: unknown): void {
    const states = [this.#value, this.#list, this.#map, this.#reducing];
    const names = ['value', 'list', 'map', 'reducing'];
    const which = random.nextInt(4);
    states[which]?.clear();
    this.model.delete(idOf(names[which] as string, key, undefined));
    this.#plainTable.remove(key);
    this.model.delete(idOf('plain', key, undefined));
  }

  #setTimer(random: Random, key: unknown, number: number): void {
    const start = number % 3;
    this.#timers.registerEventTimeTimer(VOID_NAMESPACE, number % 7);
    this.#put('timers/event-timers', [key, number % 7], undefined, number % 7);
    this.#windowTimers.registerProcessingTimeTimer({ start }, number % 5);
    this.#put('window timers/processing-timers', [key, number % 5], start, number % 5);
    if (random.nextInt(3) !== 0) return;
    this.#timers.deleteEventTimeTimer(VOID_NAMESPACE, number % 5);
    this.model.delete(idOf('timers/event-timers', [key, number % 5], undefined));
  }

  /** What touches many keys at once. */
  #more(random: Random, key: unknown, number: number): void {
    if (random.nextInt(10) !== 0) {
      this.#addToTables(random, key, number);
      return;
    }
    const namespace = TABLE_NAMESPACES[number % 3] as number;
    const table = this.#tables.get(namespace);
    if (table !== undefined) this.services.tables.releaseTable('sums', table);
    this.#tables.delete(namespace);
    for (const id of [...this.model.keys()]) if (id.startsWith(`sums ${namespace} `)) this.model.delete(id);
    if (number % 5 !== 0) return;
    this.#plainTable.clear();
    for (const id of [...this.model.keys()]) if (id.startsWith('plain ')) this.model.delete(id);
  }
}

function idOf(state: string, key: unknown, namespace: unknown): string {
  const canonical = canonicalKey(key);
  return `${state} ${String(namespace)} ${typeof canonical}:${String(canonical)}`;
}

/** Everything in the blocks of a snapshot, read by their schemas alone. */
export async function contentsOf({ keyed }: OperatorSubtaskState): Promise<Map<string, unknown>> {
  const contents = new Map<string, unknown>();
  for (const { schema, stream, blocks } of keyed) {
    const reader = await openStateStream(stream, undefined, noFiles);
    const codec = new EntryCodec(schema);
    const isTimer = schema.valueType === undefined;
    for (const block of blocks) {
      const input = new BytesReader(await readBlock(reader, block));
      const decoder = codec.createDecoder();
      for (let left = block.count; left > 0; left--) {
        decoder.read(input);
        const { key, namespace, value } = decoder;
        const id = isTimer ? idOf(`${schema.name}/${schema.kind}`, [key, value], namespace) : idOf(schema.name, key, namespace);
        if (contents.has(id)) throw new Error(`${id} is there twice`);
        if (keyGroupOf(hashKey(key), MAX_PARALLELISM) !== block.keyGroup) throw new Error(`${id} is in a block of another key group`);
        contents.set(id, value);
      }
    }
  }
  return contents;
}

/** All of a snapshot at once. */
export async function completed(snapshot: OperatorSnapshot): Promise<OperatorSubtaskState> {
  while (snapshot.advance(1000) !== 'done');
  return snapshot.finish();
}

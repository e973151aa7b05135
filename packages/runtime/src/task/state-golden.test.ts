// Goal: what snapshots write stays what it is, and what they once wrote can be read for good. Method: a small snapshot of every kind of state against a reviewed file, which is
// restored as well. `UPDATE_GOLDEN=1 node tools/test.mjs state-golden` writes it anew; a change of it means that old checkpoints must still be read by a test of their own.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { Types } from '@millrace/core/types/types';
import { ListStateDescriptor, MapStateDescriptor, ValueStateDescriptor } from '@millrace/streaming/contract/state-descriptor';
import { VOID_NAMESPACE, VOID_NAMESPACES } from '@millrace/streaming/contract/timers';
import type { OperatorSubtaskState, StreamHandle } from '../checkpoint/state-handles.ts';
import type { OperatorServices } from './operator-services.ts';
import { completed, openServices, restoreServices, snapshotOf } from './testing-state-world.ts';

const file = new URL('../../src/task/testdata/snapshot.json', import.meta.url);
/** As it was written before checkpoints said what was learned of undeclared types: the same bytes, with less about them. */
const older = new URL('../../src/task/testdata/snapshot-before-learned-types.json', import.meta.url);

function statesOf(services: OperatorServices) {
  const { keyedState, operatorState, tables } = services;
  const never = { onEventTime: () => true, onProcessingTime: () => true };
  const visit = Types.row({ page: Types.STRING, at: Types.LONG, note: Types.optional(Types.STRING) });
  return {
    visit: keyedState.getState(new ValueStateDescriptor('visit', visit).enableTimeToLive({ ttl: '1 h' })),
    learned: keyedState.getState(new ValueStateDescriptor<object>('learned')),
    words: keyedState.getListState(new ListStateDescriptor('words', Types.STRING)),
    counts: keyedState.getMapState(new MapStateDescriptor('counts', Types.STRING, Types.INT)),
    windowed: keyedState.getNamespacedState(new ListStateDescriptor('windowed', Types.DOUBLE), { idOf: (n: number) => n }),
    table: tables.createTable<unknown, number>('table', undefined, Types.INT),
    offsets: operatorState.getListState(new ListStateDescriptor('offsets', Types.LONG)),
    rules: operatorState.getBroadcastState(new MapStateDescriptor('rules', Types.STRING, Types.BOOLEAN)),
    timers: services.timers('user-timers', never, VOID_NAMESPACES),
    keyedState,
  };
}

async function goldenSnapshot(): Promise<OperatorSubtaskState> {
  const services = openServices({ keyType: undefined, now: () => 1000 });
  const states = statesOf(services);
  for (const key of ['ann', 7, ['bob', true]] as const) {
    states.keyedState.setCurrentKey(key);
    states.visit.update({ page: `/${String(key)}`, at: 5 });
    states.learned.update({ n: 1, tags: ['é', null], at: new Date(7) });
    states.words.addAll(['to', 'be']);
    states.counts.put('ä', -1);
    states.windowed.at(60_000).add(0.5);
    const slot = states.table.slotOf(key); // which may replace `values`
    states.table.values[slot] = 3;
    states.timers.registerEventTimeTimer(VOID_NAMESPACE, 90_000);
    states.timers.registerProcessingTimeTimer(VOID_NAMESPACE, 95_000);
  }
  states.offsets.addAll([1, 2 ** 40]);
  states.rules.put('r', true);
  return completed(snapshotOf({ services, model: new Map() }, 1).snapshot);
}

const hex = (_name: string, value: unknown) => (value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value);

/** Streams have their bytes as text. */
function parsed(text: string): OperatorSubtaskState {
  const state = JSON.parse(text) as OperatorSubtaskState;
  const back = <H extends { readonly stream: StreamHandle }>(handle: H): H => {
    const bytes = Uint8Array.from(Buffer.from((handle.stream as unknown as { bytes: string }).bytes, 'hex'));
    return { ...handle, stream: { kind: 'inline', bytes } };
  };
  return { keyed: state.keyed.map(back), operator: state.operator.map(back) };
}

test('the bytes of a snapshot are those that were reviewed', async () => {
  const text = `${JSON.stringify(await goldenSnapshot(), hex, 2)}\n`;
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, text);
  assert.equal(text, readFileSync(file, 'utf8'));
});

for (const [name, from] of [
  ['the reviewed snapshot', file],
  ['one from before there were learned types', older],
] as const) {
  test(`${name} is read back`, async () => {
    const [services] = await restoreServices(parsed(readFileSync(from, 'utf8')), 1, { keyType: undefined, now: () => 1000 });
    checkStates(services as OperatorServices);
  });
}

test('what was learned of undeclared types is beside the bytes, which it does not change', async () => {
  const undeclared = (_name: string, part: unknown) => ((part as { kind?: unknown } | null)?.kind === 'shape' ? { kind: 'shape' } : part);
  assert.deepEqual(JSON.parse(readFileSync(file, 'utf8'), undeclared), JSON.parse(readFileSync(older, 'utf8')));
});

function checkStates(services: OperatorServices): void {
  const states = statesOf(services);
  for (const key of ['ann', 7, ['bob', true]] as const) {
    states.keyedState.setCurrentKey(key);
    assert.deepEqual(states.visit.value(), { page: `/${String(key)}`, at: 5 });
    assert.deepEqual(states.learned.value(), { n: 1, tags: ['é', null], at: new Date(7) });
    assert.deepEqual([...states.words.get()], ['to', 'be']);
    assert.deepEqual([...states.counts.entries()], [['ä', -1]]);
    assert.deepEqual([...states.windowed.at(60_000).get()], [0.5]);
    assert.equal(states.table.values[states.table.find(key)], 3);
  }
  assert.deepEqual([...states.offsets.get()], [1, 2 ** 40]);
  assert.deepEqual([...states.rules.entries()], [['r', true]]);
  assert.deepEqual([states.timers.numEventTimeTimers, states.timers.numProcessingTimeTimers], [3, 3]);
}

test('a state of another kind, and of a type that cannot be had, are refused with both', async () => {
  const state = await goldenSnapshot();
  const [services] = (await restoreServices(state, 1, { keyType: undefined })) as [OperatorServices];
  assert.throws(
    () => services.keyedState.getState(new ValueStateDescriptor('words', Types.STRING)),
    /State 'words' cannot be restored: the checkpoint has list state of STRING by SHAPE<INT \| STRING \| LIST<STRING \| BOOLEAN>>, and the program wants value state of STRING by SHAPE\./,
  );
  assert.throws(
    () => services.keyedState.getListState(new ListStateDescriptor('words', Types.INT)),
    /the checkpoint has list state of STRING by SHAPE<.*>, and the program wants list state of INT by SHAPE \(value is stored as STRING and wanted as INT\)/,
  );
  assert.throws(
    () => services.operatorState.getUnionListState(new ListStateDescriptor('offsets', Types.LONG)),
    /State 'offsets' cannot be restored: the checkpoint has a split list of LONG, and the program wants a union list of LONG/,
  );
});

// Goal: E1-E3 of the emitter. Method: an output that is full after each record; what comes out, at which timestamp, and who holds `flow.blocked`, step by step.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_TIMESTAMP } from '../contract/timestamp.ts';
import { IterableEmitter } from './iterable-emitter.ts';

function fullAfterEach() {
  const flow = { timestamp: NO_TIMESTAMP, blocked: 0 };
  const sent: string[] = [];
  const collect = (record: unknown) => {
    sent.push(`${String(record)}@${flow.timestamp}`);
    flow.blocked += 1;
  };
  const emitter = new IterableEmitter(flow, { collect }, 'a test');
  const emit = (items: unknown, timestamp: number) => {
    flow.timestamp = timestamp;
    emitter.emit(items);
  };
  /** The output is free again, and the emitter goes on. */
  const resume = () => {
    flow.blocked -= 1;
    return emitter.resume();
  };
  return { flow, sent, emitter, emit, resume };
}

test('E1, E2: elements leave in the order of emit, each at its own timestamp, also those that come while one is suspended', () => {
  const { sent, emit, resume } = fullAfterEach();
  emit(['a', 'b'], 1);
  emit(['c', 'd'], 2);
  emit(['e'], 3);
  assert.deepEqual(sent, ['a@1']);
  while (!resume());
  assert.deepEqual(sent, ['a@1', 'b@1', 'c@2', 'd@2', 'e@3']);
});

test('E3: one of flow.blocked while something waits; nothing moves while somebody else is blocked', () => {
  const { flow, sent, emitter, emit, resume } = fullAfterEach();
  assert.equal(emitter.resume(), true, 'nothing is suspended');
  emit(['a', 'b'], 1);
  assert.deepEqual([flow.blocked, emitter.isSuspended], [2, true]);
  assert.equal(emitter.resume(), false);
  assert.deepEqual([sent, flow.blocked], [['a@1'], 2]);
  assert.equal(resume(), false);
  assert.equal(resume(), true);
  assert.deepEqual([sent, flow.blocked, emitter.isSuspended], [['a@1', 'b@1'], 0, false]);
});

test('close ends generators that are suspended, so that their finally runs', () => {
  const { emitter, emit } = fullAfterEach();
  let ended = 0;
  const items = function* () {
    try {
      yield 1;
      yield 2;
    } finally {
      ended += 1;
    }
  };
  emit(items(), 1);
  emitter.close();
  assert.equal(ended, 1);
});

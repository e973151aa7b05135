// Goal: the rules of a gate (I1-I6). Method: real local channels, written by hand; expected is what the chain is told, in order.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_WATERMARK } from '@millrace/streaming/contract/timestamp';
import type { ChannelWriter } from '../network/channel.ts';
import { createLocalChannel } from '../network/local-channel.ts';
import { BarrierAlignment } from './barrier-alignment.ts';
import { type ControlElement, QUEUED_WATERMARK } from './control-element.ts';
import { Flow } from './flow.ts';
import { InputGate } from './input-gate.ts';
import { INPUT_EMPTY, INPUT_ENDED } from './task-input.ts';

function gateOf(channels: number, mode: 'EXACTLY_ONCE' | 'AT_LEAST_ONCE' = 'EXACTLY_ONCE', place = { subtask: 0, parallelism: 1 }) {
  const flow = new Flow();
  const told: string[] = [];
  const ends = Array.from({ length: channels }, () => createLocalChannel<unknown>(new Flow(), flow));
  const tell = ({ kind, value }: ControlElement) =>
    void told.push(kind === QUEUED_WATERMARK ? `w${value}` : value === 1 ? 'idle' : 'active');
  const alignment = new BarrierAlignment({
    channels,
    mode,
    now: () => 0,
    pass: ({ checkpointId }) => void told.push(`b${checkpointId}`),
    abandon: (checkpointId) => void told.push(`without b${checkpointId}`),
  });
  const gate = new InputGate({
    readers: ends.map(({ reader }) => reader),
    handler: { processRecord: (record) => void told.push(`r${String(record)}`) },
    flow,
    control: tell,
    alignment,
    place,
  });
  const poll = () => {
    const result = gate.poll(1000);
    return { result, told: told.splice(0) };
  };
  return { gate, flow, poll, writers: ends.map(({ writer }) => writer) as [ChannelWriter<unknown>, ChannelWriter<unknown>] };
}

test('I1: the least of the channels, never going back', () => {
  const { poll, writers } = gateOf(2);
  const [a, b] = writers;
  a.writeWatermark(10);
  assert.deepEqual(poll().told, []);
  b.writeWatermark(5);
  assert.deepEqual(poll().told, ['w5']);
  b.writeWatermark(20);
  assert.deepEqual(poll().told, ['w10']);
  a.writeWatermark(3);
  assert.deepEqual(poll().told, []);
});

test('I2, I3: idle channels are excluded, come back when they have caught up, and idleness is told on', () => {
  const { poll, writers } = gateOf(2);
  const [a, b] = writers;
  a.writeWatermark(10);
  b.writeWatermarkStatus(true);
  assert.deepEqual(poll().told, ['w10']);
  b.writeWatermarkStatus(false);
  b.writeWatermark(4);
  a.writeWatermark(12);
  assert.deepEqual(poll().told, ['w12'], 'a channel behind the gate does not hold it back');
  b.writeWatermark(13);
  assert.deepEqual(poll().told, []);
  a.writeWatermark(20);
  assert.deepEqual(poll().told, ['w13']);
  a.writeWatermarkStatus(true);
  b.writeWatermarkStatus(true);
  assert.deepEqual(poll().told, ['w20', 'idle']);
  a.writeWatermarkStatus(false);
  assert.deepEqual(poll().told, ['active']);
});

test('I4: ended channels hold nothing back, and an idle one keeps the end away', () => {
  const { poll, writers } = gateOf(2);
  const [a, b] = writers;
  b.writeWatermark(7);
  b.writeWatermarkStatus(true);
  a.writeWatermark(9);
  a.writeEndOfInput();
  const { result, told } = poll();
  assert.equal(result, INPUT_EMPTY);
  assert.deepEqual(
    told.filter((each) => each.startsWith('w')),
    ['w7'],
  );
  b.writeWatermarkStatus(false);
  b.writeWatermark(30);
  b.writeEndOfInput();
  const end = poll();
  assert.deepEqual(end.told, ['active', 'w30']);
  assert.equal(end.result, INPUT_ENDED);
});

test('channels take turns, and a block stops the gate at its record', () => {
  const { gate, flow, poll, writers } = gateOf(2);
  const [a, b] = writers;
  for (let n = 0; n < 3; n++) a.write(`a${n}`, 0);
  for (let n = 0; n < 3; n++) b.write(`b${n}`, 0);
  assert.deepEqual(poll().told, ['ra0', 'ra1', 'ra2', 'rb0', 'rb1', 'rb2']);
  a.write('a3', 0);
  flow.blocked = 1;
  assert.equal(gate.poll(1000), 0);
  assert.equal(gate.polled, 0);
  flow.blocked = 0;
  assert.deepEqual(poll().told, ['ra3']);
});

test('I4: the watermark of the end waits for channels that are idle, for the end may bring records there', () => {
  const { poll, writers } = gateOf(2);
  const [a, b] = writers;
  a.writeWatermark(5);
  b.writeWatermark(5);
  a.writeWatermarkStatus(true);
  b.writeWatermarkStatus(true);
  assert.deepEqual(poll().told, ['w5', 'idle']);
  a.writeWatermark(MAX_WATERMARK);
  a.writeEndOfInput();
  assert.deepEqual(poll().told, []);
  b.write('made at the end', 7);
  b.writeWatermark(MAX_WATERMARK);
  const { told } = poll();
  assert.equal(told[0], 'rmade at the end');
  assert.equal(told.at(-1), `w${MAX_WATERMARK}`);
  b.writeEndOfInput();
  assert.equal(poll().result, INPUT_ENDED);
});

const barrier = (checkpointId: number) =>
  ({ checkpointId, timestamp: 0, kind: 'checkpoint', location: { kind: 'memory', maxStateBytes: 1 } }) as const;

test('I5: what stands behind a barrier waits for the barriers of the others, in order and where it is', () => {
  const { gate, poll, writers } = gateOf(2);
  const [a, b] = writers;
  a.write('a before', 0);
  a.writeBarrier(barrier(1));
  for (let n = 0; n < 2; n++) a.write(`a after ${n}`, 0);
  b.write('b before', 0);
  assert.deepEqual(poll().told, ['ra before', 'rb before']);
  assert.equal(gate.poll(1000), INPUT_EMPTY);
  b.writeWatermark(5);
  b.write('b before, too', 0);
  b.writeBarrier(barrier(1));
  b.write('b after', 0);
  assert.deepEqual(poll().told, ['rb before, too', 'b1', 'ra after 0', 'ra after 1', 'rb after']);
});

test('I5: an aborted checkpoint frees its channels, and its barriers mean nothing any more', () => {
  const { gate, poll, writers } = gateOf(2);
  const [a, b] = writers;
  a.writeBarrier(barrier(1));
  a.write('a after', 0);
  assert.deepEqual(poll().told, []);
  gate.abortCheckpoint(1);
  assert.deepEqual(poll().told, ['ra after']);
  b.writeBarrier(barrier(1));
  b.write('b after', 0);
  assert.deepEqual(poll().told, ['rb after']);
});

test('at least once: no channel waits', () => {
  const { poll, writers } = gateOf(2, 'AT_LEAST_ONCE');
  const [a, b] = writers;
  a.writeBarrier(barrier(1));
  a.write('a after', 0);
  assert.deepEqual(poll().told, ['ra after']);
  b.writeBarrier(barrier(1));
  assert.deepEqual(poll().told, ['b1']);
});

test('I6: a restored gate says where it stands and lets no channel that has said nothing yet be overtaken', () => {
  const { gate, poll, writers } = gateOf(2);
  const [a, b] = writers;
  gate.restoreWatermark(100);
  gate.begin();
  assert.deepEqual(poll().told, ['w100']);
  a.writeWatermark(150);
  assert.deepEqual(poll().told, [], 'the second channel stands at 100 as far as anyone knows');
  b.writeWatermark(120);
  assert.deepEqual(poll().told, ['w120']);
  const idle = gateOf(2);
  idle.gate.restoreWatermark(100);
  idle.writers[1].writeWatermark(20);
  idle.writers[1].writeWatermarkStatus(true);
  idle.writers[0].writeWatermark(130);
  assert.deepEqual(idle.poll().told, ['w130'], 'what a channel says of itself counts, even if it is behind');
});

test('W1: a subtask that had no watermark has none after a restore, whatever the others had', () => {
  const elements: unknown[] = [];
  const context = { writeList: (_list: unknown, written: readonly unknown[]) => void elements.push(...written), readList: () => elements };
  const [ahead, behind] = [0, 1].map((subtask) => gateOf(1, 'EXACTLY_ONCE', { subtask, parallelism: 2 })) as [Gate, Gate];
  ahead.writers[0].writeWatermark(50);
  ahead.poll();
  for (const { gate } of [ahead, behind]) gate.snapshot()({ context } as never);
  const again = gateOf(1, 'EXACTLY_ONCE', { subtask: 1, parallelism: 2 });
  again.gate.restore(context as never);
  again.gate.begin();
  assert.deepEqual(again.poll().told, []);
});

type Gate = ReturnType<typeof gateOf>;

// Goal: the watermark and turn rules of a gate with two inputs (T1-T4). Method: real local channels, written by hand; expected is what the chain is told, in order.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChannelWriter } from '../network/channel.ts';
import { createLocalChannel } from '../network/local-channel.ts';
import { BarrierAlignment } from './barrier-alignment.ts';
import { type ControlElement, QUEUED_WATERMARK } from './control-element.ts';
import { Flow } from './flow.ts';
import { INPUT_EMPTY, INPUT_ENDED, INPUT_MORE } from './task-input.ts';
import { TwoInputGate } from './two-input-gate.ts';

function gateOf(...channels: readonly [number, number]) {
  const flow = new Flow();
  const told: string[] = [];
  const ends = channels.map((count) => Array.from({ length: count }, () => createLocalChannel<unknown>(new Flow(), flow)));
  const inputOf = (index: number) => ({
    readers: (ends[index] ?? []).map(({ reader }) => reader),
    handler: { processRecord: (record: unknown) => void told.push(`${index + 1}:${String(record)}`) },
  });
  const tell = ({ kind, value }: ControlElement) =>
    void told.push(kind === QUEUED_WATERMARK ? `w${value}` : value === 1 ? 'idle' : 'active');
  const alignment = new BarrierAlignment({
    channels: channels[0] + channels[1],
    mode: 'EXACTLY_ONCE',
    now: () => 0,
    pass: ({ checkpointId }) => void told.push(`b${checkpointId}`),
    abandon() {},
  });
  const place = { subtask: 0, parallelism: 1 };
  const gate = new TwoInputGate({ inputs: [inputOf(0), inputOf(1)], flow, control: tell, alignment, place });
  const poll = (budget = 1000) => {
    const result = gate.poll(budget);
    return { result, told: told.splice(0) };
  };
  const writers = ends.map((input) => input.map(({ writer }) => writer)) as [ChannelWriter<unknown>[], ChannelWriter<unknown>[]];
  return { gate, flow, poll, writers };
}

function twoChannels() {
  const { writers, ...rest } = gateOf(1, 1);
  return { ...rest, a: writers[0][0] as ChannelWriter<unknown>, b: writers[1][0] as ChannelWriter<unknown> };
}

test('T1: the lesser watermark of the two inputs, never going back', () => {
  const { poll, a, b, gate } = twoChannels();
  a.writeWatermark(10);
  assert.deepEqual(poll().told, [], 'nothing is known of the second input');
  b.writeWatermark(5);
  assert.deepEqual(poll().told, ['w5']);
  b.writeWatermark(20);
  assert.deepEqual(poll().told, ['w10']);
  a.writeWatermark(15);
  assert.deepEqual(poll().told, ['w15']);
  assert.equal(gate.watermark, 15);
});

test('T1: each input has the least watermark of its own channels', () => {
  const { poll, writers } = gateOf(2, 1);
  const [[a1, a2], [b]] = writers as [[ChannelWriter<unknown>, ChannelWriter<unknown>], [ChannelWriter<unknown>]];
  b.writeWatermark(100);
  a1.writeWatermark(30);
  assert.deepEqual(poll().told, []);
  a2.writeWatermark(20);
  assert.deepEqual(poll().told, ['w20']);
});

test('T2: an idle input does not hold the watermark back; once it is back, the watermark waits for it', () => {
  const { poll, a, b } = twoChannels();
  a.writeWatermark(10);
  b.writeWatermark(4);
  b.writeWatermarkStatus(true);
  assert.deepEqual(poll().told, ['w4', 'w10']);
  b.writeWatermarkStatus(false);
  poll(); // the inputs have no order between them: what stands in the second is read before the first goes on
  a.writeWatermark(12);
  assert.deepEqual(poll().told, [], 'the second input is behind and counts');
  b.writeWatermark(11);
  assert.deepEqual(poll().told, ['w11']);
  b.writeWatermark(50);
  assert.deepEqual(poll().told, ['w12']);
});

test('T2: with both inputs idle the watermark stays, and idleness is told on', () => {
  const { poll, a, b } = twoChannels();
  a.writeWatermark(100);
  b.writeWatermark(10);
  assert.deepEqual(poll().told, ['w10']);
  b.writeWatermarkStatus(true);
  assert.deepEqual(poll().told, ['w100']);
  a.writeWatermarkStatus(true);
  assert.deepEqual(poll().told, ['idle']);
  b.writeWatermarkStatus(false);
  assert.deepEqual(poll().told, ['active']);
});

test('T2, T4: an input that has ended no longer counts; the end of both is the end', () => {
  const { poll, a, b } = twoChannels();
  a.writeWatermark(10);
  b.writeWatermark(3);
  a.write('last', 5);
  a.flush();
  b.writeEndOfInput();
  const first = poll();
  assert.deepEqual(
    first.told.filter((each) => each.startsWith('w')),
    ['w3', 'w10'],
  );
  assert.equal(first.result, INPUT_EMPTY);
  a.writeWatermarkStatus(true);
  assert.deepEqual(poll().told, ['idle'], 'nobody who could still send is active');
  a.writeEndOfInput();
  assert.equal(poll().result, INPUT_ENDED);
});

test('T3: turns of both inputs; a block stops both at once', () => {
  const { poll, flow, a, b } = twoChannels();
  for (let n = 0; n < 500; n++) {
    a.write(n, 0);
    b.write(n, 0);
  }
  a.flush();
  b.flush();
  const { told, result } = poll(512);
  assert.equal(result, INPUT_MORE);
  const counts = [1, 2].map((input) => told.filter((each) => each.startsWith(`${input}:`)).length);
  assert.deepEqual(counts, [256, 256]);
  flow.blocked = 1;
  assert.deepEqual(poll().told, []);
  flow.blocked = 0;
  assert.equal(poll(1).told.length, 1);
});

test('T5: one barrier for the channels of both inputs; what waited behind it comes in the same poll', () => {
  const { poll, writers } = gateOf(2, 1);
  const [[a1, a2], [b]] = writers as [[ChannelWriter<unknown>, ChannelWriter<unknown>], [ChannelWriter<unknown>]];
  const barrier = { checkpointId: 1, timestamp: 0, kind: 'checkpoint', location: { kind: 'memory', maxStateBytes: 1 } } as const;
  a1.writeBarrier(barrier);
  a1.write('after', 0);
  b.write('before', 0);
  a2.writeEndOfInput();
  assert.deepEqual(poll().told, ['2:before']);
  b.writeBarrier(barrier);
  b.write('after', 0);
  assert.deepEqual(poll().told.sort(), ['1:after', '2:after', 'b1']);
});

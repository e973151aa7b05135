import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Encoder } from '@millrace/core/types/type-information';
import { channelContract } from './channel-contract.ts';
import { createEdgeChannels } from './edge-channels.ts';
import { createLocalChannel, LocalReader } from './local-channel.ts';
import { type Payload, payloadDecoder, payloadEncoder } from './payload-fixture.ts';
import { RecordSpill } from './record-spill.ts';

const flow = () => ({ timestamp: 0, blocked: 0 });

channelContract('the in-thread queue', (segments) => {
  const producer = flow();
  const consumer = flow();
  return {
    ...createLocalChannel<Payload>(producer, consumer, { capacity: 64 << Math.min(segments, 4) }),
    producer,
    consumer,
    checkNoLeak() {},
  };
});

channelContract('the in-thread queue with generated code', (segments) => {
  const producer = flow();
  const consumer = flow();
  const channel = createEdgeChannels('test edge').createLocalChannel<Payload>(producer, consumer, {
    capacity: 64 << Math.min(segments, 4),
  });
  assert.notEqual(channel.reader.constructor, LocalReader);
  return { ...channel, producer, consumer, checkNoLeak() {} };
});

channelContract('the in-thread queue over a spill', (segments) => {
  const producer = flow();
  const consumer = flow();
  const files: Uint8Array[][] = [];
  const openSpill = () => {
    const pieces: Uint8Array[] = [];
    files.push(pieces);
    const append = (piece: Uint8Array) => void pieces.push(piece.slice());
    return {
      append,
      take: (target: Uint8Array) => target.set(pieces.shift() as Uint8Array),
      close: () => void files.splice(files.indexOf(pieces), 1),
    };
  };
  const codec = { createEncoder: () => payloadEncoder as Encoder<unknown>, createDecoder: () => payloadDecoder };
  const backlog = { memoryCapBytes: 3_000, openSpill: () => new RecordSpill({ name: 'test', codec, openSpill }) };
  const channel = createLocalChannel<Payload>(producer, consumer, { capacity: 16 << Math.min(segments, 4), backlog });
  return { ...channel, producer, consumer, checkNoLeak: () => assert.equal(files.length, 0) };
});

test('the limit of a queue goes by the size of its records', () => {
  for (const [size, most] of [
    [10, 1024],
    [10_000, 104],
    [1_000_000, 2],
    [100_000_000, 2],
  ] as const) {
    const { writer } = createLocalChannel<string>(flow(), flow());
    const record = ' '.repeat(size);
    let written = 0;
    while (!writer.isBlocked) writer.write(record, written++);
    assert.equal(written, Math.max(most, 16), `records of ${size}`); // the first are not measured
    assert.equal(writer.overdraftBytes, 0);
  }
});

test('records pass by reference, and what a control element carries is not taken for one', () => {
  const { writer, reader } = createLocalChannel<object | undefined>(flow(), flow(), { capacity: 4 });
  const record = { a: 1 };
  const seen: unknown[] = [];
  writer.write(record, 5);
  writer.write(undefined, 6);
  reader.drain({ processRecord: (value) => void seen.push(value) }, 10);
  assert.equal(seen.length, 2);
  assert.equal(seen[0], record);
  assert.equal(seen[1], undefined);
});

test('the queue keeps no record that was read', async () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  for (const channel of [
    createLocalChannel<object>(flow(), flow(), { capacity: 8 }),
    createEdgeChannels('test edge').createLocalChannel<object>(flow(), flow(), { capacity: 8 }),
  ]) {
    const read = (() => {
      const record = { big: true };
      channel.writer.write(record, 0);
      channel.reader.drain({ processRecord() {} }, 1);
      return new WeakRef(record);
    })();
    await new Promise(setImmediate); // a WeakRef holds its object until the end of the turn
    collectGarbage();
    assert.equal(read.deref(), undefined);
    assert.equal(channel.reader.hasData(), false);
  }
});

test('a handler that writes to the channel it is reading from sees its record come round', () => {
  const { writer, reader } = createLocalChannel<number>(flow(), flow(), { capacity: 2 });
  const seen: number[] = [];
  const processRecord = (value: number) => {
    seen.push(value);
    if (value < 100) for (let i = 0; i < 2; i += 1) if (seen.length < 50) writer.write(value + 1, 0);
  };
  writer.write(0, 0);
  do reader.drain({ processRecord }, 7);
  while (!writer.tryDrain() || reader.hasData());
  assert.deepEqual(seen.slice(0, 7), [0, 1, 1, 2, 2, 2, 2]);
});

test('a capacity that is no power of two is refused', () => {
  assert.throws(
    () => createLocalChannel(flow(), flow(), { capacity: 1000 }),
    /the capacity of a local channel is 1000; it must be a power of two/,
  );
});

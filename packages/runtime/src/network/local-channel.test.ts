import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { channelContract } from './channel-contract.ts';
import { createEdgeChannels } from './edge-channels.ts';
import { createLocalChannel, LocalReader } from './local-channel.ts';
import type { Payload } from './payload-fixture.ts';

const flow = () => ({ timestamp: 0, blocked: 0 });

channelContract('the in-thread queue', (segments) => {
  const producer = flow();
  const consumer = flow();
  return { ...createLocalChannel<Payload>(producer, consumer, 64 << Math.min(segments, 4)), producer, consumer, checkNoLeak() {} };
});

channelContract('the in-thread queue with generated code', (segments) => {
  const producer = flow();
  const consumer = flow();
  const channel = createEdgeChannels('test edge').createLocalChannel<Payload>(producer, consumer, 64 << Math.min(segments, 4));
  assert.notEqual(channel.reader.constructor, LocalReader);
  return { ...channel, producer, consumer, checkNoLeak() {} };
});

test('records pass by reference, and what a control element carries is not taken for one', () => {
  const { writer, reader } = createLocalChannel<object | undefined>(flow(), flow(), 4);
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
    createLocalChannel<object>(flow(), flow(), 8),
    createEdgeChannels('test edge').createLocalChannel<object>(flow(), flow(), 8),
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
  const { writer, reader } = createLocalChannel<number>(flow(), flow(), 2);
  const seen: number[] = [];
  const processRecord = (value: number) => {
    seen.push(value);
    if (value < 100) for (let i = 0; i < 2; i += 1) if (seen.length < 50) writer.write(value + 1, 0);
  };
  writer.write(0, 0);
  while (reader.hasData()) reader.drain({ processRecord }, 7);
  assert.deepEqual(seen.slice(0, 7), [0, 1, 1, 2, 2, 2, 2]);
});

test('a capacity that is no power of two is refused', () => {
  assert.throws(() => createLocalChannel(flow(), flow(), 1000), /the capacity of a local channel is 1000; it must be a power of two/);
});

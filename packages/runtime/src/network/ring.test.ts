import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { SpillFile } from '@millrace/core/fs/node/spill-file';
import { NetworkMemory } from '../memory/network-memory.ts';
import { SEGMENT_BYTES } from '../memory/segment.ts';
import { NO_TIMESTAMP } from '@millrace/streaming/contract/timestamp';
import { type ChannelReader, EMPTY, RECORD, WATERMARK } from './channel.ts';
import { channelContract } from './channel-contract.ts';
import { Doorbell } from './doorbell.ts';
import { createEdgeChannels, type EdgeChannelsOptions } from './edge-channels.ts';
import { HEADER_BYTES } from './element-format.ts';
import type { SpillSink } from './overdraft.ts';
import { assertPayload, PAYLOAD_MINIMUM, type Payload, payload, payloadDecoder, payloadEncoder } from './payload-fixture.ts';
import { attachRing, createRing, type Ring } from './ring-control.ts';
import { openRingReader, RingReader } from './ring-reader.ts';
import { openRingWriter, RingWriter } from './ring-writer.ts';

const owner = { channel: 'edge:0:0', epoch: 0 };
const flow = () => ({ timestamp: 0, blocked: 0 });

function newRing(segments: number): Ring {
  const memory = NetworkMemory.create((segments + 2) * SEGMENT_BYTES);
  memory.allocate({ channel: 'other', epoch: 0 }, 1); // so that segment 0 is somebody else's
  return createRing(memory, owner, segments);
}

function open(ring: Ring, attempt = 0, options: EdgeChannelsOptions = { code: 'shared' }) {
  const [producer, consumer] = [flow(), flow()];
  const attachment = attachRing(ring, Doorbell.createMemory());
  const channels = createEdgeChannels('test edge', options);
  const writer = channels.openRingWriter<Payload>(attachment, payloadEncoder, producer, attempt);
  const reader = channels.openRingReader<Payload>(attachment, payloadDecoder, consumer, attempt);
  return { writer, reader, producer, consumer };
}

channelContract('the ring', (segments) => {
  const memory = NetworkMemory.create((segments + 1) * SEGMENT_BYTES);
  const ring = createRing(memory, owner, segments);
  const checkNoLeak = () => {
    memory.release(owner);
    assert.equal(memory.usedSegments, 0);
  };
  return { ...open(ring), checkNoLeak };
});

channelContract('the ring with generated code', (segments) => {
  const ends = open(newRing(segments), 0, { code: 'generated' });
  assert.notEqual(ends.writer.constructor, RingWriter);
  assert.notEqual(ends.reader.constructor, RingReader);
  return { ...ends, checkNoLeak() {} };
});

/** The consumer changes its mind all the time. */
function debloated(reader: ChannelReader<Payload>, sizes: readonly number[]): ChannelReader<Payload> {
  const drain = reader.drain.bind(reader);
  let turn = 0;
  reader.drain = (handler, budget) => {
    reader.setBufferSize(sizes[turn++ % sizes.length] as number);
    return drain(handler, budget);
  };
  return reader;
}

for (const code of ['shared', 'generated'] as const) {
  for (const sizes of [[256], [1], [300, 0, 5_000, 40_000, 31]]) {
    channelContract(`the ring with buffers of ${sizes.join(', ')} bytes, ${code} code`, (segments) => {
      const { reader, ...ends } = open(newRing(segments), 0, { code });
      return { ...ends, reader: debloated(reader, sizes), checkNoLeak() {} };
    });
  }
}

test('smaller buffers bound what is in flight, and bytes are counted without padding', () => {
  for (const [bytes, most] of [
    [0, 4 * SEGMENT_BYTES],
    [1_000, 4_000],
    [256, 1_024],
  ] as const) {
    const { writer, reader } = open(newRing(4));
    reader.setBufferSize(bytes);
    writer.write(payload(0, 100), NO_TIMESTAMP);
    const size = HEADER_BYTES + PAYLOAD_MINIMUM + 100;
    for (let round = 0; round < 20; round += 1) {
      for (let n = 0; !writer.isBlocked; n += 1) writer.write(payload(n, 100), NO_TIMESTAMP);
      let drained = 0;
      const before = reader.bytesDrained;
      do {
        reader.drain({ processRecord() {} }, 1_000_000);
        drained += reader.drained;
        if (round > 0) assert.ok(drained * size <= most + size, `${drained} records with buffers of ${bytes}`);
      } while (!writer.tryDrain());
      // A part of the record that made the writer blocked may be left, and counts with the next.
      if (round > 0) assert.ok(Math.abs(reader.bytesDrained - before - drained * size) <= size);
      assert.ok(reader.bytesInFlight <= size, `${reader.bytesInFlight} bytes in flight`); // the record that made the writer blocked, or a part of it
    }
    writer.close();
    reader.close();
  }
});

class FifoSpill implements SpillSink {
  static open = 0;
  static most = 0;
  private readonly segments: Uint8Array[] = [];
  constructor() {
    FifoSpill.open += 1;
  }
  append(segment: Uint8Array): void {
    assert.equal(segment.byteLength, SEGMENT_BYTES);
    this.segments.push(segment.slice());
    FifoSpill.most = Math.max(FifoSpill.most, this.segments.length);
  }
  take(target: Uint8Array): void {
    target.set(this.segments.shift()!);
  }
  close(): void {
    FifoSpill.open -= 1;
  }
}

channelContract('the ring with a spill', (segments) => {
  const memory = NetworkMemory.create(segments * SEGMENT_BYTES);
  const ends = open(createRing(memory, owner, segments), 0, { spill: () => new FifoSpill(), memoryCapBytes: 2 * SEGMENT_BYTES });
  return { ...ends, checkNoLeak: () => assert.equal(FifoSpill.open, 0) };
});

test('the spill was used', () => assert.ok(FifoSpill.most > 10));

test('elements end at every distance from the border of a segment, and begin right there', () => {
  const { writer, reader, consumer } = open(newRing(3));
  let serial = 0;
  let position = 0; // in the writer's segment, by the rule of element-format.ts
  const put = (size: number) => {
    const body = HEADER_BYTES + PAYLOAD_MINIMUM + size;
    writer.write(payload(serial, size), Number.MIN_SAFE_INTEGER - 1);
    writer.flush();
    assert.equal(reader.drain({ processRecord: (record) => assertPayload(record, serial, size) }, 2), EMPTY);
    assert.equal(reader.drained, 1);
    serial += 1;
    position = (position + body) % SEGMENT_BYTES;
    if (SEGMENT_BYTES - position < HEADER_BYTES) position = 0;
  };
  for (let rest = 0; rest <= 45; rest += 1) {
    for (let size = 0; size <= 30; size += 1) {
      const filler = SEGMENT_BYTES - position - rest - HEADER_BYTES - PAYLOAD_MINIMUM;
      put(filler < 0 ? filler + SEGMENT_BYTES : filler);
      put(size);
      writer.writeWatermark(serial);
      writer.flush();
      assert.equal(reader.drain({ processRecord: () => assert.fail('no record') }, 1), WATERMARK);
      assert.equal(reader.value, serial);
      position = (position + HEADER_BYTES + 8) % SEGMENT_BYTES;
      if (SEGMENT_BYTES - position < HEADER_BYTES) position = 0;
    }
  }
  assert.equal(consumer.blocked, 0);
});

test('positions wrap at 2^32 bytes', () => {
  const { writer, reader } = open(newRing(3));
  const record = payload(7, 1_000_000);
  const rounds = Math.ceil((2 ** 32 * 1.01) / 1_000_000);
  let read = 0;
  const processRecord = (got: Payload) => {
    if (read % 500 === 0 || read > rounds - 100) assertPayload(got, 7, 1_000_000);
    read += 1;
  };
  for (let round = 0; round < rounds; round += 1) {
    writer.write(record, round);
    writer.flush();
    do reader.drain({ processRecord }, 10);
    while (!writer.tryDrain());
    reader.drain({ processRecord }, 10);
    assert.equal(read, round + 1);
  }
});

test('a newer attempt sees nothing of what an older one left', () => {
  const ring = newRing(2);
  const first = open(ring, 0);
  for (let i = 0; i < 100; i += 1) first.writer.write(payload(i, 1_000), i); // into overdraft
  first.writer.flush();
  first.reader.drain({ processRecord() {} }, 5);

  const attachment = attachRing(ring, Doorbell.createMemory());
  const reader = openRingReader<Payload>(attachment, payloadDecoder, flow(), 1);
  assert.equal(reader.hasData(), false);
  assert.equal(reader.drain({ processRecord: () => assert.fail('of the old attempt') }, 10), EMPTY);

  const producer = flow();
  const writer = openRingWriter<Payload>(attachment, payloadEncoder, producer, 1);
  assert.equal(reader.hasData(), false);
  const seen: number[] = [];
  for (let i = 0; i < 500; i += 1) {
    writer.write(payload(1_000 + i, 500), i);
    writer.flush();
    do reader.drain({ processRecord: (record) => void seen.push(record.serial) }, 10);
    while (!writer.tryDrain());
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 500 }, (_, i) => 1_000 + i),
  );
});

test('a writer that comes before its reader has the credit of an empty ring, whatever an older reader consumed', () => {
  const ring = newRing(2);
  const old = open(ring, 0);
  for (let i = 0; i < 200; i += 1) {
    old.writer.write(payload(i, 1_000), i);
    old.writer.flush();
    old.reader.drain({ processRecord() {} }, 5);
  }
  const attachment = attachRing(ring, Doorbell.createMemory());
  const writer = openRingWriter<Payload>(attachment, payloadEncoder, flow(), 1);
  let written = 0;
  while (!writer.isBlocked) writer.write(payload(written++, 1_000), 0);
  assert.ok(written * 1_021 > SEGMENT_BYTES && written * 1_021 < 3 * SEGMENT_BYTES, `${written} records in two segments`);
  const reader = openRingReader<Payload>(attachment, payloadDecoder, flow(), 1);
  let read = 0;
  do reader.drain({ processRecord: (record) => assertPayload(record, read++, 1_000) }, 1_000);
  while (!writer.tryDrain());
  reader.drain({ processRecord: (record) => assertPayload(record, read++, 1_000) }, 1_000);
  assert.equal(read, written);
});

test('a record of 100 MB passes four segments in three times its size', () => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const collectGarbage = () => {
    gc();
    gc(); // array buffers that the first one found are given back by then
  };
  const size = 100_000_000;
  const record = payload(1, size);
  collectGarbage();
  const before = process.memoryUsage().arrayBuffers; // the ring's memory and the record are in it
  let most = 0;
  const look = () => {
    collectGarbage();
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  };
  const decoder = {
    read(input: Parameters<typeof payloadDecoder.read>[0]) {
      look(); // gathered, and not yet the new record
      return payloadDecoder.read(input);
    },
  };
  const attachment = attachRing(newRing(4), Doorbell.createMemory());
  const writer = openRingWriter<Payload>(attachment, payloadEncoder, flow(), 0);
  const reader = openRingReader<Payload>(attachment, decoder, flow(), 0);
  writer.write(record, 1);
  look();
  assert.ok(writer.overdraftBytes > 0.99 * size, 'four segments are nothing beside it');
  let read = 0;
  const processRecord = (got: Payload) => {
    assertPayload(got, 1, size);
    read += 1;
  };
  do reader.drain({ processRecord }, 1);
  while (!writer.tryDrain());
  reader.drain({ processRecord }, 1);
  assert.equal(read, 1);
  assert.ok(most < 3 * size, `${most} bytes`);
  assert.ok(most > size, `${most} bytes: the measurement sees nothing`);
  collectGarbage();
  const after = process.memoryUsage().arrayBuffers - before;
  assert.ok(after < 1_000_000, `${after} bytes are kept afterwards`);
});

test('overdraft past the cap goes through a file and comes back', () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-spill-'));
  try {
    const files: SpillFile[] = [];
    const spill = () => {
      const file = new SpillFile(directory, 'edge:0:0', SEGMENT_BYTES);
      files.push(file);
      return file;
    };
    const { writer, reader } = open(newRing(2), 0, { spill, memoryCapBytes: 3 * SEGMENT_BYTES });
    let [written, read] = [0, 0];
    const processRecord = (record: Payload) => assertPayload(record, read++, 9_000);
    for (let round = 0; round < 3; round += 1) {
      for (let i = 0; i < 500; i += 1) writer.write(payload(written++, 9_000), i);
      assert.ok(files[0]!.pieces > 100);
      for (let step = 0; step < 20; step += 1) {
        reader.drain({ processRecord }, 5);
        writer.tryDrain();
      }
    }
    do reader.drain({ processRecord }, 100);
    while (!writer.tryDrain());
    writer.flush();
    while (reader.hasData()) reader.drain({ processRecord }, 100);
    assert.equal(read, written);
    assert.equal(files.length, 1);
    writer.close();
    assert.deepEqual(readdirSync(directory), []);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('an element whose encoder throws is not published', () => {
  const attachment = attachRing(newRing(2), Doorbell.createMemory());
  let fail = false;
  const encoder = {
    write(record: Payload, output: Parameters<typeof payloadEncoder.write>[1]) {
      payloadEncoder.write(record, output);
      if (fail) throw new Error('refused');
    },
  };
  const writer = openRingWriter<Payload>(attachment, encoder, flow(), 0);
  const reader = openRingReader<Payload>(attachment, payloadDecoder, flow(), 0);
  writer.write(payload(0, 10), 0);
  fail = true;
  assert.throws(() => writer.write(payload(1, 10), 0), /refused/);
  writer.flush();
  const seen: number[] = [];
  assert.equal(reader.drain({ processRecord: (record) => void seen.push(record.serial) }, 9), EMPTY);
  assert.deepEqual(seen, [0]);
});

test('a decoder that reads another type is caught', () => {
  const attachment = attachRing(newRing(2), Doorbell.createMemory());
  const writer = openRingWriter<Payload>(attachment, payloadEncoder, flow(), 0);
  const decoder = {
    read(input: Parameters<typeof payloadDecoder.read>[0]) {
      input.position += 4;
    },
  };
  const reader = openRingReader<void>(attachment, decoder, flow(), 0);
  writer.write(payload(0, 10), 0);
  writer.flush();
  assert.throws(
    () => reader.drain({ processRecord() {} }, 9),
    /a decoder stopped at \d+ in a record that ends at \d+: it is not of the type that was written/,
  );
});

test('a freed segment rings the producer once, and only while it waits', () => {
  const memory = NetworkMemory.create(4 * SEGMENT_BYTES);
  const ring = createRing(memory, owner, 4);
  const [slotOfProducer, slotOfConsumer] = [Doorbell.createMemory(), Doorbell.createMemory()];
  const writer = openRingWriter<Payload>(attachRing(ring, slotOfConsumer), payloadEncoder, flow(), 0);
  const reader = openRingReader<Payload>(attachRing(ring, slotOfProducer), payloadDecoder, flow(), 0);
  const bell = new Doorbell(slotOfProducer, { now: () => 0, monotonic: () => 0, schedule: () => ({ cancel() {} }) });
  const read = (count: number) => assert.equal(reader.drain({ processRecord() {} }, count), RECORD);

  bell.prepare();
  for (let i = 0; i < 3; i += 1) writer.write(payload(i, SEGMENT_BYTES - 21), 0); // each fills a segment
  read(1);
  assert.equal(bell.isParked(), true, 'the producer has credit and does not wait');
  while (!writer.isBlocked) writer.write(payload(9, SEGMENT_BYTES - 21), 0);
  assert.equal(writer.tryDrain(), false);
  read(1);
  assert.equal(bell.isParked(), true, 'one of four is free');
  read(1);
  assert.equal(bell.isParked(), false, 'half of the ring is free');
  bell.prepare();
  read(1);
  assert.equal(bell.isParked(), true, 'it was rung already');
  assert.equal(writer.tryDrain(), true);
});

// Goal: what is in flight follows the speed of its consumer. Method: a consumer of known speed under a time that the test counts, on figures alone and on real channels;
// what stands before a barrier is counted in records, not measured.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@millrace/core/base/random';
import { createCodec } from '@millrace/core/types/codec';
import { NetworkMemory } from '../memory/network-memory.ts';
import { SEGMENT_BYTES } from '../memory/segment.ts';
import { BARRIER, type ChannelReader, type ChannelWriter } from '../network/channel.ts';
import { Doorbell } from '../network/doorbell.ts';
import { createLocalChannel } from '../network/local-channel.ts';
import { attachRing, createRing } from '../network/ring-control.ts';
import { openRingReader } from '../network/ring-reader.ts';
import { openRingWriter } from '../network/ring-writer.ts';
import { BufferDebloater } from './buffer-debloater.ts';

const SETTINGS = { targetMs: 1_000, periodMs: 200, samples: 20, thresholdPercentage: 25 };

class FakeReader {
  bytesDrained = 0;
  readonly buffers = 8;
  readonly told: number[] = [];
  setBufferSize(bytes: number): void {
    this.told.push(bytes);
  }
}

/** `bytesPerMs` of each reader, for so many periods; idle for `idleShare` of the time. */
function run(
  debloater: BufferDebloater,
  readers: readonly FakeReader[],
  speed: { bytesPerMs: number; periods: number; idleShare?: number },
) {
  const { bytesPerMs, periods, idleShare = 0 } = speed;
  for (let period = 0; period < periods; period += 1) {
    now += SETTINGS.periodMs;
    idle += SETTINGS.periodMs * idleShare;
    for (const reader of readers) reader.bytesDrained += bytesPerMs * SETTINGS.periodMs * (1 - idleShare);
    debloater.look(now, idle);
  }
}
let now = 0;
let idle = 0;

function debloaterOf(readers: readonly FakeReader[]): BufferDebloater {
  now = 0;
  idle = 0;
  const debloater = new BufferDebloater(SETTINGS, readers);
  debloater.look(now, idle);
  return debloater;
}

test('all buffers together are what is drained in the target', () => {
  for (const channels of [1, 5]) {
    const readers = Array.from({ length: channels }, () => new FakeReader());
    const debloater = debloaterOf(readers);
    run(debloater, readers, { bytesPerMs: 40, periods: 100 });
    const wanted = (40 * channels * SETTINGS.targetMs) / (channels * 8);
    assert.ok(
      Math.abs(debloater.bufferBytes / wanted - 1) <= SETTINGS.thresholdPercentage / 100,
      `${debloater.bufferBytes}, wanted ${wanted}`,
    );
    assert.ok(Math.abs(debloater.estimatedTimeToConsumeMs / SETTINGS.targetMs - 1) <= SETTINGS.thresholdPercentage / 100);
    assert.equal(readers[0]?.told.at(-1), debloater.bufferBytes);
  }
});

test('a fast task keeps whole segments, and is told nothing', () => {
  const reader = new FakeReader();
  const debloater = debloaterOf([reader]);
  run(debloater, [reader], { bytesPerMs: 100_000, periods: 50 });
  assert.equal(debloater.bufferBytes, SEGMENT_BYTES);
  assert.deepEqual(reader.told, []);
});

test('a slow one gets buffers of 256 bytes, and whole segments again when it is fast', () => {
  const reader = new FakeReader();
  const debloater = debloaterOf([reader]);
  run(debloater, [reader], { bytesPerMs: 0.1, periods: 200 });
  assert.equal(debloater.bufferBytes, 256);
  run(debloater, [reader], { bytesPerMs: 100_000, periods: 200 });
  assert.equal(debloater.bufferBytes, SEGMENT_BYTES);
  assert.equal(reader.told.at(-1), 0);
});

test('time without input, and channels without, count for nothing', () => {
  const readers = [new FakeReader(), new FakeReader()];
  const busy = debloaterOf(readers);
  run(busy, [readers[0] as FakeReader], { bytesPerMs: 40, periods: 100 });
  const others = [new FakeReader(), new FakeReader()];
  const often = debloaterOf(others);
  run(often, [others[0] as FakeReader], { bytesPerMs: 40, periods: 100, idleShare: 0.75 });
  assert.equal(often.bufferBytes, busy.bufferBytes);
  run(often, [], { bytesPerMs: 0, periods: 10, idleShare: 1 });
  assert.equal(often.bufferBytes, busy.bufferBytes);
});

test('small changes of speed are not told', () => {
  const reader = new FakeReader();
  const debloater = debloaterOf([reader]);
  run(debloater, [reader], { bytesPerMs: 40, periods: 100 });
  const told = reader.told.length;
  const random = seededRandom(1);
  for (let n = 0; n < 100; n += 1) run(debloater, [reader], { bytesPerMs: 36 + random.nextInt(8), periods: 1 });
  assert.equal(reader.told.length, told);
});

interface Ends {
  readonly writer: ChannelWriter<string>;
  readonly reader: ChannelReader<string>;
}

const flow = () => ({ timestamp: 0, blocked: 0 });
const KINDS: Readonly<Record<string, () => Ends>> = {
  'a ring': () => {
    const memory = NetworkMemory.create(16 * SEGMENT_BYTES);
    const ring = attachRing(createRing(memory, { channel: 'c', epoch: 0 }, 8), Doorbell.createMemory());
    const codec = createCodec<string>({ kind: 'shape' });
    return {
      writer: openRingWriter(ring, codec.createEncoder(), flow(), 0),
      reader: openRingReader(ring, codec.createDecoder(), flow(), 0),
    };
  },
  'a queue of a slot': () => createLocalChannel<string>(flow(), flow()),
};
const RECORD_TEXT = 'x'.repeat(90);

/** A producer without end in front of a consumer that takes one record a millisecond; how many of them a barrier waits for. */
function recordsBeforeBarrier({ writer, reader }: Ends, isDebloated: boolean): number {
  const debloater = new BufferDebloater({ ...SETTINGS, targetMs: 100 }, [reader]);
  const produce = () => {
    writer.tryDrain();
    while (!writer.isBlocked) writer.write(RECORD_TEXT, 0);
  };
  for (let ms = 0; ms < 60_000; ms += 1) {
    produce();
    reader.drain({ processRecord() {} }, 1);
    if (isDebloated) debloater.look(ms, 0);
  }
  produce();
  const location = { kind: 'directory', base: '/c', exclusive: 'chk-1', shared: 'shared', inlineBytesMax: 0 } as const;
  writer.writeBarrier({ checkpointId: 1, timestamp: 0, kind: 'checkpoint', location });
  let records = 0;
  for (;;) {
    writer.tryDrain();
    writer.flush();
    const result = reader.drain({ processRecord() {} }, 1);
    records += reader.drained;
    if (result === BARRIER) return records;
  }
}

for (const [name, open] of Object.entries(KINDS)) {
  test(`under back-pressure a barrier in ${name} waits for what is drained in the target, not for all that fits in`, () => {
    const all = recordsBeforeBarrier(open(), false);
    const few = recordsBeforeBarrier(open(), true);
    assert.ok(all >= 500, `${all} records without`);
    assert.ok(few <= 150, `${few} records with a target of 100`);
  });
}

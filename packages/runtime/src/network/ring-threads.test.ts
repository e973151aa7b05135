/**
 * Two threads, two rings of one to three segments, everything sent there and back, both slots parking through their doorbells without a time limit.
 * A lost wake-up, a lost credit or a torn element hangs or fails. Race-prone: run it often, on one processor too (`taskset -c 0`).
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { systemClock } from '@millrace/core/base/clock';
import { seededRandom } from '@millrace/core/base/random';
import { NetworkMemory } from '../memory/network-memory.ts';
import { SEGMENT_BYTES } from '../memory/segment.ts';
import { EMPTY, END_OF_INPUT, RECORD, WATERMARK } from './channel.ts';
import { Doorbell } from './doorbell.ts';
import { type EchoSetup, runSlot } from './echo-fixture.ts';
import { assertPayload, type Payload, payload, payloadDecoder, payloadEncoder } from './payload-fixture.ts';
import { attachRing, createRing } from './ring-control.ts';
import { openRingReader } from './ring-reader.ts';
import { openRingWriter } from './ring-writer.ts';

const RECORDS = 3_000;
const workers = new Set<Worker>();
after(() => assert.equal(workers.size, 0, 'a worker is left'));

function setUp(seed: number) {
  const memory = NetworkMemory.create(8 * SEGMENT_BYTES);
  const [ownBell, otherBell] = [Doorbell.createMemory(), Doorbell.createMemory()];
  const there = createRing(memory, { channel: 'there', epoch: 0 }, 1 + (seed % 3));
  const back = createRing(memory, { channel: 'back', epoch: 0 }, 1 + ((seed >> 1) % 3));
  const setup: EchoSetup = { seed, input: attachRing(there, ownBell), output: attachRing(back, ownBell), bell: otherBell };
  const worker = new Worker(new URL('./echo-worker-fixture.js', import.meta.url), { workerData: setup });
  workers.add(worker);
  worker.on('exit', () => workers.delete(worker));
  const flow = { timestamp: 0, blocked: 0 };
  const writer = openRingWriter<Payload>(attachRing(there, otherBell), payloadEncoder, { timestamp: 0, blocked: 0 }, 0);
  const reader = openRingReader<Payload>(attachRing(back, otherBell), payloadDecoder, flow, 0);
  return { worker, flow, writer, reader, bell: new Doorbell(ownBell, systemClock) };
}

async function thereAndBack(seed: number): Promise<number> {
  const { worker, flow, writer, reader, bell } = setUp(seed);
  let failure: unknown;
  const answered = new Promise<number>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  answered.catch((error: unknown) => {
    failure = error;
    bell.wake();
  });
  const random = seededRandom(seed);
  const sizes: number[] = [];
  const limits = [20, 400, 3_000, 120_000];
  let [received, ended, sentEnd] = [0, false, false];
  const processRecord = (record: Payload) => {
    assertPayload(record, received, sizes[received]!);
    assert.equal(flow.timestamp, received);
    received += 1;
  };
  const send = (): boolean => {
    if (sentEnd || !writer.tryDrain()) return false;
    for (let count = random.nextInt(60); count >= 0 && sizes.length < RECORDS && !writer.isBlocked; count -= 1) {
      const limit = limits[random.nextInt(40) === 0 ? 3 : random.nextInt(3)]!;
      sizes.push(random.nextInt(limit));
      writer.write(payload(sizes.length - 1, sizes.at(-1)!), sizes.length - 1);
    }
    if (random.nextInt(10) === 0) writer.writeWatermark(sizes.length);
    if (sizes.length === RECORDS) {
      writer.writeEndOfInput();
      sentEnd = true;
    }
    return true;
  };
  const turn = (): boolean => {
    if (failure !== undefined) throw failure;
    const sent = random.nextInt(3) === 0 && send();
    writer.tryDrain();
    const result = reader.drain({ processRecord }, 1 + random.nextInt(100));
    if (result === WATERMARK) assert.equal(reader.value, received);
    if (result === END_OF_INPUT) ended = true;
    const advanced = sent || reader.drained > 0 || (result !== EMPTY && result !== RECORD) || (!sentEnd && !writer.isBlocked);
    if (!advanced) writer.flush();
    return advanced;
  };
  try {
    const parks = await runSlot(bell, turn, () => ended);
    assert.equal(received, RECORDS);
    const otherParks = await answered;
    worker.postMessage('close');
    await new Promise((resolve) => worker.once('exit', resolve));
    return parks + otherParks;
  } finally {
    await worker.terminate();
  }
}

test('everything comes back from another thread, in order', { timeout: 120_000 }, async () => {
  let parks = 0;
  for (let seed = 1; seed <= 12; seed += 1) {
    try {
      parks += await thereAndBack(seed);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
  assert.ok(parks > 0, 'no slot ever parked: the test does not show what it is for');
});

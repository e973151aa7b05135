/**
 * The contract of channel.ts as tests, for every kind of channel: `channelContract('ring', makeChannel)` in the test file of the kind.
 *
 * What it does not cover: two threads (ring-threads.test.ts), attempts, and the layout in segments, which only kinds with bytes have (ring.test.ts).
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Random, seededRandom } from '@millrace/core/base/random';
import { NO_TIMESTAMP } from '@millrace/streaming/contract/timestamp';
import type { CheckpointBarrier } from '../checkpoint/checkpoint-options.ts';
import {
  BARRIER,
  type ChannelFlow,
  type ChannelReader,
  type ChannelWriter,
  type DrainResult,
  EMPTY,
  END_OF_INPUT,
  LATENCY_MARKER,
  RECORD,
  WATERMARK,
  WATERMARK_STATUS,
} from './channel.ts';
import type { LatencyMarker } from './latency-marker.ts';
import { assertPayload, type Payload, payload } from './payload-fixture.ts';

export interface ChannelUnderTest {
  readonly writer: ChannelWriter<Payload>;
  readonly reader: ChannelReader<Payload>;
  readonly producer: ChannelFlow;
  readonly consumer: ChannelFlow;
  /** Called once both ends are closed; asserts that nothing is left. */
  checkNoLeak(): void;
}

/** `segments`: how much credit, in segments of 32 KiB; kinds that count records take a capacity that small records of so many bytes would need. */
export type MakeChannel = (segments: number) => ChannelUnderTest;

type Element = readonly [kind: DrainResult, number: number, serial?: number, size?: number];

/** Of this size, about, when it is written out. */
function barrierOf(checkpointId: number, size: number): CheckpointBarrier {
  const base = `/tmp/${'é'.repeat(Math.max(0, size - 200) / 2)}`;
  const location = { kind: 'directory', base, exclusive: 'chk-1', shared: 'shared', inlineBytesMax: 20_480 } as const;
  return { checkpointId, timestamp: 1_700_000_000_000, kind: 'checkpoint', location };
}

function markerOf(markedMs: number): LatencyMarker {
  return { markedMs, operatorId: 'é'.repeat(Math.trunc(Math.abs(markedMs)) % 5), subtask: Math.trunc(Math.abs(markedMs)) % 40_000 };
}

/** One channel, what was written to it, and what came out. */
class Trial {
  readonly channel: ChannelUnderTest;
  readonly written: Element[] = [];
  readonly read: Element[] = [];
  private serial = 0;

  constructor(channel: ChannelUnderTest) {
    this.channel = channel;
  }

  write(size: number, timestamp: number): void {
    this.channel.writer.write(payload(this.serial, size), timestamp);
    this.written.push([RECORD, timestamp, this.serial, size]);
    this.serial += 1;
  }

  watermark(timestamp: number): void {
    this.channel.writer.writeWatermark(timestamp);
    this.written.push([WATERMARK, timestamp]);
  }

  status(idle: boolean): void {
    this.channel.writer.writeWatermarkStatus(idle);
    this.written.push([WATERMARK_STATUS, idle ? 1 : 0]);
  }

  barrier(size: number): void {
    const checkpointId = this.written.length + 1;
    this.channel.writer.writeBarrier(barrierOf(checkpointId, size));
    this.written.push([BARRIER, checkpointId, 0, size]);
  }

  latencyMarker(markedMs: number): void {
    this.channel.writer.writeLatencyMarker(markerOf(markedMs));
    this.written.push([LATENCY_MARKER, markedMs]);
  }

  end(): void {
    this.channel.writer.writeEndOfInput();
    this.written.push([END_OF_INPUT, 0]);
  }

  /** The consumer's task becomes blocked at its record number `blockAt` of this drain, and is free again afterwards. */
  drain(budget = Number.POSITIVE_INFINITY, blockAt = Number.POSITIVE_INFINITY): DrainResult {
    const { reader, consumer } = this.channel;
    let handed = 0;
    const processRecord = (record: Payload) => {
      const [, , serial, size] = this.written[this.read.length]!;
      assertPayload(record, serial!, size!);
      this.read.push([RECORD, consumer.timestamp, serial!, size!]);
      handed += 1;
      if (handed === blockAt) consumer.blocked += 1;
    };
    const next = reader.peek();
    const result = reader.drain({ processRecord }, budget);
    if (next !== EMPTY) assert.equal(next, (this.written[this.read.length - handed] ?? [EMPTY])[0], 'peek tells what comes next');
    consumer.blocked = 0;
    assert.equal(reader.drained, handed);
    assert.ok(handed <= Math.min(budget, blockAt));
    if (result === BARRIER) this.#readBarrier();
    else if (result !== EMPTY && result !== RECORD) this.read.push([result, reader.value]);
    if (result === LATENCY_MARKER) assert.deepEqual(reader.latencyMarker, markerOf(reader.value));
    return result;
  }

  #readBarrier(): void {
    const { value, barrier } = this.channel.reader;
    const [, checkpointId, , size] = this.written[this.read.length]!;
    assert.deepEqual(barrier, barrierOf(checkpointId, size!));
    this.read.push([BARRIER, value, 0, size!]);
  }

  /** Alternates both sides until everything written has been read. Every round must bring something: a standstill is a lost credit. */
  settle(): void {
    this.channel.writer.flush();
    while (this.read.length < this.written.length) {
      const before = this.read.length;
      const overdraft = this.channel.writer.overdraftBytes;
      while (this.drain() !== EMPTY);
      const free = this.channel.writer.tryDrain();
      this.channel.writer.flush();
      const moved = this.read.length > before || this.channel.writer.overdraftBytes < overdraft || free;
      assert.ok(moved, `standstill after ${this.read.length} of ${this.written.length} elements`);
    }
    while (!this.channel.writer.tryDrain()) assert.equal(this.drain(), EMPTY);
    assert.deepEqual(this.read, this.written);
    assert.equal(this.channel.producer.blocked, 0);
    assert.equal(this.channel.writer.overdraftBytes, 0);
  }

  finish(): void {
    this.channel.writer.close();
    this.channel.reader.close();
    assert.equal(this.channel.producer.blocked, 0);
    this.channel.checkNoLeak();
  }
}

export function channelContract(name: string, makeChannel: MakeChannel): void {
  const trial = (segments: number) => new Trial(makeChannel(segments));
  describe(`${name} keeps the contract of channels`, () => {
    elements(trial);
    sizes(trial);
    backPressure(trial);
    closing(trial);
    test('random interleavings deliver what a plain list would', () => {
      for (let seed = 1; seed <= 150; seed += 1) {
        try {
          interleave(trial(1 + (seed % 4)), seededRandom(seed));
        } catch (error) {
          throw new Error(`seed ${seed}`, { cause: error });
        }
      }
    });
  });
}

type MakeTrial = (segments: number) => Trial;

function elements(trial: MakeTrial): void {
  test('every element comes out once, in order, with its value', () => {
    const t = trial(4);
    t.write(3, 0);
    t.write(0, NO_TIMESTAMP);
    t.write(100, -1);
    t.watermark(Number.MIN_SAFE_INTEGER);
    t.status(true);
    t.barrier(0);
    t.status(false);
    t.latencyMarker(1_700_000_000_123.5);
    t.write(7, Number.MAX_SAFE_INTEGER);
    t.watermark(Number.MAX_SAFE_INTEGER);
    t.end();
    t.channel.writer.flush();
    const results = Array.from({ length: 8 }, () => t.drain());
    const controls = [WATERMARK, WATERMARK_STATUS, BARRIER, WATERMARK_STATUS, LATENCY_MARKER, WATERMARK, END_OF_INPUT];
    assert.deepEqual(results, [...controls, EMPTY]);
    assert.deepEqual(t.read, t.written);
    t.finish();
  });

  test('what was flushed is seen, and hasData says so', () => {
    const t = trial(4);
    assert.equal(t.channel.reader.hasData(), false);
    assert.equal(t.drain(), EMPTY);
    for (let i = 0; i < 50; i += 1) {
      t.write(i, i);
      t.channel.writer.flush();
      t.channel.writer.flush();
      assert.equal(t.channel.reader.hasData(), true);
      assert.equal(t.drain(), EMPTY);
      assert.equal(t.read.length, i + 1);
      assert.equal(t.channel.reader.hasData(), false);
    }
    t.finish();
  });

  test('a drain stops at its budget and when its own task is blocked', () => {
    const t = trial(4);
    for (let i = 0; i < 10; i += 1) t.write(i, i);
    t.channel.writer.flush();
    assert.equal(t.drain(4), RECORD);
    assert.equal(t.read.length, 4);
    assert.equal(t.drain(4, 1), RECORD);
    assert.equal(t.read.length, 5, 'one record, after which the task is found blocked');
    t.settle();
    t.finish();
  });

  test('after the end of input there is nothing', () => {
    const t = trial(2);
    t.end();
    t.channel.writer.flush();
    assert.equal(t.drain(), END_OF_INPUT);
    assert.equal(t.drain(), EMPTY);
    assert.equal(t.channel.reader.hasData(), false);
    t.finish();
  });
}

function sizes(trial: MakeTrial): void {
  test('records of every size up to two segments and more', () => {
    for (const segments of [1, 3]) {
      const t = trial(segments);
      for (let size = 0; size <= 70_000; size += nearBorder(size) ? 1 : 257) {
        t.write(size, size % 3 === 0 ? NO_TIMESTAMP : size);
        if (size % 5 === 0) t.watermark(size);
        if (size % 7 === 0) t.barrier(size % 1_000);
        if (size % 3 === 0) t.latencyMarker(size);
        t.settle();
      }
      t.finish();
    }
  });

  test('records larger than all credit', () => {
    for (const segments of [1, 2, 4]) {
      const t = trial(segments);
      for (const size of [200_000, 10, 1_000_000, 131_072, 5_000_000, 0]) {
        t.write(size, size);
        t.watermark(size);
        t.settle();
      }
      for (let i = 0; i < 5; i += 1) t.write(300_000 + i, i); // all of it overdraft at once
      t.settle();
      t.finish();
    }
  });
}

function nearBorder(size: number): boolean {
  const distance = size % 32_768;
  return distance < 40 || distance > 32_768 - 60;
}

function backPressure(trial: MakeTrial): void {
  for (const segments of [1, 2, 5]) {
    test(`beyond a credit of ${segments} segments the producer is blocked once, and nothing is lost`, () => {
      const t = trial(segments);
      const { writer, producer, reader } = t.channel;
      assert.deepEqual([writer.poolUsage, reader.poolUsage], [0, 0]);
      while (!writer.isBlocked) {
        t.write(200, t.written.length);
        assert.ok(t.written.length < 100_000, 'the credit is endless');
        assert.ok(writer.poolUsage > 0 && writer.poolUsage <= 1);
      }
      assert.equal(producer.blocked, 1);
      assert.equal(writer.poolUsage, 1);
      assert.ok(reader.poolUsage > 0.9, `${reader.poolUsage}`);
      assert.equal(writer.tryDrain(), false);
      for (let i = 0; i < 3_000; i += 1) {
        t.write(i % 500, i);
        if (i % 100 === 0) t.watermark(i);
        if (i % 500 === 0) t.barrier(400);
      }
      writer.flush();
      assert.equal(producer.blocked, 1, 'a channel blocks its task once, however much it has');
      assert.ok(writer.overdraftBytes > 0);
      assert.equal(writer.tryDrain(), false);
      t.settle();
      assert.equal(reader.poolUsage, 0);
      assert.equal(writer.isBlocked, false);
      t.finish();
    });
  }

  test('a task that stops when it is blocked needs next to no overdraft', () => {
    const t = trial(2);
    for (let i = 0; i < 5_000; i += 1) {
      while (!t.channel.writer.tryDrain()) t.drain();
      t.write(150, i);
      assert.ok(t.channel.writer.overdraftBytes <= 200, 'no more than the rest of the record that used the credit up');
    }
    t.settle();
    t.finish();
  });
}

function closing(trial: MakeTrial): void {
  test('closing in the middle leaves nobody blocked', () => {
    for (const first of ['writer', 'reader'] as const) {
      for (const size of [200, 100_000]) {
        const t = trial(2);
        while (!t.channel.writer.isBlocked) t.write(size, 1);
        for (let i = 0; i < 2_000; i += 1) t.write(size % 1_000, 1);
        t.drain(3);
        t.channel[first].close();
        if (first === 'reader') {
          assert.equal(t.channel.writer.tryDrain(), true, 'nobody will read it');
          assert.equal(t.channel.writer.overdraftBytes, 0);
          for (let i = 0; i < 3_000; i += 1) {
            t.write(size, 1);
            if (t.channel.writer.isBlocked) assert.equal(t.channel.writer.tryDrain(), true);
          }
          t.channel.writer.flush();
        }
        t.finish();
      }
    }
  });

  test('closing twice is harmless', () => {
    const t = trial(1);
    t.write(40_000, 1);
    t.channel.writer.close();
    t.channel.reader.close();
    t.finish();
  });
}

function interleave(t: Trial, random: Random): void {
  const [sizeLimit, burst] = pick(random, [
    [30, 50],
    [600, 20],
    [9_000, 5],
    [40_000, 2],
    [150_000, 1],
  ] as const);
  const budget = pick(random, [2, 12, 60]);
  for (let step = 0; step < 400; step += 1) {
    const dice = random.nextInt(20);
    if (dice < 9) {
      for (let count = random.nextInt(burst); count >= 0; count -= 1)
        t.write(random.nextInt(sizeLimit), random.nextInt(3) === 0 ? NO_TIMESTAMP : step);
    } else if (dice < 10) t.watermark(step);
    else if (dice < 11) t.status(random.nextInt(2) === 0);
    else if (dice < 12) t.barrier(random.nextInt(10) === 0 ? 40_000 : random.nextInt(2_000));
    else if (dice < 15) t.channel.writer.flush();
    else if (dice < 16) t.channel.writer.tryDrain();
    else if (dice < 17) t.latencyMarker(step);
    else t.drain(1 + random.nextInt(budget), random.nextInt(2) === 0 ? Number.POSITIVE_INFINITY : 1 + random.nextInt(budget));
    assert.equal(t.channel.producer.blocked, t.channel.writer.isBlocked ? 1 : 0);
    assert.deepEqual(t.read.at(-1), t.written[t.read.length - 1]);
  }
  t.end();
  t.settle();
  t.finish();
}

function pick<X>(random: Random, choices: readonly X[]): X {
  return choices[random.nextInt(choices.length)]!;
}

// Goal: a job that needs ten times its managed memory completes through files, and whatever happens to a job, no byte stays reserved and no file stays. Method: whole jobs
// on a slot with little managed memory and a directory of its own for files.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { FileSpillStorage } from '@millrace/core/fs/node/spill-storage';
import { SequenceSource } from '@millrace/streaming/builtin/sequence-source';
import { WatermarkStrategy } from '@millrace/streaming/contract/watermark-strategy';
import { partitionWindowOperator } from '@millrace/streaming/operators/partition-window-operator';
import { type FixtureOperator, RunningJob } from './fixture.test.ts';

const RECORDS = 200_000; // a megabyte of bytes
const MANAGED_BYTES = 90 * 1024;
const directory = mkdtempSync(join(tmpdir(), 'millrace-test-'));
after(() => rmSync(directory, { recursive: true }));

/** A whole number for each of them, in no order. */
const scrambled = (n: number) => Math.imul(n, 0x9e3779b1) >>> 0;
const compareScrambled = (a: unknown, b: unknown) => scrambled(a as number) - scrambled(b as number);

interface SortingJob {
  readonly compare?: (a: unknown, b: unknown) => number;
  readonly write?: (n: unknown) => void;
  readonly managedMemoryBytes?: number;
}

class Sorting {
  readonly job: RunningJob;
  opened = 0;
  spilledBytes = 0;

  constructor({ compare = compareScrambled, write = () => {}, managedMemoryBytes = MANAGED_BYTES }: SortingJob) {
    const sort = { kind: 'sort', fn: () => [], compare, where: 'sortPartition', type: undefined } as const;
    const operators: FixtureOperator[] = [
      { name: 'numbers', logic: { kind: 'source', source: new SequenceSource(1, RECORDS), strategy: WatermarkStrategy.noWatermarks() } },
      { name: 'SortPartition', logic: partitionWindowOperator(sort) },
      { name: 'sink', logic: { kind: 'sink', sink: { createWriter: () => ({ write, flush() {}, close() {} }) } } },
    ];
    const openSpillStorage = (name: string) => {
      this.opened += 1;
      const file = new FileSpillStorage(directory, name);
      return {
        get sizeBytes() {
          return file.sizeBytes;
        },
        append: (bytes: Uint8Array) => {
          this.spilledBytes += bytes.byteLength;
          file.append(bytes);
        },
        read: (target: Uint8Array, position: number) => file.read(target, position),
        close: () => {
          this.opened -= 1;
          file.close();
        },
      };
    };
    this.job = new RunningJob({ vertices: [{ operators }] }, { ports: { managedMemoryBytes, openSpillStorage } }).start();
  }

  async end(): Promise<readonly string[]> {
    await this.job.result();
    assert.equal(this.job.slots[0]?.managedBytesUsed, 0, 'everything is given back');
    assert.equal(this.opened, 0, 'every file is closed');
    assert.deepEqual(readdirSync(directory), []);
    return this.job.lastStates() as readonly string[];
  }
}

test('a sort of ten times the managed memory', async () => {
  const seen: number[] = [];
  const sorting = new Sorting({ write: (n) => void seen.push(n as number) });
  assert.deepEqual(await sorting.end(), ['FINISHED']);
  assert.ok(sorting.spilledBytes > 10 * MANAGED_BYTES, `${sorting.spilledBytes} bytes were spilled`);
  const expected = Array.from({ length: RECORDS }, (_, index) => index + 1).sort(compareScrambled);
  assert.deepEqual(seen, expected);
});

test('a comparison that throws in the merge', async () => {
  let compared = 0;
  const sorting = new Sorting({
    compare: (a, b) => {
      compared += 1;
      if (compared === 3_100_000) throw new Error('too late');
      return compareScrambled(a, b);
    },
  });
  assert.deepEqual(await sorting.end(), ['FAILED']);
  assert.match(sorting.job.failures[0]?.message ?? '', /^Operator 'SortPartition', subtask 1\/1, failed.*too late/);
});

test('a sink that throws while sorted records come', async () => {
  const sorting = new Sorting({
    write: () => {
      throw new Error('disk full');
    },
  });
  assert.deepEqual(await sorting.end(), ['FAILED']);
});

test('a job that is cancelled while it sorts', async () => {
  const sorting = new Sorting({
    write: () => sorting.job.cancel(),
  });
  assert.deepEqual(await sorting.end(), ['CANCELED']);
});

test('without room for one block of each run the message has the owner, the figures and the key', async () => {
  const sorting = new Sorting({ managedMemoryBytes: 9_000 });
  assert.deepEqual(await sorting.end(), ['FAILED']);
  assert.match(
    sorting.job.failures[0]?.message ?? '',
    /Operator 'SortPartition' \(\w+\) of numbers -> SortPartition -> sink \(1\/1\) needs \d+ bytes of managed memory, and \d+ of the slot's 9000 are free: it has \d+\. Raise taskmanager\.memory\.managed\.size/,
  );
});

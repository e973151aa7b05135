/** What every source must do, whatever it reads. Run it for a source of your own: `for (const { name, run } of sourceContract('my source', …)) test(name, run)`. */
import assert from 'node:assert/strict';
import { runSource } from '@millrace/streaming/builtin/source-harness';
import type { Source } from '@millrace/streaming/contract/source';
import { WatermarkStrategy } from '@millrace/streaming/contract/watermark-strategy';
import { TestEnvironment } from '../environment/test-environment.ts';
import type { ContractCheck } from './contract-check.ts';

export interface SourceContract<T> {
  /** A new source each time, that reads the same. It is bounded. */
  readonly make: () => Source<T>;
  /** All its records, in any order. */
  readonly expected: readonly T[];
}

const READERS = [1, 2, 5];

export function sourceContract<T>(name: string, { make, expected }: SourceContract<T>): readonly ContractCheck[] {
  const wanted = linesOf(expected);
  const checks: ContractCheck[] = READERS.map((readers) => ({
    name: `${name}: ${readers} readers read every record once, in any order of turns, refused by their outputs now and then`,
    run: async () => {
      for (let seed = 1; seed <= 5; seed++) {
        const { records } = await runSource(make(), { readers, seed });
        assert.deepEqual(linesOf(records.flat()), wanted, `seed ${seed}`);
      }
    },
  }));
  checks.push({
    name: `${name}: started again from what enumerator and readers had noted down, it neither loses nor repeats a record`,
    run: async () => {
      for (const restoreEvery of [1, 3, 10]) {
        for (const readers of READERS) {
          const { records } = await runSource(make(), { readers, seed: readers, restoreEvery });
          assert.deepEqual(linesOf(records.flat()), wanted, `${readers} readers, a restore after every ${restoreEvery} turns`);
        }
      }
    },
  });
  checks.push({ name: `${name}: a job reads it to its end`, run: () => readsInJob(make, wanted) });
  return checks;
}

async function readsInJob<T>(make: () => Source<T>, wanted: readonly string[]): Promise<void> {
  for (const parallelism of [1, 3]) {
    const source = make();
    assert.equal(source.getBoundedness(), 'BOUNDED', 'the contract is for bounded sources: give it one that ends');
    const env = TestEnvironment.create({ parallelism, seed: parallelism });
    const read = env.collect(env.fromSource(source, WatermarkStrategy.noWatermarks(), 'source'));
    await env.start();
    await env.finish();
    assert.deepEqual(linesOf(read.take()), wanted, `parallelism ${parallelism}`);
  }
}

function linesOf(records: readonly unknown[]): string[] {
  return records.map((record) => JSON.stringify(record)).sort();
}

/** What every sink must do, wherever it writes. Run it for a sink of your own: `for (const { name, run } of sinkContract('my sink', …)) test(name, run)`. */
import assert from 'node:assert/strict';
import type { Emittable } from '@millrace/streaming/contract/emittable';
import type { Sink, SinkWriter, WriterInitContext } from '@millrace/streaming/contract/sink';
import { TestEnvironment } from '../environment/test-environment.ts';
import type { ContractCheck } from './contract-check.ts';

export interface SinkUnderTest<T> {
  readonly sink: Sink<T>;
  /** What can be read where the sink writes to, in any order; `output` is the text that the job printed. */
  readonly written: (output: string) => readonly T[] | Promise<readonly T[]>;
}

export interface SinkContract<T> {
  /** A new sink each time, that writes to a place of its own. */
  readonly make: () => SinkUnderTest<T> | Promise<SinkUnderTest<T>>;
  /** What to write: a few records, different from each other. */
  readonly records: readonly (T & Emittable)[];
}

export function sinkContract<T>(name: string, contract: SinkContract<T>): readonly ContractCheck[] {
  return [
    { name: `${name}: every record is there once when the job has ended, however many writers there are`, run: () => writesOnce(contract) },
    { name: `${name}: a job without records ends, and leaves none`, run: () => writesNothing(contract) },
    { name: `${name}: every writer is closed once, after success and after failure`, run: () => closes(contract) },
  ];
}

async function writesOnce<T>({ make, records }: SinkContract<T>): Promise<void> {
  for (const parallelism of [1, 3]) {
    const { sink, written } = await make();
    const { env, source } = jobOf<T>(sink, parallelism);
    await env.start();
    for (const record of records) {
      source.emit(record);
      await env.settle();
    }
    source.emit(...records);
    await env.finish();
    assert.deepEqual(linesOf(await written(env.takeOutput())), linesOf([...records, ...records]), `parallelism ${parallelism}`);
  }
}

async function writesNothing<T>({ make }: SinkContract<T>): Promise<void> {
  const { sink, written } = await make();
  const { env } = jobOf<T>(sink, 2);
  await env.start();
  await env.finish();
  assert.deepEqual(await written(env.takeOutput()), []);
}

async function closes<T>({ make, records }: SinkContract<T>): Promise<void> {
  for (const fails of [false, true]) {
    const { sink } = await make();
    const counts = { opened: 0, closed: 0 };
    const { env, source } = jobOf<T>(counting(sink, counts), 2, (seen) => fails && seen > records.length);
    await env.start();
    source.emit(...records);
    await env.settle();
    source.emit(...records);
    if (fails) await assert.rejects(env.finish(), /the contract fails the job here/);
    else await env.finish();
    assert.deepEqual(counts, { opened: 2, closed: 2 }, fails ? 'after a failure' : 'after success');
  }
}

function jobOf<T>(sink: Sink<T>, parallelism: number, fails: (seen: number) => boolean = () => false) {
  const env = TestEnvironment.create({ parallelism, seed: 1 });
  const source = env.testSource<T & Emittable>();
  let seen = 0;
  const passed = source.stream.filter(() => {
    seen += 1;
    if (fails(seen)) throw new Error('the contract fails the job here');
    return true;
  });
  passed.sinkTo(sink as Sink<unknown>).name('sink');
  return { env, source };
}

/** The sink itself, with `createWriter` counted: whatever else it has, a committer for instance, stays. */
function counting<T>(sink: Sink<T>, counts: { opened: number; closed: number }): Sink<T> {
  return new Proxy(sink, {
    get(target, property) {
      const member = Reflect.get(target, property, target) as unknown;
      if (property !== 'createWriter') return typeof member === 'function' ? (member.bind(target) as unknown) : member;
      return async (context: WriterInitContext) => {
        const writer = await target.createWriter(context);
        counts.opened += 1;
        return countingClose(writer, counts);
      };
    },
  });
}

function countingClose<T>(writer: SinkWriter<T>, counts: { closed: number }): SinkWriter<T> {
  return new Proxy(writer, {
    get(target, property) {
      const member = Reflect.get(target, property, target) as unknown;
      if (property === 'close') counts.closed += 1;
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
}

function linesOf(records: readonly unknown[]): string[] {
  return records.map((record) => JSON.stringify(record)).sort();
}

// Goal: the contracts hold for the built-in sources and sinks, and a source or sink that breaks a rule is found. Method: the suites as users run them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CollectionSource } from '@millrace/streaming/builtin/collection-source';
import { DataGeneratorSource } from '@millrace/streaming/builtin/data-generator-source';
import { PrintSink } from '@millrace/streaming/builtin/print-sink';
import { SequenceSource } from '@millrace/streaming/builtin/sequence-source';
import type { CommitRequest, SupportsCommitter } from '@millrace/streaming/contract/sink';
import { jsonSerializer } from '@millrace/streaming/builtin/json-serializer';
import { sinkContract } from './sink-contract.ts';
import { sourceContract } from './source-contract.ts';

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

for (const { name, run } of [
  ...sourceContract('a sequence', { make: () => new SequenceSource(0, 2_499), expected: numbers(2_500) }),
  ...sourceContract('a collection', {
    make: () => new CollectionSource(numbers(300).map((n) => ({ n }))),
    expected: numbers(300).map((n) => ({ n })),
  }),
  ...sourceContract('an empty collection', { make: () => new CollectionSource<number>([]), expected: [] }),
  ...sourceContract('a generator', {
    make: () => new DataGeneratorSource((n) => `r${n}`, 1_200),
    expected: numbers(1_200).map((n) => `r${n}`),
  }),
]) {
  test(name, run);
}

const records = ['a', 'b', 'c', 'd', 'e'];

/** Two-phase: what was written is there only once it was committed. */
function committing() {
  const committed: string[] = [];
  const sink: SupportsCommitter<string, readonly string[]> = {
    createWriter: () => {
      const pending: string[] = [];
      return {
        write: (record) => void pending.push(record),
        flush() {},
        prepareCommit: () => [pending.splice(0)],
        close() {},
      };
    },
    createCommitter: () => ({
      commit: (requests: readonly CommitRequest<readonly string[]>[]) => {
        for (const request of requests) committed.push(...request.getCommittable());
      },
      close() {},
    }),
    committableSerializer: () => jsonSerializer<readonly string[]>('committable'),
  };
  return { sink, written: () => committed };
}

const printed = () => ({
  sink: new PrintSink(),
  written: (output: string) =>
    output
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.replace(/^\d+> /, '')),
});

for (const { name, run } of [
  ...sinkContract('print', { make: printed, records }),
  ...sinkContract('a sink with a committer', { make: committing, records }),
]) {
  test(name, run);
}

test('what breaks a rule is found', async () => {
  const forgetful = {
    make: () => {
      const source = new SequenceSource(1, 10);
      return Object.assign(Object.create(source) as SequenceSource, { from: 1, to: 9 });
    },
    expected: numbers(10).map((n) => n + 1),
  };
  for (const { run } of sourceContract('forgetful', forgetful)) await assert.rejects(run());
  const lossy = () => {
    const written: string[] = [];
    const write = (record: string) => void (record === 'c' ? undefined : written.push(record));
    return { sink: { createWriter: () => ({ write, flush() {}, close() {} }) }, written: () => written };
  };
  const [once] = sinkContract('lossy', { make: lossy, records });
  await assert.rejects(async () => once?.run());
});

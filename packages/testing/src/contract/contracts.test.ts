// Goal: the contracts hold for the built-in sources and sinks, and a source or sink that breaks a rule is found. Method: the suites as users run them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Types } from '@millrace/core/types/types';
import { CollectionSource } from '@millrace/streaming/builtin/collection-source';
import { DataGeneratorSource } from '@millrace/streaming/builtin/data-generator-source';
import { FunctionSink } from '@millrace/streaming/builtin/function/function-sink';
import { FunctionSource } from '@millrace/streaming/builtin/function/function-source';
import { HybridSource } from '@millrace/streaming/builtin/hybrid/hybrid-source';
import { rateLimited } from '@millrace/streaming/builtin/rate-limit/rate-limited-source';
import { RateLimiterStrategies } from '@millrace/streaming/builtin/rate-limit/rate-limiter-strategies';
import { PrintSink } from '@millrace/streaming/builtin/print-sink';
import { SequenceSource } from '@millrace/streaming/builtin/sequence-source';
import type { RuntimeContext } from '@millrace/streaming/contract/functions';
import type { ListState } from '@millrace/streaming/contract/keyed-state';
import type { FunctionInitializationContext } from '@millrace/streaming/contract/rich-function';
import type { CommitRequest, SupportsCommitter } from '@millrace/streaming/contract/sink';
import type { SourceContext, SourceFunctionLife } from '@millrace/streaming/contract/source-function';
import { ListStateDescriptor } from '@millrace/streaming/contract/state-descriptor';
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
  ...sourceContract('a hybrid source', {
    make: () =>
      HybridSource.builder<number>(new SequenceSource(0, 1_199))
        .addSource(new CollectionSource(numbers(1_500).slice(1_200)))
        .build(),
    expected: numbers(1_500),
  }),
  ...sourceContract('a source without a limit behind a limiter', {
    make: () => rateLimited(new SequenceSource(0, 1_499), RateLimiterStrategies.noOp()),
    expected: numbers(1_500),
  }),
  ...sourceContract('a source function', {
    make: () => new EndingFunctionSource({ create: () => new Counting(), runtimeContext: (runtime) => runtime }),
    expected: numbers(1_500),
  }),
]) {
  test(name, run);
}

/** The contract is for sources that say that they end. */
class EndingFunctionSource extends FunctionSource<number, RuntimeContext> {
  override getBoundedness() {
    return 'BOUNDED' as const;
  }
}

/** Emits in its first subtask, and knows from its state how far it has come. */
class Counting implements SourceFunctionLife<number, RuntimeContext> {
  #next = 0;
  #end = 0;
  #state: ListState<number> | undefined;

  initializeState(context: FunctionInitializationContext) {
    this.#state = context.getOperatorStateStore().getListState(new ListStateDescriptor<number>('next', Types.LONG));
    for (const next of this.#state.get()) this.#next = next;
  }

  open(context: RuntimeContext) {
    this.#end = context.getIndexOfThisSubtask() === 0 ? 1_500 : 0;
  }

  async run(context: SourceContext<number>) {
    while (this.#next < this.#end) {
      await context.collect(this.#next);
      this.#next += 1;
    }
  }

  snapshotState() {
    this.#state?.update([this.#next]);
  }
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

const called = () => {
  const written: string[] = [];
  const invoke = async (record: string) => {
    await Promise.resolve();
    written.push(record);
  };
  return { sink: new FunctionSink({ create: () => ({ invoke }), runtimeContext: (runtime) => runtime }), written: () => written };
};

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
  ...sinkContract('a sink function', { make: called, records }),
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

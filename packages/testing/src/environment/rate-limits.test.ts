// Goal: a source gives so many records a second, all subtasks together, whatever the source; a strategy of one's own decides; and sources that cannot be read again are warned
// of. Method: jobs under a virtual clock; readers driven by hand.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DataGeneratorSource } from '@millrace/streaming/builtin/data-generator-source';
import { RateLimitedReader } from '@millrace/streaming/builtin/rate-limit/rate-limited-reader';
import { rateLimited } from '@millrace/streaming/builtin/rate-limit/rate-limited-source';
import { RateLimiterStrategies } from '@millrace/streaming/builtin/rate-limit/rate-limiter-strategies';
import { SequenceSource } from '@millrace/streaming/builtin/sequence-source';
import { FunctionSource } from '@millrace/streaming/builtin/function/function-source';
import type { RateLimiterStrategy } from '@millrace/streaming/contract/rate-limiter';
import type { ReaderOutput, SourceReader, SourceReaderContext } from '@millrace/streaming/contract/source';
import { WatermarkStrategy } from '@millrace/streaming/contract/watermark-strategy';
import { unreplayableSources } from '@millrace/streaming/api/unreplayable-sources';
import { TestEnvironment } from './test-environment.ts';

const none = () => WatermarkStrategy.noWatermarks();

describe('rate limits', () => {
  const sources = {
    'any source': () => rateLimited(new SequenceSource(1, 100_000), RateLimiterStrategies.perSecond(200)),
    'a generator': () => new DataGeneratorSource((n) => n, 100_000, { rateLimiterStrategy: RateLimiterStrategies.perSecond(200) }),
    'a source function': () =>
      rateLimited(
        new FunctionSource<number, undefined>({
          create: () => ({
            async run(context) {
              for (let n = 0; n < 100_000; n++) await context.collect(n);
            },
          }),
          runtimeContext: () => undefined,
        }),
        RateLimiterStrategies.perSecond(200),
      ),
  };
  for (const [name, make] of Object.entries(sources)) {
    for (const parallelism of [1, 2]) {
      it(`hold ${name} back, ${parallelism} subtasks together`, async () => {
        const env = TestEnvironment.create({ parallelism });
        const read = env.collect(env.fromSource<number>(make(), none(), 'source'));
        const job = await env.executeAsync();
        await env.settle();
        read.take();
        for (let second = 0; second < 3; second++) {
          await env.advanceTime('1 s');
          const count = read.take().length;
          assert.ok(count >= 190 && count <= 210, `second ${second}: ${count}`);
        }
        await job.cancel();
        await assert.rejects(job.getJobExecutionResult(), { message: 'The job was canceled.' });
      });
    }
  }

  it('come from checkpoints: the next records when one is complete', async () => {
    const reader = readerOf(RateLimiterStrategies.perCheckpoint(10), 2);
    const read: number[] = [];
    const poll = () => {
      while (reader.pollNext(outputTo(read)) === 'MORE_AVAILABLE');
      return read.length;
    };
    assert.equal(poll(), 5);
    assert.equal(poll(), 5);
    const available = reader.isAvailable();
    void reader.notifyCheckpointComplete?.(1);
    await available;
    assert.equal(poll(), 10);
    await reader.close();
  });

  it('are what a strategy of one’s own says; what is emitted beyond is owed', () => {
    let permits = 3;
    const strategy: RateLimiterStrategy = {
      createRateLimiter: () => ({
        permits: () => permits,
        emitted: (records) => {
          permits -= records;
        },
        delayMs: () => Number.POSITIVE_INFINITY,
      }),
    };
    const read: number[] = [];
    assert.equal(readerOf(strategy, 1).pollNext(outputTo(read)), 'MORE_AVAILABLE');
    assert.deepEqual([read.length, permits], [3, 0]);
    permits = 3;
    readerOf(strategy, 1, 7).pollNext(outputTo(read));
    assert.deepEqual([read.length, permits], [10, -4]);
  });

  it('are refused where they cannot be', () => {
    assert.throws(() => RateLimiterStrategies.perSecond(0), { message: /perSecond got 0\. Give a number above 0/ });
    assert.throws(() => RateLimiterStrategies.perCheckpoint(Number.NaN), { message: /perCheckpoint got NaN/ });
    assert.throws(() => rateLimited(new SequenceSource(1, 2), {} as never), { message: /rateLimited got no strategy/ });
    assert.throws(() => new DataGeneratorSource((n) => n, 1, { recordsPerSecond: 1, rateLimiterStrategy: RateLimiterStrategies.noOp() }), {
      message: /both recordsPerSecond and rateLimiterStrategy/,
    });
  });
});

describe('sources that cannot be read again', () => {
  it('are warned of in a job that asks for EXACTLY_ONCE, and only there', () => {
    const warningsOf = (prepare: (env: TestEnvironment) => void) => {
      const env = TestEnvironment.create();
      prepare(env);
      return unreplayableSources(env.compile());
    };
    const plain = (env: TestEnvironment) => void env.addSource<number>((context) => context.collect(1), 'numbers').print();
    const socket = (env: TestEnvironment) => void env.socketTextStream('localhost', 9).print();
    const state = { initializeState() {}, snapshotState() {}, run: () => {}, cancel() {} };
    const [warning, ...others] = warningsOf((env) => {
      plain(env);
      env.enableCheckpointing('1 s');
    });
    assert.match(
      warning ?? '',
      /^'Source: numbers' cannot read again what it has given, so after a failure records are lost or come twice/,
    );
    assert.deepEqual(others, []);
    assert.equal(warningsOf((env) => socket(env.enableCheckpointing('1 s'))).length, 1);
    assert.deepEqual(warningsOf(plain), []);
    assert.deepEqual(
      warningsOf((env) => plain(env.enableCheckpointing('1 s', 'AT_LEAST_ONCE'))),
      [],
    );
    assert.deepEqual(
      warningsOf((env) => void env.enableCheckpointing('1 s').addSource<number>(state).print()),
      [],
    );
    assert.deepEqual(
      warningsOf((env) => void env.enableCheckpointing('1 s').fromSequence(1, 2).print()),
      [],
    );
  });
});

/** Of an endless reader that emits until its output is blocked, but at least `least` records. */
function readerOf(strategy: RateLimiterStrategy, parallelism: number, least = 1): SourceReader<number, never> {
  let next = 0;
  const endless = {
    pollNext(output: ReaderOutput<number>) {
      for (let count = 0; count < least || !output.isBlocked(); count++) output.collect(next++);
      return 'MORE_AVAILABLE';
    },
    close() {},
  } as unknown as SourceReader<number, never>;
  const context = { getRuntimeContext: () => ({ getNumberOfParallelSubtasks: () => parallelism }) } as unknown as SourceReaderContext;
  return new RateLimitedReader(context, endless, strategy);
}

function outputTo(records: number[]): ReaderOutput<number> {
  return { collect: (record: number) => void records.push(record), isBlocked: () => false } as unknown as ReaderOutput<number>;
}

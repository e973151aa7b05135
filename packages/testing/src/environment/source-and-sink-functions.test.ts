// Goal: source functions and sink functions in jobs: what they are told, in which order, at which parallelism, and what is refused. Method: jobs in a TestEnvironment.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UsageError } from '@millrace/core/base/errors';
import { RichSinkFunction } from '@millrace/streaming/api/sink-functions';
import { RichParallelSourceFunction, RichSourceFunction } from '@millrace/streaming/api/source-functions';
import { rich } from '@millrace/streaming/api/rich-functions';
import type { RuntimeContext } from '@millrace/streaming/api/runtime-context';
import type { SinkContext } from '@millrace/streaming/contract/sink';
import type { SourceContext } from '@millrace/streaming/contract/source-function';
import { WatermarkStrategy } from '@millrace/streaming/contract/watermark-strategy';
import { TumblingEventTimeWindows } from '@millrace/streaming/window/tumbling-event-time-windows';
import { TestEnvironment } from './test-environment.ts';

class Numbers extends RichSourceFunction<number> {
  async run(context: SourceContext<number>) {
    for (let n = 0; n < 5_000; n++) await context.collect(n);
  }
  cancel() {}
}

class Shares extends RichParallelSourceFunction<string> {
  #name = '';
  override open(context: RuntimeContext) {
    this.#name = `${context.getIndexOfThisSubtask()} of ${context.getNumberOfParallelSubtasks()}`;
  }
  run(context: SourceContext<string>) {
    return context.collect(this.#name);
  }
  cancel() {}
}

describe('addSource', () => {
  it('runs a plain function, an object and a factory once, whatever the parallelism of the job, in order', async () => {
    const forms = [
      async (context: SourceContext<number>) => {
        for (let n = 0; n < 5_000; n++) await context.collect(n);
      },
      new Numbers(),
      rich(() => new Numbers()),
    ];
    for (const form of forms) {
      const env = TestEnvironment.create({ parallelism: 3 });
      const read = env.collect(env.addSource<number>(form));
      read.take();
      await env.execute();
      const records = read.take();
      assert.equal(records.length, 5_000);
      assert.deepEqual(
        records.toSorted((a, b) => a - b),
        Array.from({ length: 5_000 }, (_, n) => n),
      );
    }
  });

  it('refuses more than one subtask of what is not parallel, and says what is', () => {
    const env = TestEnvironment.create();
    assert.throws(
      () => env.addSource(new Numbers()).setParallelism(2),
      new UsageError(
        "setParallelism of 'Source: Custom Source' got 2, but a SourceFunction runs in one subtask. Extend RichParallelSourceFunction, or give the object parallel: true, if several may run it. Leave it at 1 and call rebalance() behind it.",
      ),
    );
  });

  it('runs a parallel one in each subtask, which knows which it is', async () => {
    const env = TestEnvironment.create({ parallelism: 3 });
    const read = env.collect(env.addSource(rich(() => new Shares())));
    await env.execute();
    assert.deepEqual(read.take().toSorted(), ['0 of 3', '1 of 3', '2 of 3']);
  });

  it('refuses one object for several subtasks in a test', async () => {
    const env = TestEnvironment.create({ parallelism: 2 });
    env.collect(env.addSource(new Shares(), 'shares'));
    await assert.rejects(env.start(), { message: /Operator 'Source: shares' has 2 subtasks and one object/ });
    const sink = TestEnvironment.create({ parallelism: 2 });
    sink.fromSequence(1, 10).addSink({ invoke() {} });
    await assert.rejects(sink.start(), { message: /has 2 subtasks and one object for all of them/ });
  });

  it('gives records its timestamps and the job its watermarks', async () => {
    const env = TestEnvironment.create();
    let open: () => void = () => {};
    const gate = new Promise<void>((resolve) => (open = resolve));
    const stream = env.addSource<number>(async (context) => {
      for (const at of [1, 5, 12]) await context.collectWithTimestamp(at, at);
      context.emitWatermark(9);
      await gate;
    });
    const sums = env.collect(
      stream
        .keyBy(() => 0)
        .window(TumblingEventTimeWindows.of('10 ms'))
        .sum(),
    );
    await env.start();
    await env.settle();
    assert.deepEqual(sums.take(), [6]);
    open();
    await env.finish();
    assert.deepEqual(sums.take(), [12]);
  });

  it('takes itself out of the watermark while it is idle', async () => {
    const env = TestEnvironment.create();
    const other = env.testSource<number>({ timestamp: (n) => n });
    let open: () => void = () => {};
    const gate = new Promise<void>((resolve) => (open = resolve));
    const silent = env.addSource<number>(async (context) => {
      context.markAsTemporarilyIdle();
      await gate;
    });
    const fired = env.collect(
      other.stream
        .union(silent)
        .keyBy(() => 0)
        .window(TumblingEventTimeWindows.of('10 ms'))
        .sum(),
    );
    await env.start();
    other.emit(3);
    other.watermark(9);
    await env.settle();
    assert.deepEqual(fired.take(), [3]);
    open();
    await env.finish();
  });

  it('names the source when run throws', async () => {
    const env = TestEnvironment.create();
    env.collect(
      env.addSource<number>(() => {
        throw new Error('no such planet');
      }, 'planets'),
    );
    await assert.rejects(env.execute(), {
      message: /^Operator 'Source: planets', subtask 1\/1, failed in run at .*: Error: no such planet\./,
    });
  });

  it('refuses what is no source function, in words', () => {
    const env = TestEnvironment.create();
    const given = (source: unknown) => () => env.addSource(source as () => void);
    assert.throws(given(undefined), { message: /addSource got undefined\. Give it a function that emits/ });
    assert.throws(given(Numbers), { message: /addSource got the class Numbers\. Give it an object of it/ });
    assert.throws(given({ run() {} }), { message: /which has no method cancel/ });
    assert.throws(
      given(function* () {
        yield 1;
      }),
      { message: /nobody would take what it yields/ },
    );
    assert.throws(given({ createReader() {} }), { message: /which is a split source\. Give it to env\.fromSource/ });
  });
});

describe('fromParallelCollection', () => {
  it('shares the elements of an array between its readers, each in order', async () => {
    const elements = Array.from({ length: 5_500 }, (_, n) => ({ n }));
    const env = TestEnvironment.create({ parallelism: 3 });
    const stream = env.fromParallelCollection(elements);
    const readers = new Map<number, number[]>();
    stream.addSink(
      rich(() => {
        const read: number[] = [];
        return {
          open: (context: RuntimeContext) => void readers.set(context.getIndexOfThisSubtask(), read),
          invoke: ({ n }: { n: number }) => void read.push(n),
        };
      }),
    );
    await env.execute();
    const parts = [...readers.values()];
    assert.ok(
      parts.every((part) => part.length >= 500),
      parts.map((part) => part.length).join(' '),
    );
    for (const part of parts)
      assert.deepEqual(
        part,
        part.toSorted((a, b) => a - b),
      );
    assert.deepEqual(
      parts.flat().toSorted((a, b) => a - b),
      elements.map(({ n }) => n),
    );
    assert.throws(() => env.fromParallelCollection('abc' as never), { message: "fromParallelCollection got 'abc'. Give it an array." });
  });
});

describe('addSink', () => {
  it('calls a plain function, an object and a factory for each record, one call after another', async () => {
    const seen: string[] = [];
    let underWay = 0;
    const invoke = async (value: number, context: SinkContext) => {
      underWay += 1;
      assert.equal(underWay, 1);
      await new Promise((resolve) => setImmediate(resolve));
      underWay -= 1;
      seen.push(`${value} at ${context.timestamp()}`);
    };
    for (const sink of [invoke, { invoke }, rich(() => ({ invoke }))]) {
      const env = TestEnvironment.create();
      const assigned = WatermarkStrategy.forMonotonousTimestamps().withTimestampAssigner((n: number) => n * 10);
      env.fromData(1, 2, 3).assignTimestampsAndWatermarks(assigned).addSink(sink);
      await env.execute();
      assert.deepEqual(seen.splice(0), ['1 at 10', '2 at 20', '3 at 30']);
    }
  });

  it('opens before the first record, finishes at the end of the input, closes always', async () => {
    for (const fails of [false, true]) {
      const log: string[] = [];
      class Logging extends RichSinkFunction<number> {
        override open(context: RuntimeContext) {
          log.push(`open ${context.getIndexOfThisSubtask()}`);
        }
        invoke(value: number) {
          if (fails && value === 2) throw new Error('full');
          log.push(`invoke ${value}`);
        }
        finish() {
          log.push('finish');
        }
        override close() {
          log.push('close');
        }
      }
      const env = TestEnvironment.create();
      env.fromData(1, 2).addSink(new Logging()).name('log');
      if (fails) await assert.rejects(env.execute(), { message: /Operator 'Sink: log', subtask 1\/1, failed .*full.*Record: 2/ });
      else await env.execute();
      assert.deepEqual(log, fails ? ['open 0', 'invoke 1', 'close'] : ['open 0', 'invoke 1', 'invoke 2', 'finish', 'close']);
    }
  });

  it('refuses what is no sink function, in words', () => {
    const stream = TestEnvironment.create().fromData(1);
    const given = (sink: unknown) => () => stream.addSink(sink as () => void);
    assert.throws(given({}), { message: /addSink got an object with no fields, which has no method invoke/ });
    assert.throws(given({ createWriter() {} }), { message: /a sink of the newer kind\. Give it to sinkTo/ });
  });
});

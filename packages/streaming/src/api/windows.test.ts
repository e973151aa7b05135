// What is said of a window reaches its operator: lateness, the late side output, both forms of result, and the declared type where records stay whole.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Types } from '@millrace/core/types/types';
import { DiscardingSink } from '../builtin/discarding-sink.ts';
import { OutputTag } from '../contract/output-tag.ts';
import { OperatorBench } from '../operators/testing-fakes.ts';
import { TumblingEventTimeWindows } from '../window/tumbling-event-time-windows.ts';
import type { SingleOutputStreamOperator } from './single-output-stream-operator.ts';
import { StreamExecutionEnvironment } from './stream-execution-environment.ts';

interface Visit {
  readonly user: string;
  readonly ms: number;
}
const Visit = Types.row({ user: Types.STRING, ms: Types.LONG });
const LATE = new OutputTag('late', Visit);

function windowed() {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  return env
    .fromCollection<Visit>([], Visit)
    .keyBy((visit) => visit.user)
    .window(TumblingEventTimeWindows.of('1 s'));
}

/** Runs the operator over records of 0.1 s, 0.2 s and, after a watermark of 1.4 s, 0.3 s; then to the end. */
function results(stream: SingleOutputStreamOperator<unknown>): unknown[] {
  stream.name('under test').sinkTo(new DiscardingSink());
  const { jobGraph, bindings } = stream.getExecutionEnvironment().compile();
  const operator = jobGraph.vertices.flatMap((vertex) => vertex.operators).find((one) => one.name === 'under test');
  const bench = new OperatorBench(bindings.operators.get(operator?.id ?? '')!, { tags: [LATE.id] });
  bench.record({ user: 'ann', ms: 5 }, 100);
  bench.record({ user: 'ann', ms: 3 }, 200);
  bench.watermark(1_400);
  bench.record({ user: 'ann', ms: 9 }, 300);
  bench.watermark(Number.MAX_SAFE_INTEGER);
  return bench.log.flatMap((sent) =>
    'watermark' in sent ? [] : [sent.tag === undefined ? sent.record : `${sent.tag} ${JSON.stringify(sent.record)}`],
  );
}

test('late records are dropped, sent aside, or taken in by allowed lateness', () => {
  assert.deepEqual(results(windowed().sum('ms')), [{ user: 'ann', ms: 8 }]);
  assert.deepEqual(results(windowed().sideOutputLateData(LATE).sum('ms')), [{ user: 'ann', ms: 8 }, 'late {"user":"ann","ms":9}']);
  const patient = windowed().allowedLateness('500 ms').sideOutputLateData(LATE).sum('ms');
  assert.deepEqual(results(patient), [
    { user: 'ann', ms: 8 },
    { user: 'ann', ms: 17 },
  ]);
  const lateness = windowed().allowedLateness('400 ms').sideOutputLateData(LATE).sum('ms');
  assert.deepEqual(results(lateness), [{ user: 'ann', ms: 8 }, 'late {"user":"ann","ms":9}'], 'late when end − 1 + lateness ≤ watermark');
});

test('reduce and aggregate, as they are and with a window function', () => {
  const longer = (a: Visit, b: Visit) => (a.ms >= b.ms ? a : b);
  const count = { createAccumulator: () => 0, add: (_visit: Visit, n: number) => n + 1, getResult: (n: number) => n };
  assert.deepEqual(results(windowed().reduce(longer)), [{ user: 'ann', ms: 5 }]);
  assert.deepEqual(results(windowed().reduce(longer, (user, window, visit) => [user, window.start, window.end, visit.ms])), [
    ['ann', 0, 1_000, 5],
  ]);
  assert.deepEqual(results(windowed().aggregate(count)), [2]);
  assert.deepEqual(results(windowed().aggregate(count, (user, _window, n) => `${user} ${n}`)), ['ann 2']);
  assert.deepEqual(results(windowed().aggregate(count, () => undefined)), [], 'undefined emits nothing');
});

test('the field aggregations', () => {
  assert.deepEqual(results(windowed().min('ms')), [{ user: 'ann', ms: 3 }]);
  assert.deepEqual(results(windowed().max('ms')), [{ user: 'ann', ms: 5 }]);
  assert.deepEqual(results(windowed().minBy('ms')), [{ user: 'ann', ms: 3 }]);
  assert.deepEqual(results(windowed().maxBy('ms', false)), [{ user: 'ann', ms: 5 }]);
});

test('results have the type of the records where they are records, and none where a function made them', () => {
  const longer = (a: Visit, b: Visit) => (a.ms >= b.ms ? a : b);
  const typeOf = (stream: SingleOutputStreamOperator<unknown>) => {
    stream.rebalance().sinkTo(new DiscardingSink());
    return stream.getExecutionEnvironment().compile().jobGraph.edges.at(-1)?.type.kind;
  };
  assert.equal(typeOf(windowed().reduce(longer)), 'row');
  assert.equal(typeOf(windowed().sum('ms')), 'row');
  assert.equal(typeOf(windowed().reduce(longer, (user) => user)), 'shape');
  assert.equal(typeOf(windowed().sideOutputLateData(LATE).sum('ms').name('w').returns(Visit)), 'row');
});

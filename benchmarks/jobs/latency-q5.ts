// Nexmark's q5 as Hazelcast Jet measures it: bids counted by auction in sliding windows; the latency of a result is that of its window's end.
import { ParameterTool, SlidingEventTimeWindows, StreamExecutionEnvironment, Types, WatermarkStrategy } from 'millrace';
import { LATENCY, LatencySink, percentiles } from './latency-sink.ts';
import { PacedSource } from './paced-source.ts';

const params = ParameterTool.fromArgs(process.argv.slice(2));
const env = StreamExecutionEnvironment.getExecutionEnvironment();
const keys = params.getLong('keys', 10_000);
const source = new PacedSource(
  (n, due) => ({ auction: (Math.imul(n, 0x9e3779b1) >>> 0) % keys, due }),
  params.getLong('rate'),
  params.getLong('seconds'),
);

env
  .fromSource(
    source,
    WatermarkStrategy.forMonotonousTimestamps().withTimestampAssigner((bid: { due: number }) => Math.floor(bid.due / 1000)),
    'paced',
  )
  .returns(Types.row({ auction: Types.INT, due: Types.DOUBLE }))
  .keyBy((bid) => bid.auction)
  .window(SlidingEventTimeWindows.of(`${params.getLong('size')} ms`, `${params.getLong('slide')} ms`))
  .aggregate(
    { createAccumulator: () => 0, add: (_bid, n) => n + 1, getResult: (n) => n, merge: (a, b) => a + b },
    (auction, window, count) => ({ auction, count, end: window.end }),
  )
  .addSink(new LatencySink(({ end }) => end * 1000, params.getLong('warm-up')));

const result = await env.execute('latency of q5');
console.log(JSON.stringify(percentiles(result.getAccumulatorResult(LATENCY) as Map<number, number>)));

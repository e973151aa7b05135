import { DiscardingSink, ParameterTool, StreamExecutionEnvironment, SlidingEventTimeWindows, WatermarkStrategy } from 'millrace';
import { bids, bidsWithStrings } from './bids.ts';

const params = ParameterTool.fromArgs(process.argv.slice(2));
const env = StreamExecutionEnvironment.getExecutionEnvironment();
const source = params.has('strings') ? bidsWithStrings(params.getLong('records')) : bids(params.getLong('records'));

env
  .fromSource(
    source,
    WatermarkStrategy.forMonotonousTimestamps().withTimestampAssigner((bid) => bid.at),
    'bids',
  )
  .keyBy((bid) => bid.auction)
  .window(SlidingEventTimeWindows.of('10 s', '100 ms'))
  .aggregate(
    { createAccumulator: () => 0, add: (_bid, n) => n + 1, getResult: (n) => n, merge: (a, b) => a + b },
    (auction, _window, count) => ({ auction, count }),
  )
  .sinkTo(new DiscardingSink());

await env.execute('sliding window');

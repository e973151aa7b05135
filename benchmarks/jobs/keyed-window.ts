import { DiscardingSink, ParameterTool, StreamExecutionEnvironment, TumblingEventTimeWindows, WatermarkStrategy } from 'millrace';
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
  .window(TumblingEventTimeWindows.of('1 s'))
  .aggregate(
    { createAccumulator: () => 0, add: (_bid, n) => n + 1, getResult: (n) => n, merge: (a, b) => a + b },
    (auction, _window, count) => ({ auction, count }),
  )
  .sinkTo(new DiscardingSink());

await env.execute('keyed window');

// A million keys, each with a count that lives as long as the job, in windows that are long enough to hold all of them.
import { DiscardingSink, ParameterTool, StreamExecutionEnvironment, TumblingEventTimeWindows, Types, WatermarkStrategy } from 'millrace';
import { DataGeneratorSource } from '@millrace/connectors/datagen';

const params = ParameterTool.fromArgs(process.argv.slice(2));
const keys = params.getLong('keys', 1_000_000);
const env = StreamExecutionEnvironment.getExecutionEnvironment();
const Bid = Types.row({ auction: Types.INT, price: Types.LONG, at: Types.LONG });
const source = new DataGeneratorSource(
  (n) => ({ auction: (Math.imul(n, 0x9e3779b1) >>> 0) % keys, price: n % 1000, at: n >>> 4 }),
  params.getLong('records'),
  { type: Bid },
);

env
  .fromSource(
    source,
    WatermarkStrategy.forMonotonousTimestamps().withTimestampAssigner((bid: { at: number }) => bid.at),
    'bids',
  )
  .keyBy((bid) => bid.auction)
  .window(TumblingEventTimeWindows.of('10 min'))
  .aggregate(
    { createAccumulator: () => 0, add: (_bid, n) => n + 1, getResult: (n) => n, merge: (a, b) => a + b },
    (auction, _window, count) => ({ auction, count }),
  )
  .sinkTo(new DiscardingSink());

await env.execute('keyed state');

// Three longs a record through one keyed shuffle.
import { ParameterTool, StreamExecutionEnvironment, Types, WatermarkStrategy } from 'millrace';
import { LATENCY, LatencySink, percentiles } from './latency-sink.ts';
import { PacedSource } from './paced-source.ts';

const params = ParameterTool.fromArgs(process.argv.slice(2));
const env = StreamExecutionEnvironment.getExecutionEnvironment();
if (params.has('buffer-timeout')) env.setBufferTimeout(`${params.getLong('buffer-timeout')} ms`);

const source = new PacedSource(
  (n, due) => ({ key: Math.imul(n, 0x9e3779b1) >>> 18, n, due }),
  params.getLong('rate'),
  params.getLong('seconds'),
);
env
  .fromSource(source, WatermarkStrategy.noWatermarks(), 'paced')
  .returns(Types.row({ key: Types.LONG, n: Types.LONG, due: Types.DOUBLE }))
  .keyBy((record) => record.key)
  .map((record) => record)
  .addSink(new LatencySink(({ due }) => due, params.getLong('warm-up')));

const result = await env.execute('latency');
console.log(JSON.stringify(percentiles(result.getAccumulatorResult(LATENCY) as Map<number, number>)));

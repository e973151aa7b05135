import { DataGeneratorSource } from '@millrace/connectors/datagen';
import { type DataStream, DiscardingSink, ParameterTool, StreamExecutionEnvironment, WatermarkStrategy } from 'millrace';

const params = ParameterTool.fromArgs(process.argv.slice(2));
const env = StreamExecutionEnvironment.getExecutionEnvironment();

let stream: DataStream<{ n: number; x: number }> = env.fromSource(
  new DataGeneratorSource((n) => ({ n, x: n & 1_023 }), params.getLong('records')),
  WatermarkStrategy.noWatermarks(),
  'numbers',
);
for (let step = 0; step < params.getLong('steps'); step += 1) {
  stream = step % 2 === 0 ? stream.map((record) => ({ n: record.n, x: record.x + 1 })) : stream.filter((record) => record.x >= 0);
}
stream.sinkTo(new DiscardingSink());

await env.execute('chain');

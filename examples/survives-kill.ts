// A job that lives through `kill -9`: run the command, kill it, run the same command again.
// node_modules/.bin/millrace run examples/survives-kill.ts --checkpoint-dir checkpoints --checkpoint-interval '1 s' --restore latest
import { ParameterTool, StreamExecutionEnvironment, WatermarkStrategy } from 'millrace';
import { DataGeneratorSource } from '@millrace/connectors/datagen';

const params = ParameterTool.fromArgs(process.argv.slice(2));
const perSensor = params.getLong('per-sensor', 10_000);
const recordsPerSecond = params.getLong('records-per-second', 1_500);
const env = StreamExecutionEnvironment.getExecutionEnvironment();

env
  .fromSource(
    new DataGeneratorSource((n) => ({ sensor: `s${n % 3}`, count: 1 }), 3 * perSensor, { recordsPerSecond }),
    WatermarkStrategy.noWatermarks(),
    'readings',
  )
  .uid('readings') // where it stands in its input is state, too
  .keyBy((reading) => reading.sensor)
  .sum('count')
  .uid('counts') // by this name the counts are found again
  .filter(({ count }) => count % 1_000 === 0)
  .map(({ sensor, count }) => `${sensor} has sent ${count} readings`)
  .print();

await env.execute('survives kill -9');

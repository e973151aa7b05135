// Records of a given size from every subtask to every other, by their turn: what an exchange costs by itself.
import { DataGeneratorSource } from '@millrace/connectors/datagen';
import { DiscardingSink, ParameterTool, StreamExecutionEnvironment, Types, WatermarkStrategy } from 'millrace';

const params = ParameterTool.fromArgs(process.argv.slice(2));
const env = StreamExecutionEnvironment.getExecutionEnvironment();
const Numbers = Types.row({ a: Types.LONG, b: Types.LONG, c: Types.LONG, d: Types.LONG });
const WithText = Types.row({ a: Types.LONG, b: Types.LONG, c: Types.LONG, d: Types.LONG, text: Types.STRING });
/** Four longs are 32 bytes; the rest is text of so many characters, a constant: making texts is not what is measured. */
const text = 'x'.repeat(Math.max(0, params.getLong('bytes') - 34));
const records = params.getLong('records');
const numbers = new DataGeneratorSource((n) => ({ a: n, b: n & 1023, c: n >>> 3, d: 7 }), records, { type: Numbers });
const withText = new DataGeneratorSource((n) => ({ a: n, b: n & 1023, c: n >>> 3, d: 7, text }), records, { type: WithText });

const stream =
  text === ''
    ? env.fromSource(numbers, WatermarkStrategy.noWatermarks(), 'numbers')
    : env.fromSource(withText, WatermarkStrategy.noWatermarks(), 'texts');
stream.rebalance().sinkTo(new DiscardingSink());

await env.execute('shuffle');

// Flights out of one file, by one reader for each slot, and nothing else.
import { CsvFormat, FileSource, JsonLinesFormat, ParquetFormat } from '@millrace/connectors/file';
import { DiscardingSink, ParameterTool, StreamExecutionEnvironment, Types, WatermarkStrategy } from 'millrace';

const Text = Types.row({ date: Types.LONG, delay: Types.INT, origin: Types.STRING, destination: Types.STRING, distance: Types.INT });
const Parquet = Types.row({
  date: Types.INSTANT,
  delay: Types.LONG,
  origin: Types.STRING,
  destination: Types.STRING,
  distance: Types.LONG,
});

const params = ParameterTool.fromArgs(process.argv.slice(2));
const file = params.getRequired('file');
const env = StreamExecutionEnvironment.getExecutionEnvironment();
const none = WatermarkStrategy.noWatermarks();
const format = params.getRequired('format');

if (format === 'parquet')
  env.fromSource(FileSource.forBulkFileFormat(new ParquetFormat(Parquet), file).build(), none, format).sinkTo(new DiscardingSink());
else {
  const text = format === 'csv' ? new CsvFormat(Text) : new JsonLinesFormat(Text);
  env.fromSource(FileSource.forRecordStreamFormat(text, file).build(), none, format).sinkTo(new DiscardingSink());
}

await env.execute(`read ${format}`);

// Three million real flights of 2001: which airports were late, and when was it worst?
// Event time is when a flight really left (scheduled time + delay), so records arrive out of order by up to many hours.
// npm run quickstart, or: npx millrace run examples/quickstart/flights.ts -- --input FILE --output FOLDER
import { rmSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { JsonLinesEncoder, FileSink, FileSource, ParquetFormat } from '@millrace/connectors/file';
import {
  Duration,
  OutputTag,
  ParameterTool,
  StreamExecutionEnvironment,
  TumblingEventTimeWindows,
  Types,
  WatermarkStrategy,
} from 'millrace';

const MINUTE_MS = 60_000;
const params = ParameterTool.fromArgs(process.argv.slice(2));
const input = params.get('input', 'node_modules/vega-datasets/data/flights-3m.parquet');
const output = params.get('output', 'out/quickstart');

const Flight = Types.row({ date: Types.INSTANT, delay: Types.LONG, origin: Types.STRING });
const late = new OutputTag('late', Flight);

const env = StreamExecutionEnvironment.getExecutionEnvironment();
const flights = env
  .fromSource(
    FileSource.forBulkFileFormat(new ParquetFormat(Flight), input).build(),
    WatermarkStrategy.forBoundedOutOfOrderness(Duration.ofHours(18)).withTimestampAssigner(
      (flight) => flight.date.getTime() + flight.delay * MINUTE_MS,
    ),
    'flights',
  )
  .setParallelism(1); // one reader, in file order: what is late is then the same on every run

const hourly = flights
  .keyBy((flight) => flight.origin)
  .window(TumblingEventTimeWindows.of(Duration.ofHours(1)))
  .allowedLateness(Duration.ofHours(6)) // a flight that comes later than the watermark but not by more corrects its hour
  .sideOutputLateData(late)
  .aggregate(
    {
      createAccumulator: () => ({ flights: 0, delayed: 0, delayMinutes: 0 }),
      add: (flight, hour) => {
        hour.flights += 1;
        hour.delayed += flight.delay > 15 ? 1 : 0;
        hour.delayMinutes += flight.delay;
        return hour;
      },
      getResult: (hour) => hour,
    },
    (airport, window, hour) => ({
      airport,
      hour: window.start,
      flights: hour.flights,
      delayed: hour.delayed,
      delayMinutes: hour.delayMinutes,
    }),
  )
  .name('hourly by airport')
  .uid('hourly');

env.constant(() => {
  rmSync(output, { recursive: true, force: true });
  return true;
}); // once, in the client: the program itself runs again in every slot
hourly.sinkTo(FileSink.forRowFormat(`${output}/hours`, new JsonLinesEncoder()).build());
hourly.getSideOutput(late).sinkTo(FileSink.forRowFormat(`${output}/late`, new JsonLinesEncoder()).build());

const result = await env.execute('flights of 2001');

// From here on this is plain Node, in the client, once the job has ended.
interface Hour {
  airport: string;
  hour: number;
  flights: number;
  delayed: number;
  delayMinutes: number;
}
const lines = async (folder: string) => {
  const files = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const texts = await Promise.all(files.filter((file) => file.isFile()).map((file) => readFile(`${file.parentPath}/${file.name}`, 'utf8')));
  return texts.flatMap((text) => text.split('\n').filter((line) => line !== ''));
};

const firings = (await lines(`${output}/hours`)).map((line) => JSON.parse(line) as Hour);
const final = new Map<string, Hour>(); // an hour fires again for each flight within the lateness: the firing with the most flights is the last
for (const hour of firings) {
  const key = `${hour.airport} ${hour.hour}`;
  if ((final.get(key)?.flights ?? 0) <= hour.flights) final.set(key, hour);
}
const airports = new Map<string, Hour>();
for (const { airport, flights: count, delayed, delayMinutes } of final.values()) {
  const sum = airports.get(airport) ?? { airport, hour: 0, flights: 0, delayed: 0, delayMinutes: 0 };
  airports.set(airport, {
    ...sum,
    flights: sum.flights + count,
    delayed: sum.delayed + delayed,
    delayMinutes: sum.delayMinutes + delayMinutes,
  });
}

const mean = (hour: Hour) => hour.delayMinutes / hour.flights;
const worst = (hours: Iterable<Hour>, least: number) =>
  [...hours]
    .filter((hour) => hour.flights >= least)
    .sort((a, b) => mean(b) - mean(a))
    .slice(0, 8);
const cell = (value: number, width: number, digits = 0) =>
  value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits }).padStart(width);
const row = (name: string, hour: Hour) =>
  console.log(
    `  ${name.padEnd(24)}${cell(hour.flights, 9)}${cell((100 * hour.delayed) / hour.flights, 11, 1)} %${cell(mean(hour), 11, 1)} min`,
  );
const table = (title: string, head: string, hours: readonly Hour[], name: (hour: Hour) => string) => {
  console.log(`\n${title}\n  ${head.padEnd(24)}  flights   over 15 min   mean delay`);
  for (const hour of hours) row(name(hour), hour);
};

table(
  'Worst hours (at least 25 departures)',
  'airport, hour',
  worst(final.values(), 25),
  (hour) => `${hour.airport}  ${new Date(hour.hour).toISOString().slice(0, 13).replace('T', ' ')}h`,
);
table('Worst airports (at least 5,000 departures)', 'airport', worst(airports.values(), 5_000), (hour) => hour.airport);

const counted = [...airports.values()].reduce((sum, airport) => sum + airport.flights, 0);
const tooLate = (await lines(`${output}/late`)).length;
const seconds = result.getNetRuntime().toMillis() / 1_000;
console.log(
  `\n${cell(counted + tooLate, 0)} flights in ${seconds.toFixed(1)} s: ${cell(Math.round((counted + tooLate) / seconds), 0)} a second.`,
);
console.log(
  `${cell(counted, 0)} counted in ${cell(final.size, 0)} hours of ${cell(airports.size, 0)} airports, ${cell(firings.length - final.size, 0)} corrections, ${cell(tooLate, 0)} too late.`,
);
console.log(`\nThe full result is in ${output}/. Next: read examples/quickstart/flights.ts, change the window, run it again; then docs/.`);

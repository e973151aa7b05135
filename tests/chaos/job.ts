// The job of the kill test: a replayable source, a shuffle, keyed state with timers, windows, and the exactly-once file sink. Its result does not depend on the order of records.
import {
  KeyedProcessFunction,
  ParameterTool,
  StreamExecutionEnvironment,
  TumblingEventTimeWindows,
  Types,
  ValueStateDescriptor,
  WatermarkStrategy,
} from 'millrace';
import type { Collector, KeyedProcessContext, KeyedRuntimeContext, OnTimerContext, ValueState } from 'millrace';
import { DataGeneratorSource } from '@millrace/connectors/datagen';
import { FileSink, JsonLinesEncoder } from '@millrace/connectors/file';

const params = ParameterTool.fromArgs(process.argv.slice(2));
const records = params.getLong('records');
const rate = params.getLong('rate', 0);
const output = params.getRequired('output');

const Reading = Types.row({ key: Types.INT, value: Types.LONG, at: Types.LONG });
type Reading = { key: number; value: number; at: number };

/** Counts and adds up everything of a key, and tells it once, at the end of the input. */
class Totals extends KeyedProcessFunction<number, Reading, { key: number; count: number; sum: number }> {
  #count!: ValueState<number>;
  #sum!: ValueState<number>;

  override open(context: KeyedRuntimeContext) {
    this.#count = context.getState(new ValueStateDescriptor('count', Types.LONG));
    this.#sum = context.getState(new ValueStateDescriptor('sum', Types.LONG));
  }
  override processElement(reading: Reading, context: KeyedProcessContext<number>) {
    this.#count.update((this.#count.value() ?? 0) + 1);
    this.#sum.update((this.#sum.value() ?? 0) + reading.value);
    context.timerService().registerEventTimeTimer(Number.MAX_SAFE_INTEGER);
  }
  override onTimer(_time: number, context: OnTimerContext<number>, out: Collector<{ key: number; count: number; sum: number }>) {
    out.collect({ key: context.getCurrentKey(), count: this.#count.value() ?? 0, sum: this.#sum.value() ?? 0 });
  }
}

const env = StreamExecutionEnvironment.getExecutionEnvironment();
const source = new DataGeneratorSource((n): Reading => ({ key: (n * 31) % 101, value: n % 1009, at: n }), records, {
  type: Reading,
  ...(rate > 0 ? { recordsPerSecond: rate } : {}),
});
const readings = env
  .fromSource(
    source,
    WatermarkStrategy.forMonotonousTimestamps().withTimestampAssigner((reading: Reading) => reading.at),
    'readings',
  )
  .uid('readings');

readings
  .keyBy((reading) => reading.key)
  .process(new Totals())
  .uid('totals')
  .sinkTo(FileSink.forRowFormat(`${output}/totals`, new JsonLinesEncoder()).build())
  .uid('totals-sink');

readings
  .keyBy((reading) => reading.key % 10)
  .window(TumblingEventTimeWindows.of('1 s'))
  .aggregate(
    {
      createAccumulator: () => ({ count: 0, sum: 0 }),
      add: (reading, acc) => ({ count: acc.count + 1, sum: acc.sum + reading.value }),
      getResult: (acc) => acc,
    },
    (key, window, total) => ({ key, start: window.start, ...total }),
  )
  .uid('windows')
  .sinkTo(FileSink.forRowFormat(`${output}/windows`, new JsonLinesEncoder()).build())
  .uid('windows-sink');

await env.execute('chaos');

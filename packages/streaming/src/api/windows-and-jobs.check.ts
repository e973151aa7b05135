// biome-ignore-all lint/suspicious/useIterableCallbackReturn: streams are no arrays, and the wrong return is the claim
/** As types.check.ts: windows, sources and jobs. */
import { OutputTag } from '../contract/output-tag.ts';
import type { Sink } from '../contract/sink.ts';
import type { GlobalWindow } from '../window/global-window.ts';
import { SlidingEventTimeWindows } from '../window/sliding-event-time-windows.ts';
import { TumblingEventTimeWindows } from '../window/tumbling-event-time-windows.ts';
import type { DataStream } from './data-stream.ts';
import type { SingleOutputStreamOperator } from './single-output-stream-operator.ts';
import type { StreamExecutionEnvironment } from './stream-execution-environment.ts';
import type { WindowedStream } from './windowed-stream.ts';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Expect<T extends true> = T;
/** The record type of a stream. */
type Of<S> = S extends DataStream<infer T> ? T : never;

interface Click {
  user: string;
  page: string;
  at: number;
  ms: number;
}
declare const env: StreamExecutionEnvironment;
declare const clicks: DataStream<Click>;
declare const sink: Sink<Click>;

/** Never called. */
export function windows() {
  const byUser = clicks.keyBy((click) => click.user);
  const minutes = byUser.window(TumblingEventTimeWindows.of('1 min'));
  const late = new OutputTag<Click>('late');
  const countPages = { createAccumulator: () => 0, add: (_click: Click, n: number) => n + 1, getResult: (n: number) => n };
  const whole = minutes.aggregate(countPages);
  const watched = minutes.reduce(
    (a, b) => (a.ms > b.ms ? a : b),
    (user, window, click, context) => {
      context.output(late, click);
      return `${user} ${window.end} ${context.currentWatermark()}`;
    },
  );
  const least10 = byUser.window(SlidingEventTimeWindows.of('1 min', '10 s')).maxBy('ms');
  const allOfHour = clicks
    .windowAll(TumblingEventTimeWindows.of('1 h'))
    .apply((window, elements) => ({ at: window.start, n: [...elements].length }));
  const counted = byUser.countWindow(10, 5);
  // @ts-expect-error
  minutes.aggregate(countPages, async (user) => user);
  // @ts-expect-error a sum of strings
  minutes.sum('page');
  // @ts-expect-error the context takes clicks for this tag
  minutes.reduce((a) => a, (user, _window, _click, context) => { context.output(late, user); return user; }); // biome-ignore format: one line for the claim
  return { whole, watched, least10, allOfHour, counted };
}

type Windows = ReturnType<typeof windows>;
export type WindowClaims = [
  Expect<Equal<Of<Windows['whole']>, number>>,
  Expect<Equal<Of<Windows['watched']>, string>>,
  Expect<Equal<Of<Windows['least10']>, Click>>,
  Expect<Equal<Of<Windows['allOfHour']>, { at: number; n: number }>>,
  Expect<Equal<Windows['counted'], WindowedStream<Click, string, GlobalWindow>>>,
];

/** Never called. */
export function jobs() {
  clicks.sinkTo(sink).uid('clicks').setParallelism(2).name('clicks');
  const data = env.fromData('a', 'b'); // strings, not these two strings
  const numbers = env.fromCollection([1, 2]);
  const mixed = env.fromData({ a: 1 }, null);
  const settled = clicks
    .map((click) => click.ms)
    .name('m')
    .uid('u')
    .setParallelism(2)
    .startNewChain();
  const id = env.constant(() => 'x');
  const partitioned = clicks.partitionCustom(
    (key: string, numPartitions) => key.length % numPartitions,
    (click) => click.user,
  );
  // @ts-expect-error a promise is not a record
  env.fromData(Promise.resolve(1));
  // @ts-expect-error
  env.fromCollection([Promise.resolve(1)]);
  // @ts-expect-error
  env.fromCollection([1, undefined]);
  // @ts-expect-error a partition is a number
  clicks.partitionCustom((key: string) => key, (click) => click.user); // biome-ignore format: one line for the claim
  return { data, numbers, mixed, settled, id, partitioned };
}

type Jobs = ReturnType<typeof jobs>;
export type JobClaims = [
  Expect<Equal<Of<Jobs['data']>, string>>,
  Expect<Equal<Of<Jobs['numbers']>, number>>,
  Expect<Equal<Of<Jobs['mixed']>, { a: number } | null>>,
  Expect<Equal<Jobs['settled'], SingleOutputStreamOperator<number>>>,
  Expect<Equal<Jobs['id'], string>>,
  Expect<Equal<Jobs['partitioned'], DataStream<Click>>>,
];

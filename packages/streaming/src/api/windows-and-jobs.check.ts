// biome-ignore-all lint/complexity/noBannedTypes: `{}` is what generic user code writes
// biome-ignore-all lint/suspicious/useIterableCallbackReturn: streams are no arrays, and the wrong return is the claim
/** As types.check.ts: windows, side outputs, sources, sinks and jobs. */
import { Duration } from '@millrace/core/config/duration';
import { Types } from '@millrace/core/types/types';
import type { SimpleVersionedSerializer } from '@millrace/core/types/type-information';
import type { AggregateFunction } from '../contract/functions.ts';
import { OutputTag } from '../contract/output-tag.ts';
import type { CommitRequest, CommittingSinkWriter, SupportsCommitter } from '../contract/sink.ts';
import type { ReaderOutput, Source, SourceReader, SplitEnumerator } from '../contract/source.ts';
import { WatermarkStrategy } from '../contract/watermark-strategy.ts';
import type { Collector } from '../contract/emittable.ts';
import { CountEvictor } from '../window/count-evictor.ts';
import { CountTrigger } from '../window/count-trigger.ts';
import { DeltaTrigger } from '../window/delta-trigger.ts';
import { EventTimeSessionWindows } from '../window/event-time-session-windows.ts';
import { EventTimeTrigger } from '../window/event-time-trigger.ts';
import type { GlobalWindow } from '../window/global-window.ts';
import { GlobalWindows } from '../window/global-windows.ts';
import { PurgingTrigger } from '../window/purging-trigger.ts';
import { Trigger } from '../window/trigger.ts';
import { TriggerResult } from '../window/trigger-result.ts';
import { SlidingEventTimeWindows } from '../window/sliding-event-time-windows.ts';
import type { TimeWindow } from '../window/time-window.ts';
import { TumblingEventTimeWindows } from '../window/tumbling-event-time-windows.ts';
import type { AllWindowedStream } from './all-windowed-stream.ts';
import { ProcessWindowFunction } from './process-window-functions.ts';
import { rich } from './rich-functions.ts';
import type { CloseableIterator } from './closeable-iterator.ts';
import type { DataStream } from './data-stream.ts';
import type { DataStreamSource } from './data-stream-source.ts';
import type { JobClient } from './job-client.ts';
import type { SideOutputDataStream } from './side-output-data-stream.ts';
import type { StreamExecutionEnvironment } from './stream-execution-environment.ts';
import type { WindowedStream } from './windowed-stream.ts';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Expect<T extends true> = T;
/** The record type of a stream. */
type Of<S> = S extends DataStream<infer T> ? T : never;

interface Visit {
  user: string;
  pages: number;
}
interface Click {
  user: string;
  page: string;
  at: number;
  ms: number;
  note?: string;
}
declare const env: StreamExecutionEnvironment;
declare const clicks: DataStream<Click>;

/** Never called. */
export function claims(): void {
  const byUser = clicks.keyBy((click) => click.user);
  const minutes = byUser.window(TumblingEventTimeWindows.of('1 min'));
  const late = new OutputTag<Click>('late');
  const lengths = clicks.map((click) => click.page.length);
  const mapped = clicks.map((click) => ({ word: click.page, count: 1 }));

  // ── windows ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
  const countPages = {
    createAccumulator: () => 0,
    add: (_click: Click, n: number) => n + 1,
    getResult: (n: number) => n,
    merge: (a: number, b: number) => a + b,
  };
  const perMinute = minutes
    .allowedLateness('5 s')
    .sideOutputLateData(late)
    .aggregate(
      {
        createAccumulator: () => ({ pages: 0, users: new Set<string>() }),
        add: (click, acc) => {
          acc.pages += 1;
          acc.users.add(click.user);
          return acc;
        },
        getResult: (acc) => ({ pages: acc.pages, users: acc.users.size }),
      },
      (user, window, total) => ({ user, start: window.start, ...total }),
    );
  const some = minutes.aggregate(countPages, (user, _window, pages) => (pages > 9 ? { user, pages } : undefined)); // undefined emits nothing
  const whole = minutes.aggregate(countPages);
  const watched = minutes.reduce(
    (a, b) => (a.ms > b.ms ? a : b),
    (user, window, click, context) => {
      context.output(late, click);
      return `${user} ${window.end} ${context.currentWatermark()}`;
    },
  );
  const least10 = byUser.window(SlidingEventTimeWindows.of('1 min', '10 s')).maxBy('ms');
  class Mean implements AggregateFunction<Click, { n: number; sum: number }, number> {
    createAccumulator() {
      return { n: 0, sum: 0 };
    }
    add(click: Click, acc: { n: number; sum: number }) {
      acc.n += 1;
      acc.sum += click.ms;
      return acc;
    }
    getResult(acc: { n: number; sum: number }) {
      return acc.sum / acc.n;
    }
    merge(a: { n: number; sum: number }, b: { n: number; sum: number }) {
      return { n: a.n + b.n, sum: a.sum + b.sum };
    }
  }
  const sometimes = minutes.apply((user, _window, elements) => {
    for (const click of elements) if (click.ms > 9) return user;
    return undefined;
  });
  const flat = minutes.flatApply((_user, window, elements) => [...elements].map((click) => click.at - window.start));
  // an array inside one record …
  const listedInside = minutes.process((user, context, elements) => ({ user, watermark: context.currentWatermark(), all: [...elements] }));
  const listed = minutes.process((_user, _context, elements) => [...elements]); // … and an array as one record
  const richly = minutes.process({
    process(user, context, elements, out: Collector<Visit>) {
      context.output(late, [...elements][0]!);
      out.collect({ user, pages: 1 });
    },
  });
  class Visits extends ProcessWindowFunction<number, Visit, string, TimeWindow> {
    override process(user: string, _context: unknown, [pages]: Iterable<number>, out: Collector<Visit>) {
      out.collect({ user, pages: pages ?? 0 });
    }
  }
  const byClass = minutes.aggregate(countPages, new Visits());
  const byFactory = minutes.aggregate(
    countPages,
    rich(() => new Visits()),
  );
  const sessions = byUser.window(EventTimeSessionWindows.withDynamicGap((click) => Duration.ofMillis(click.ms)));
  const triggered = byUser
    .window(GlobalWindows.create())
    .trigger(PurgingTrigger.of(CountTrigger.of(9)))
    .evictor(CountEvictor.of(3))
    .max('ms');
  const delta = byUser
    .window(GlobalWindows.create())
    .trigger(DeltaTrigger.of(5, (before, now) => now.ms - before.ms))
    .apply((user) => user);
  const latest = clicks
    .map((click) => click.at)
    .countWindowAll(1_000)
    .max();
  const allOfHour = clicks
    .windowAll(TumblingEventTimeWindows.of('1 h'))
    .apply((window, elements) => ({ at: window.start, n: [...elements].length }));
  const covariantAll: AllWindowedStream<{ at: number }, GlobalWindow> = clicks.countWindowAll(9);
  const counted = byUser.countWindow(10, 5);
  class EveryTenth extends Trigger<Click, TimeWindow> {
    override onElement(click: Click) {
      return click.ms % 10 === 0 ? TriggerResult.FIRE : TriggerResult.CONTINUE;
    }
    override onEventTime() {
      return TriggerResult.FIRE;
    }
    override onProcessingTime() {
      return TriggerResult.CONTINUE;
    }
    override clear() {}
  }
  minutes.trigger(new EveryTenth());
  const means = minutes.aggregate(new Mean(), (user, window, ms) => ({ user, ms, end: window.end }));
  type Windows = [
    Expect<Equal<typeof minutes, WindowedStream<Click, string, TimeWindow>>>,
    Expect<Equal<Of<typeof perMinute>, { pages: number; users: number; user: string; start: number }>>,
    Expect<Equal<Of<typeof some>, { user: string; pages: number }>>,
    Expect<Equal<Of<typeof whole>, number>>,
    Expect<Equal<Of<typeof sometimes>, string>>,
    Expect<Equal<Of<typeof flat>, number>>,
    Expect<Equal<Of<typeof listedInside>, { user: string; watermark: number; all: Click[] }>>,
    Expect<Equal<Of<typeof listed>, Click[]>>,
    Expect<Equal<Of<typeof richly>, Visit>>,
    Expect<Equal<Of<typeof byClass>, Visit>>,
    Expect<Equal<Of<typeof byFactory>, Visit>>,
    Expect<Equal<typeof sessions, WindowedStream<Click, string, TimeWindow>>>,
    Expect<Equal<Of<typeof triggered>, Click>>,
    Expect<Equal<Of<typeof delta>, string>>,
    Expect<Equal<Of<typeof latest>, number>>,
    Expect<Equal<Of<typeof allOfHour>, { at: number; n: number }>>,
    Expect<Equal<typeof counted, WindowedStream<Click, string, GlobalWindow>>>,
    Expect<Equal<Of<typeof watched>, string>>,
    Expect<Equal<Of<typeof least10>, Click>>,
    Expect<Equal<Of<typeof means>, { user: string; ms: number; end: number }>>,
  ];
  // @ts-expect-error
  minutes.aggregate(countPages, async (user) => user);
  // @ts-expect-error
  minutes.aggregate({ ...countPages, getResult: async (n: number) => n });
  // @ts-expect-error
  minutes.aggregate({ ...countPages, createAccumulator: async () => 0 });
  // @ts-expect-error the accumulator is a number
  minutes.aggregate({ ...countPages, add: (click: Click) => click.page });
  // @ts-expect-error
  minutes.apply(async (user) => user);
  // @ts-expect-error
  minutes.flatApply((user) => user);
  // @ts-expect-error a time trigger on windows without an end
  byUser.window(GlobalWindows.create()).trigger(EventTimeTrigger.create());
  // @ts-expect-error late records are clicks
  minutes.sideOutputLateData(new OutputTag<number>('late'));
  // @ts-expect-error the slide is missing
  SlidingEventTimeWindows.of('1 min');
  // @ts-expect-error a sum of strings
  minutes.sum('page');
  // @ts-expect-error the context takes clicks for this tag
  minutes.reduce((a) => a, (user, _window, _click, context) => { context.output(late, user); return user; }); // biome-ignore format: one line for the claim

  // ── side outputs ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
  const slow = new OutputTag('slow', Types.row({ user: Types.STRING, ms: Types.DOUBLE }));
  const side = perMinute.getSideOutput(slow);
  type SideOutputs = [Expect<Equal<typeof side, SideOutputDataStream<{ user: string; ms: number }>>>];
  // @ts-expect-error
  const wrong: DataStream<string> = perMinute.getSideOutput(slow);

  // ── sources, sinks, jobs ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
  interface Range {
    from: number;
    to: number;
  }
  const rangeSerializer = null as unknown as SimpleVersionedSerializer<Range>;
  class Ranges implements Source<{ n: number }, Range, Range[]> {
    getBoundedness() {
      return 'BOUNDED' as const;
    }
    createReader(): SourceReader<{ n: number }, Range> {
      const splits: Range[] = [];
      return {
        start() {},
        close() {},
        notifyNoMoreSplits() {},
        addSplits: (more) => void splits.push(...more),
        isAvailable: () => Promise.resolve(),
        snapshotState: () => splits,
        pollNext(output: ReaderOutput<{ n: number }>) {
          output.collect({ n: splits[0]?.from ?? 0 });
          return 'END_OF_INPUT';
        },
      };
    }
    createEnumerator(): SplitEnumerator<Range, Range[]> {
      throw new Error('not here');
    }
    restoreEnumerator(): SplitEnumerator<Range, Range[]> {
      return this.createEnumerator();
    }
    splitSerializer() {
      return rangeSerializer;
    }
    enumeratorStateSerializer(): SimpleVersionedSerializer<Range[]> {
      throw new Error('not here');
    }
  }
  const ranges = env.fromSource(
    new Ranges(),
    WatermarkStrategy.forMonotonousTimestamps().withTimestampAssigner((record) => record.n),
    'ranges',
  );
  class Transactions implements SupportsCommitter<Click, string> {
    createWriter(): CommittingSinkWriter<Click, string> {
      return { write() {}, flush() {}, close() {}, prepareCommit: () => ['a'] };
    }
    createCommitter() {
      return {
        async commit(requests: readonly CommitRequest<string>[]) {
          for (const request of requests) request.retryLater();
        },
        close() {},
      };
    }
    committableSerializer(): SimpleVersionedSerializer<string> {
      throw new Error('not here');
    }
  }
  clicks.sinkTo(new Transactions()).uid('transactions').setParallelism(2).name('transactions');
  const collection = env.fromCollection(function* () {
    yield { n: 1 };
  });
  const data = env.fromData('a', 'b'); // strings, not these two strings
  const numbers = env.fromCollection([1, 2]);
  const mixed = env.fromData({ a: 1 }, null);
  const collected = clicks.executeAndCollect('job');
  const firstTen = clicks.executeAndCollect('job', 10);
  const client = env.executeAsync();
  const returned = clicks.map((click): {} => click.note ?? '').returns(Types.STRING);
  const settled = mapped.name('m').uid('u').setParallelism(2).startNewChain();
  const id = env.constant(() => 'x');
  const partitioned = clicks.partitionCustom(
    (key: string, numPartitions) => key.length % numPartitions,
    (click) => click.user,
  );
  type Jobs = [
    Expect<Equal<typeof ranges, DataStreamSource<{ n: number }>>>,
    Expect<Equal<typeof collection, DataStreamSource<{ n: number }>>>,
    Expect<Equal<Of<typeof data>, string>>,
    Expect<Equal<Of<typeof numbers>, number>>,
    Expect<Equal<Of<typeof mixed>, { a: number } | null>>,
    Expect<Equal<typeof collected, Promise<CloseableIterator<Click>>>>,
    Expect<Equal<typeof firstTen, Promise<Click[]>>>,
    Expect<Equal<typeof client, Promise<JobClient>>>,
    Expect<Equal<Of<typeof returned>, string>>,
    Expect<Equal<typeof settled, typeof mapped>>,
    Expect<Equal<typeof id, string>>,
    Expect<Equal<typeof partitioned, DataStream<Click>>>,
  ];
  // @ts-expect-error a sink for clicks
  lengths.sinkTo(new Transactions());
  // @ts-expect-error
  env.fromCollection('letters');
  // @ts-expect-error a promise is not a record
  env.fromData(Promise.resolve(1));
  // @ts-expect-error
  env.fromCollection([Promise.resolve(1)]);
  // @ts-expect-error
  env.fromCollection([1, undefined]);
  // @ts-expect-error
  const misread: DataStream<string> = ranges;
  // @ts-expect-error a partition is a number
  clicks.partitionCustom((key: string) => key, (click) => click.user); // biome-ignore format: one line for the claim

  type All = [Windows, SideOutputs, Jobs];
  used<All>(wrong, misread, covariantAll);
}

/** Keeps the compiler from calling a claim unused. */
declare function used<T>(...values: readonly unknown[]): T;

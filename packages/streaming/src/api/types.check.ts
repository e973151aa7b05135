// biome-ignore-all lint/complexity/noBannedTypes: `{}` is what generic user code writes
// biome-ignore-all lint/suspicious/useIterableCallbackReturn: streams are no arrays, and the wrong return is the claim
/**
 * What the compiler must infer and what it must refuse. Nothing here runs: the build fails when a claim breaks.
 *
 * Claims of the canon that wait for what is not there yet: `apply`, `flatApply` and `process` of windows,
 * triggers, evictors, session, global, count and processing-time windows, `windowAll`; connected, broadcast, joined and co-grouped streams, interval joins,
 * iterations; DataStreamUtils; `addSink` and two-phase commit sinks. Those about `@millrace/connectors` and `@millrace/testing`
 * stand with these packages.
 */
import { Duration } from '@millrace/core/config/duration';
import { type TypeOf, Types } from '@millrace/core/types/types';
import type { TypeInformation } from '@millrace/core/types/type-information';
import { OutputTag } from '../contract/output-tag.ts';
import type { Source } from '../contract/source.ts';
import { WatermarkStrategy } from '../contract/watermark-strategy.ts';
import { TumblingEventTimeWindows } from '../window/tumbling-event-time-windows.ts';
import type { DataStream } from './data-stream.ts';
import type { DataStreamSource } from './data-stream-source.ts';
import type { KeyedStream } from './keyed-stream.ts';
import type { SingleOutputStreamOperator } from './single-output-stream-operator.ts';
import { StreamExecutionEnvironment } from './stream-execution-environment.ts';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Expect<T extends true> = T;
/** The record type of a stream. */
type Of<S> = S extends DataStream<infer T> ? T : never;

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
  const late = new OutputTag<Click>('late');
  const made: StreamExecutionEnvironment = StreamExecutionEnvironment.getExecutionEnvironment({ 'parallelism.default': 2 });

  // ── types and records ────────────────────────────────────────────────────────────────────────────────────────────────────────────────
  const Row = Types.row({
    id: Types.LONG,
    name: Types.STRING,
    tags: Types.list(Types.STRING),
    size: Types.nullable(Types.DOUBLE),
    note: Types.optional(Types.STRING),
    at: Types.INSTANT,
    kind: Types.literal('a', 'b'),
    by: Types.map(Types.STRING, Types.BIG_INT),
    pair: Types.tuple(Types.INT, Types.BOOLEAN),
    inner: Types.row({ x: Types.BYTES }),
  });
  type RowRecord = {
    id: number;
    name: string;
    tags: string[];
    size: number | null;
    note?: string;
    at: Date;
    kind: 'a' | 'b';
    by: Map<string, bigint>;
    pair: [number, boolean];
    inner: { x: Uint8Array };
  };
  type ZodLike = {
    readonly '~standard': {
      readonly version: 1;
      readonly vendor: 'z';
      readonly types?: { readonly input: unknown; readonly output: { a: number } } | undefined;
    };
  };
  const schemaOf = (schema: ZodLike) => Types.schema(schema);
  type TypesAre = [
    Expect<Equal<TypeOf<typeof Row>, RowRecord>>,
    Expect<Equal<ReturnType<typeof schemaOf>, TypeInformation<{ a: number }>>>,
  ];

  // ── one record in, one out ───────────────────────────────────────────────────────────────────────────────────────────────────────────
  const mapped = clicks.map((click) => ({ word: click.page, count: 1 }));
  const lengths = clicks.map((click) => click.page.length);
  const ones = clicks.map(() => 1);
  const arrays = clicks.map((click) => [click.at, click.ms]); // an array is one record
  const nullable = clicks.map((click) => (click.ms > 9 ? click.page : null)); // null is a record
  const words = clicks.flatMap((click) => click.page.split('/'));
  const generated = clicks.flatMap(function* (click) {
    yield click.ms;
    yield click.at;
  });
  const entries = clicks.flatMap((click) => new Map([[click.user, click.ms]]));
  const kept = clicks.filter((click) => click.ms > 9);
  const noted = clicks.map((click) => click.note ?? null).filter((note) => note !== null); // narrowed by the inferred type predicate
  const tuple = clicks.keyBy((click) => [click.user, click.at]); // a composite key is a tuple, not an array of unions
  const projected = clicks.project('user', 'at');
  const projectedTuple = clicks.map((click): [string, number, boolean] => [click.user, click.at, true]).project(2, 0);
  const both = clicks.union(lengths, words);
  type OneToOne = [
    Expect<Equal<typeof mapped, SingleOutputStreamOperator<{ word: string; count: number }>>>,
    Expect<Equal<Of<typeof lengths>, number>>,
    Expect<Equal<Of<typeof ones>, number>>,
    Expect<Equal<Of<typeof arrays>, number[]>>,
    Expect<Equal<Of<typeof nullable>, string | null>>,
    Expect<Equal<Of<typeof words>, string>>,
    Expect<Equal<Of<typeof generated>, number>>,
    Expect<Equal<Of<typeof entries>, [string, number]>>,
    Expect<Equal<Of<typeof kept>, Click>>,
    Expect<Equal<Of<typeof noted>, string>>,
    Expect<Equal<typeof tuple, KeyedStream<Click, readonly [string, number]>>>,
    Expect<Equal<Of<typeof projected>, { user: string; at: number }>>,
    Expect<Equal<Of<typeof projectedTuple>, [boolean, string]>>,
    Expect<Equal<typeof both, DataStream<Click | number | string>>>,
  ];

  const folded = byUser.fold(0, (total, click) => total + click.ms);
  const averaged = byUser.avg('ms');
  const selected = clicks.split((click) => click.page).select('home', 'search');
  const sorted = clicks.fullWindowPartition().sortPartition('at', 'ASCENDING');
  const perUser = byUser.fullWindowPartition().mapPartition((elements) => [[...elements].length]);
  clicks.fullWindowPartition().sortPartition((click) => click.page, 'DESCENDING');
  // @ts-expect-error no such field
  clicks.fullWindowPartition().sortPartition('when', 'ASCENDING');
  // @ts-expect-error a field needs an order
  clicks.fullWindowPartition().sortPartition('at');
  // @ts-expect-error a string would be emitted letter by letter
  clicks.fullWindowPartition().mapPartition(() => 'letters');
  type Legacy = [
    Expect<Equal<Of<typeof sorted>, Click>>,
    Expect<Equal<Of<typeof perUser>, number>>,
    Expect<Equal<Of<typeof folded>, number>>,
    Expect<Equal<Of<typeof averaged>, Click>>,
    Expect<Equal<typeof selected, DataStream<Click>>>,
  ];
  // @ts-expect-error a fold returns what it accumulates
  byUser.fold(0, (total, click) => `${total}${click.ms}`);
  // @ts-expect-error
  byUser.avg('page');
  // @ts-expect-error a name is needed
  clicks.split((click) => click.page).select();
  // @ts-expect-error names are strings
  clicks.split((click) => click.ms);

  clicks.map((click): Record<string, unknown> => ({ ...click }));
  clicks.map((click) => new Map([[click.user, new Uint8Array(click.ms)]]));
  clicks.map((click) => ({ ...click, note: undefined })); // undefined inside a record is fine
  // @ts-expect-error unknown may be a promise: say what it is
  clicks.map((click): unknown => click);
  // @ts-expect-error a promise is not a record: AsyncDataStream
  clicks.map(async (click) => click.page);
  // @ts-expect-error undefined is not a record: filter or flatMap
  clicks.map((click) => click.note);
  // @ts-expect-error map must return something
  clicks.map((click) => {
    console.log(click);
  });
  // @ts-expect-error
  clicks.filter(async (click) => click.ms > 9);
  // @ts-expect-error a filter answers with a boolean
  clicks.filter((click) => click.note);
  // @ts-expect-error
  clicks.flatMap(async (click) => [click.page]);
  // @ts-expect-error
  clicks.flatMap(async function* (click) {
    yield click.page;
  });
  // @ts-expect-error a string is one record, not its letters
  clicks.flatMap((click) => click.page);
  // @ts-expect-error one record is not an iterable
  clicks.flatMap((click) => click.ms);
  // @ts-expect-error
  clicks.flatMap((click) => [Promise.resolve(click)]);
  // @ts-expect-error
  clicks.keyBy(async (click) => click.user);
  // @ts-expect-error a key is never undefined
  clicks.keyBy((click) => click.note);
  // @ts-expect-error
  clicks.map((click) => click.pages);

  // ── keys ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
  const summed = mapped.keyBy((entry) => entry.word).sum('count');
  const least = byUser.min('page'); // anything ordered
  const first = byUser.minBy('at', false);
  const reduced = byUser.reduce((a, b) => (a.ms > b.ms ? a : b));
  const counts = lengths.keyBy((n) => n % 2).sum();
  const typed = clicks.keyBy((click) => click.user, Types.STRING);
  type Keys = [
    Expect<Equal<typeof byUser, KeyedStream<Click, string>>>,
    Expect<Equal<typeof typed, KeyedStream<Click, string>>>,
    Expect<Equal<typeof summed, SingleOutputStreamOperator<{ word: string; count: number }>>>,
    Expect<Equal<Of<typeof least>, Click>>,
    Expect<Equal<Of<typeof first>, Click>>,
    Expect<Equal<Of<typeof reduced>, Click>>,
    Expect<Equal<Of<typeof counts>, number>>,
  ];
  // @ts-expect-error a key of another type than the function's
  clicks.keyBy((click) => click.user, Types.LONG);
  // @ts-expect-error a sum of strings
  mapped.keyBy((entry) => entry.word).sum('word');
  // @ts-expect-error no such field
  mapped.keyBy((entry) => entry.word).sum('total');
  const optional = clicks.map((click): { n?: number } => ({ n: click.ms })).keyBy(() => 0);
  // @ts-expect-error an optional field is not a number for every record
  optional.sum('n');
  // @ts-expect-error records need a field
  byUser.sum();
  // @ts-expect-error sum is for keyed streams and windows
  mapped.sum('count');
  // @ts-expect-error a window needs a key; windowAll does not
  clicks.window(TumblingEventTimeWindows.of('1 min'));
  // @ts-expect-error keyBy is a partitioning, not an operator
  byUser.uid('by-user');
  // @ts-expect-error
  byUser.getSideOutput(late);
  // @ts-expect-error reduce returns a record of the same type
  byUser.reduce((a, b) => a.ms + b.ms);
  // @ts-expect-error
  byUser.reduce(async (a) => a);

  // ── watermarks: the record's type arrives by itself ──────────────────────────────────────────────────────────────────────────────────
  const source = null as unknown as Source<Click>;
  const bounded: typeof WatermarkStrategy.forBoundedOutOfOrderness = (max) => WatermarkStrategy.forBoundedOutOfOrderness(max);
  const last = env.fromSource(
    source,
    WatermarkStrategy.forBoundedOutOfOrderness(Duration.ofDays(30)).withTimestampAssigner((click) => click.at),
    'clicks',
  );
  env.fromSource(
    source,
    WatermarkStrategy.forBoundedOutOfOrderness('30 d')
      .withIdleness('1 min')
      .withTimestampAssigner((click, previous) => click.at + previous),
    'idle first',
  );
  env.fromSource(
    source,
    (strategy) =>
      strategy
        .forBoundedOutOfOrderness('30 d')
        .withTimestampAssigner((click) => click.at)
        .withIdleness('1 min'),
    'any order',
  );
  env.fromSource(
    source,
    WatermarkStrategy.forMonotonousTimestamps<Click>()
      .withTimestampAssigner((click) => click.at)
      .withIdleness('1 min'),
    'any order',
  );
  env.fromSource(
    source,
    WatermarkStrategy.forMonotonousTimestamps()
      .withTimestampAssigner((click: Click) => click.at)
      .withIdleness('1 min'),
    'any order',
  );
  env.fromSource(source, WatermarkStrategy.noWatermarks(), 'none');
  const stamped = clicks.assignTimestampsAndWatermarks(
    WatermarkStrategy.forMonotonousTimestamps().withTimestampAssigner((click) => click.at),
  );
  clicks.assignTimestampsAndWatermarks((strategy) =>
    strategy
      .forMonotonousTimestamps()
      .withTimestampAssigner((click) => click.at)
      .withIdleness('1 min'),
  );
  clicks.assignTimestampsAndWatermarks((strategy) =>
    strategy.forGenerator(() => ({
      onEvent(click, timestamp, output) {
        if (click.ms > 9) output.emitWatermark(timestamp);
      },
      onPeriodicEmit() {},
    })),
  );
  const anyWithAt = WatermarkStrategy.forMonotonousTimestamps<{ at: number }>().withTimestampAssigner((event) => event.at);
  const viaAt = env.fromSource(source, anyWithAt, 'a strategy for less serves more');
  type Watermarks = [
    Expect<Equal<typeof last, DataStreamSource<Click>>>,
    Expect<Equal<typeof viaAt, DataStreamSource<Click>>>,
    Expect<Equal<typeof stamped, SingleOutputStreamOperator<Click>>>,
  ];
  const monotonous: typeof WatermarkStrategy.forMonotonousTimestamps = () => WatermarkStrategy.forMonotonousTimestamps();
  // @ts-expect-error `click` is unknown: the assigner must be the last call, or the function form be used
  env.fromSource(source, monotonous().withTimestampAssigner((click) => click.at).withIdleness('1 min'), 'clicks'); // biome-ignore format: one line for the claim
  // @ts-expect-error a timestamp is a number
  env.fromSource(source, monotonous().withTimestampAssigner((click) => click.page), 'clicks'); // biome-ignore format: one line for the claim
  // @ts-expect-error a strategy for records that this stream does not have
  lengths.assignTimestampsAndWatermarks(anyWithAt);
  // @ts-expect-error not a duration
  bounded('30 fortnights');
  // @ts-expect-error a number is no duration: of what unit?
  env.setBufferTimeout(1_000);

  // ── generic code: a record that may be anything but a promise is `{}` or `{} | null` ─────────────────────────────────────────────────
  function unwrap<P extends {} | null>(stream: DataStream<{ payload: P }>) {
    return stream.map((envelope) => envelope.payload);
  }
  function latestBy<T extends { at: number }, K extends {}>(stream: DataStream<T>, key: (record: T) => K) {
    return stream.keyBy(key).reduce((a, b) => (a.at > b.at ? a : b));
  }
  const generic = latestBy(clicks, (click) => click.user);
  const covariant: DataStream<{ at: number }> = clicks;
  const covariantKeyed: KeyedStream<{ at: number }, string | number> = byUser;
  type Generic = [Expect<Equal<Of<typeof generic>, Click>>];

  type All = [TypesAre, OneToOne, Legacy, Keys, Watermarks, Generic];
  used<All>(made, unwrap, covariant, covariantKeyed);
}

/** Keeps the compiler from calling a claim unused. */
declare function used<T>(...values: readonly unknown[]): T;

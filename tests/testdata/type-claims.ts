// What the compiler must infer and what it must refuse, of all packages, as users import them. Nothing here runs: `tests/types.test.mjs` compiles it, under TypeScript 6 and 7.
import {
  AggregatingStateDescriptor, AsyncDataStream, BroadcastProcessFunction, CountEvictor, CountTrigger, DataStreamUtils, DeltaTrigger, Duration, EventTimeSessionWindows,
  EventTimeTrigger, GlobalWindows, KeyedProcessFunction, ListStateDescriptor, MapStateDescriptor, OutputTag, ProcessFunction, ProcessWindowFunction, PurgingTrigger,
  RichMapFunction, SlidingEventTimeWindows, StreamExecutionEnvironment, TimeWindow, Trigger, TriggerResult, TumblingEventTimeWindows, Types, ValueStateDescriptor,
  TwoPhaseCommitSinkFunction, WatermarkStrategy, rich,
} from 'millrace';
import type {
  AggregateFunction, AllWindowedStream, BroadcastStream, CloseableIterator, Collector, CommitRequest, CommittingSinkWriter, ConnectedStreams, DataStream, DataStreamSource,
  GlobalWindow, JobClient, KeyedConnectedStreams, KeyedProcessContext, KeyedRuntimeContext, KeyedStream, ListState, MapState, OnTimerContext, ProcessContext, ReaderOutput,
  RuntimeContext, SideOutputDataStream, SimpleVersionedSerializer, SingleOutputStreamOperator, Source, SourceReader, SplitEnumerator, SupportsCommitter, TypeInformation, TypeOf,
  ValueState, WindowedStream,
} from 'millrace';
import { FileSink, FileSource, JsonLinesEncoder, JsonLinesFormat } from '@millrace/connectors/file';
import { TestEnvironment, type TestSink } from '@millrace/testing';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Expect<T extends true> = T;
/** The record type of a stream. */
type Of<S> = S extends DataStream<infer T> ? T : never;

interface Click { user: string; page: string; at: number; ms: number; note?: string }
interface Visit { user: string; pages: number }
const env = StreamExecutionEnvironment.getExecutionEnvironment();
declare const clicks: DataStream<Click>;
const byUser = clicks.keyBy((click) => click.user);
const minutes = byUser.window(TumblingEventTimeWindows.of('1 min'));
const late = new OutputTag<Click>('late');

// ── types and records ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────
const Row = Types.row({
  id: Types.LONG, name: Types.STRING, tags: Types.list(Types.STRING), size: Types.nullable(Types.DOUBLE), note: Types.optional(Types.STRING), at: Types.INSTANT,
  kind: Types.literal('a', 'b'), by: Types.map(Types.STRING, Types.BIG_INT), pair: Types.tuple(Types.INT, Types.BOOLEAN), inner: Types.row({ x: Types.BYTES }),
});
declare const zodLike: { readonly '~standard': { readonly version: 1; readonly vendor: 'z'; readonly types?: { readonly input: unknown; readonly output: { a: number } } | undefined } };
const Schema = Types.schema(zodLike);
export type TypesAre = [
  Expect<Equal<TypeOf<typeof Row>, {
    id: number; name: string; tags: string[]; size: number | null; note?: string; at: Date; kind: 'a' | 'b'; by: Map<string, bigint>; pair: [number, boolean]; inner: { x: Uint8Array };
  }>>,
  Expect<Equal<typeof Schema, TypeInformation<{ a: number }>>>,
];

// ── one record in, one out ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
const mapped = clicks.map((click) => ({ word: click.page, count: 1 }));
const lengths = clicks.map((click) => click.page.length);
const ones = clicks.map(() => 1);
const arrays = clicks.map((click) => [click.at, click.ms]); // an array is one record
const nullable = clicks.map((click) => (click.ms > 9 ? click.page : null)); // null is a record
const words = clicks.flatMap((click) => click.page.split('/'));
const generated = clicks.flatMap(function* (click) { yield click.ms; yield click.at; });
const entries = clicks.flatMap((click) => new Map([[click.user, click.ms]]));
const kept = clicks.filter((click) => click.ms > 9);
const noted = clicks.map((click) => click.note ?? null).filter((note) => note !== null); // narrowed by the inferred type predicate
const tuple = clicks.keyBy((click) => [click.user, click.at]); // a composite key is a tuple, not an array of unions
const projected = clicks.project('user', 'at');
const projectedTuple = clicks.map((click): [string, number, boolean] => [click.user, click.at, true]).project(2, 0);
const both = clicks.union(lengths, words);
const asked = AsyncDataStream.unorderedWait(clicks, async (click, { signal }) => (signal.aborted ? undefined : { user: click.user, city: 'x' }), { timeout: '5 s', capacity: 20 });
export type OneToOne = [
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
  Expect<Equal<Of<typeof asked>, { user: string; city: string }>>,
];

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
clicks.map((click) => { console.log(click); });
// @ts-expect-error
clicks.filter(async (click) => click.ms > 9);
// @ts-expect-error a filter answers with a boolean
clicks.filter((click) => click.note);
// @ts-expect-error
clicks.flatMap(async (click) => [click.page]);
// @ts-expect-error
clicks.flatMap(async function* (click) { yield click.page; });
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
// @ts-expect-error an asynchronous function belongs here, a synchronous one does not
AsyncDataStream.orderedWait(clicks, (click) => click.page, { timeout: '5 s' });

// ── keys ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
const summed = mapped.keyBy((entry) => entry.word).sum('count');
const least = byUser.min('page'); // anything ordered
const reduced = byUser.reduce((a, b) => (a.ms > b.ms ? a : b));
const counts = lengths.keyBy((n) => n % 2).sum();
export type Keys = [
  Expect<Equal<typeof byUser, KeyedStream<Click, string>>>,
  Expect<Equal<typeof summed, SingleOutputStreamOperator<{ word: string; count: number }>>>,
  Expect<Equal<Of<typeof least>, Click>>,
  Expect<Equal<Of<typeof reduced>, Click>>,
  Expect<Equal<Of<typeof counts>, number>>,
];
class PerUser extends KeyedProcessFunction<string, Click, number> {
  override processElement(click: Click, _context: KeyedProcessContext<string>, out: Collector<number>) { out.collect(click.ms); }
}
clicks.keyBy(() => 'all').process(new PerUser()); // the key's type is 'all', and a function for strings takes it
// @ts-expect-error a sum of strings
mapped.keyBy((entry) => entry.word).sum('word');
// @ts-expect-error no such field
mapped.keyBy((entry) => entry.word).sum('total');
// @ts-expect-error an optional field is not a number for every record
clicks.map((click): { n?: number } => ({ n: click.ms })).keyBy(() => 0).sum('n');
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

// ── watermarks: the record's type arrives by itself ────────────────────────────────────────────────────────────────────────────────────
declare const source: Source<Click>;
const last = env.fromSource(source, WatermarkStrategy.forBoundedOutOfOrderness(Duration.ofDays(30)).withTimestampAssigner((click) => click.at), 'clicks');
env.fromSource(source, WatermarkStrategy.forBoundedOutOfOrderness('30 d').withIdleness('1 min').withTimestampAssigner((click, previous) => click.at + previous), 'idle first');
env.fromSource(source, (strategy) => strategy.forBoundedOutOfOrderness('30 d').withTimestampAssigner((click) => click.at).withIdleness('1 min'), 'any order');
env.fromSource(source, WatermarkStrategy.forMonotonousTimestamps<Click>().withTimestampAssigner((click) => click.at).withIdleness('1 min'), 'any order');
env.fromSource(source, WatermarkStrategy.forMonotonousTimestamps().withTimestampAssigner((click: Click) => click.at).withIdleness('1 min'), 'any order');
env.fromSource(source, WatermarkStrategy.noWatermarks(), 'none');
const stamped = clicks.assignTimestampsAndWatermarks(WatermarkStrategy.forMonotonousTimestamps().withTimestampAssigner((click) => click.at));
clicks.assignTimestampsAndWatermarks((strategy) => strategy.forMonotonousTimestamps().withTimestampAssigner((click) => click.at).withIdleness('1 min'));
const anyWithAt = WatermarkStrategy.forMonotonousTimestamps<{ at: number }>().withTimestampAssigner((event) => event.at);
const viaAt = env.fromSource(source, anyWithAt, 'a strategy for less serves more');
export type Watermarks = [
  Expect<Equal<typeof last, DataStreamSource<Click>>>,
  Expect<Equal<typeof viaAt, DataStreamSource<Click>>>,
  Expect<Equal<typeof stamped, SingleOutputStreamOperator<Click>>>,
];
// @ts-expect-error `click` is unknown: the assigner must be the last call, or the function form be used
env.fromSource(source, WatermarkStrategy.forMonotonousTimestamps().withTimestampAssigner((click) => click.at).withIdleness('1 min'), 'clicks');
// @ts-expect-error a timestamp is a number
env.fromSource(source, WatermarkStrategy.forMonotonousTimestamps().withTimestampAssigner((click) => click.page), 'clicks');
// @ts-expect-error a strategy for records that this stream does not have
lengths.assignTimestampsAndWatermarks(anyWithAt);
// @ts-expect-error not a duration
WatermarkStrategy.forBoundedOutOfOrderness('30 fortnights');
// @ts-expect-error a number is no duration: of what unit?
env.enableCheckpointing(1_000);

// ── windows ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
const countPages = { createAccumulator: () => 0, add: (_click: Click, n: number) => n + 1, getResult: (n: number) => n, merge: (a: number, b: number) => a + b };
const perMinute = minutes.allowedLateness('5 s').sideOutputLateData(late).aggregate(
  {
    createAccumulator: () => ({ pages: 0, users: new Set<string>() }),
    add: (click, acc) => { acc.pages += 1; acc.users.add(click.user); return acc; },
    getResult: (acc) => ({ pages: acc.pages, users: acc.users.size }),
  },
  (user, window, total) => ({ user, start: window.start, ...total }),
);
const some = minutes.aggregate(countPages, (user, _window, pages) => (pages > 9 ? { user, pages } : undefined)); // undefined emits nothing
const sometimes = minutes.apply((user, _window, elements) => { for (const click of elements) if (click.ms > 9) return user; return undefined; });
const flat = minutes.flatApply((_user, window, elements) => [...elements].map((click) => click.at - window.start));
const whole = minutes.process((user, context, elements) => ({ user, watermark: context.currentWatermark(), all: [...elements] })); // an array inside one record
const listed = minutes.process((_user, _context, elements) => [...elements]); // … and an array as one record
const richly = minutes.process({ process(user, context, elements, out: Collector<Visit>) { context.output(late, [...elements][0]!); out.collect({ user, pages: 1 }); } });
class Visits extends ProcessWindowFunction<number, Visit, string, TimeWindow> {
  override process(user: string, _context: unknown, [pages]: Iterable<number>, out: Collector<Visit>) { out.collect({ user, pages: pages ?? 0 }); }
}
const byClass = minutes.aggregate(countPages, new Visits());
const byFactory = minutes.aggregate(countPages, rich(() => new Visits()));
const sessions = byUser.window(EventTimeSessionWindows.withDynamicGap((click) => Duration.ofMillis(click.ms)));
const triggered = byUser.window(GlobalWindows.create()).trigger(PurgingTrigger.of(CountTrigger.of(9))).evictor(CountEvictor.of(3)).max('ms');
const delta = byUser.window(GlobalWindows.create()).trigger(DeltaTrigger.of(5, (before, now) => now.ms - before.ms)).apply((user) => user);
const latest = clicks.map((click) => click.at).countWindowAll(1_000).max();
class EveryTenth extends Trigger<Click, TimeWindow> {
  override onElement(click: Click) { return click.ms % 10 === 0 ? TriggerResult.FIRE : TriggerResult.CONTINUE; }
  override onEventTime() { return TriggerResult.FIRE; }
  override onProcessingTime() { return TriggerResult.CONTINUE; }
  override clear() {}
}
minutes.trigger(new EveryTenth());
class Mean implements AggregateFunction<Click, { n: number; sum: number }, number> {
  createAccumulator() { return { n: 0, sum: 0 }; }
  add(click: Click, acc: { n: number; sum: number }) { acc.n += 1; acc.sum += click.ms; return acc; }
  getResult(acc: { n: number; sum: number }) { return acc.sum / acc.n; }
  merge(a: { n: number; sum: number }, b: { n: number; sum: number }) { return { n: a.n + b.n, sum: a.sum + b.sum }; }
}
const means = minutes.aggregate(new Mean(), (user, window, ms) => ({ user, ms, end: window.end }));
export type Windows = [
  Expect<Equal<typeof minutes, WindowedStream<Click, string, TimeWindow>>>,
  Expect<Equal<Of<typeof perMinute>, { pages: number; users: number; user: string; start: number }>>,
  Expect<Equal<Of<typeof some>, { user: string; pages: number }>>,
  Expect<Equal<Of<typeof sometimes>, string>>,
  Expect<Equal<Of<typeof flat>, number>>,
  Expect<Equal<Of<typeof whole>, { user: string; watermark: number; all: Click[] }>>,
  Expect<Equal<Of<typeof listed>, Click[]>>,
  Expect<Equal<Of<typeof richly>, Visit>>,
  Expect<Equal<Of<typeof byClass>, Visit>>,
  Expect<Equal<Of<typeof byFactory>, Visit>>,
  Expect<Equal<typeof sessions, WindowedStream<Click, string, TimeWindow>>>,
  Expect<Equal<Of<typeof triggered>, Click>>,
  Expect<Equal<Of<typeof delta>, string>>,
  Expect<Equal<Of<typeof latest>, number>>,
  Expect<Equal<Of<typeof means>, { user: string; ms: number; end: number }>>,
];
// @ts-expect-error
minutes.apply(async (user) => user);
// @ts-expect-error
minutes.aggregate({ ...countPages, getResult: async (n: number) => n });
// @ts-expect-error
minutes.aggregate({ ...countPages, createAccumulator: async () => 0 });
// @ts-expect-error the accumulator is a number
minutes.aggregate({ ...countPages, add: (click: Click) => click.page });
// @ts-expect-error
minutes.flatApply((user) => user);
// @ts-expect-error a time trigger on windows without an end
byUser.window(GlobalWindows.create()).trigger(EventTimeTrigger.create());
// @ts-expect-error late records are clicks
minutes.sideOutputLateData(new OutputTag<number>('late'));
// @ts-expect-error the slide is missing
SlidingEventTimeWindows.of('1 min');

// ── process functions, keyed state, timers ─────────────────────────────────────────────────────────────────────────────────────────────
class CountVisits extends KeyedProcessFunction<string, Click, Visit> {
  #pages!: ValueState<number>;
  override open(context: KeyedRuntimeContext) { this.#pages = context.getState(new ValueStateDescriptor('pages', Types.INT)); }
  override processElement(click: Click, context: KeyedProcessContext<string>) {
    this.#pages.update((this.#pages.value() ?? 0) + 1);
    context.timerService().registerEventTimeTimer(click.at + 1_000);
  }
  override onTimer(_time: number, context: OnTimerContext<string>, out: Collector<Visit>) { out.collect({ user: context.getCurrentKey(), pages: this.#pages.value() ?? 0 }); }
}
class Plain extends ProcessFunction<{ user: string }, string> {
  override processElement(value: { user: string }, _context: ProcessContext, out: Collector<string>) { out.collect(value.user); }
}
class Dedup extends RichMapFunction<Click, string, KeyedRuntimeContext> {
  #seen!: MapState<string, number>;
  override open(context: KeyedRuntimeContext) { this.#seen = context.getMapState(new MapStateDescriptor('seen', Types.STRING, Types.LONG)); }
  override map(click: Click) { this.#seen.put(click.page, click.at); return click.page; }
}
const visits = byUser.process(new CountVisits());
const visitsPerSubtask = byUser.process(() => new CountVisits()); // where no plain function is accepted, a function is a factory
const literal = byUser.process({ processElement(click, context, out: Collector<Visit>) { out.collect({ user: context.getCurrentKey(), pages: click.ms }); } });
const closure = byUser.process(() => {
  let pages: ValueState<number>;
  return {
    async open(context) { pages = context.getState(new ValueStateDescriptor('pages', Types.INT)); },
    processElement(click, context, out: Collector<Visit>) { context.timerService().registerEventTimeTimer(click.at); out.collect({ user: click.user, pages: pages.value() ?? 0 }); },
    onTimer(time, context, out) { out.collect({ user: context.getCurrentKey(), pages: time }); },
  };
});
const unkeyed = clicks.process(new Plain());
byUser.process(new Plain()); // needs less: fits
const deduped = byUser.map(new Dedup());
const dedupedPerSubtask = byUser.map(rich(() => new Dedup()));
const inline = byUser.map({ open(context) { context.getState(new ValueStateDescriptor('x', Types.INT)); }, map: (click) => click.ms });
const inlinePerSubtask = byUser.map(rich(() => {
  let seen: ValueState<number>;
  return { open(context) { seen = context.getState(new ValueStateDescriptor('x', Types.INT)); }, map: (click) => click.ms + (seen.value() ?? 0) };
}));
clicks.map({ open(context) { context.getMetricGroup().counter('clicks').inc(); }, map: (click) => click.ms });
export type Functions = [
  Expect<Equal<typeof visits, SingleOutputStreamOperator<Visit>>>,
  Expect<Equal<Of<typeof visitsPerSubtask>, Visit>>,
  Expect<Equal<Of<typeof literal>, Visit>>,
  Expect<Equal<Of<typeof closure>, Visit>>,
  Expect<Equal<Of<typeof unkeyed>, string>>,
  Expect<Equal<Of<typeof deduped>, string>>,
  Expect<Equal<Of<typeof dedupedPerSubtask>, string>>,
  Expect<Equal<Of<typeof inline>, number>>,
  Expect<Equal<Of<typeof inlinePerSubtask>, number>>,
];
// @ts-expect-error keyed state on a stream without a key
clicks.process(new CountVisits());
// @ts-expect-error
clicks.process(() => new CountVisits());
// @ts-expect-error
clicks.map(new Dedup());
// @ts-expect-error
clicks.map(rich(() => new Dedup()));
// @ts-expect-error
clicks.map({ open(context) { context.getState(new ValueStateDescriptor('x', Types.INT)); }, map: (click) => click.ms });
// @ts-expect-error a timer needs a key
clicks.process({ processElement(_click, context, _out: Collector<string>) { context.timerService().registerEventTimeTimer(1); } });
// @ts-expect-error
clicks.process({ processElement(_click, context, _out: Collector<string>) { context.getCurrentKey(); } });
// @ts-expect-error the key is a string
clicks.keyBy((click) => click.at).process(new CountVisits());
// @ts-expect-error
byUser.process({ async processElement(click, _context, out: Collector<string>) { out.collect(click.page); } });
// @ts-expect-error process takes an object or a factory of one, not a function of a record
byUser.process((click: Click) => click.page);
// @ts-expect-error the collector takes visits
byUser.process({ processElement(click, _context, out: Collector<Visit>) { out.collect(click); } });
class Asynchronous extends KeyedProcessFunction<string, Click, Visit> {
  // @ts-expect-error
  override async processElement() {}
}
declare const runtime: RuntimeContext;
// @ts-expect-error only a KeyedRuntimeContext has state
runtime.getState(new ValueStateDescriptor('x', Types.INT));

declare const keyed: KeyedRuntimeContext;
const value = keyed.getState(new ValueStateDescriptor('v', Row));
const list = keyed.getListState(new ListStateDescriptor<Click>('l')); // undeclared: the shape codec
const mean: AggregateFunction<number, { n: number; sum: number }, number> = {
  createAccumulator: () => ({ n: 0, sum: 0 }), add: (x, acc) => ({ n: acc.n + 1, sum: acc.sum + x }), getResult: (acc) => acc.sum / acc.n,
};
const average = keyed.getAggregatingState(new AggregatingStateDescriptor('a', mean)).get();
export type States = [
  Expect<Equal<ReturnType<typeof value.value>, TypeOf<typeof Row> | undefined>>,
  Expect<Equal<typeof list, ListState<Click>>>,
  Expect<Equal<typeof average, number | undefined>>,
];
// @ts-expect-error
value.update({ id: 1 });
// @ts-expect-error
keyed.getState(new ListStateDescriptor('l', Types.STRING));

// ── side outputs ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
const slow = new OutputTag('slow', Types.row({ user: Types.STRING, ms: Types.DOUBLE }));
const tagged = clicks.process({ processElement(click, context, out: Collector<Click>) { if (click.ms > 9) context.output(slow, click); else out.collect(click); } });
const side = tagged.getSideOutput(slow);
export type SideOutputs = [Expect<Equal<typeof side, SideOutputDataStream<{ user: string; ms: number }>>>, Expect<Equal<Of<typeof tagged>, Click>>];
// @ts-expect-error the tag takes { user, ms }
clicks.process({ processElement(click, context, _out: Collector<Click>) { context.output(slow, click.page); } });
// @ts-expect-error
const wrong: DataStream<string> = tagged.getSideOutput(slow);

// ── two streams ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
declare const users: DataStream<{ id: string; city: string; at: number }>;
const usersById = users.keyBy((user) => user.id);
const connected = clicks.connect(users);
const keyedConnected = byUser.connect(usersById);
const comapped = connected.map((click) => click.ms, (user) => user.at);
const coprocessed = keyedConnected.process(() => {
  let city: ValueState<string>;
  return {
    open(context) { city = context.getState(new ValueStateDescriptor('city', Types.STRING)); },
    processElement1(click, context, out: Collector<[string, string]>) { context.timerService().deleteEventTimeTimer(1); out.collect([click.page, city.value() ?? '?']); },
    processElement2(user) { city.update(user.city); },
  };
});
const joined = clicks.join(users).where((click) => click.user).equalTo((user) => user.id).window(TumblingEventTimeWindows.of('1 min')).apply((click, user) => `${click.page} ${user.city}`);
const joinedFlat = clicks.join(users).where((click) => click.user).equalTo((user) => user.id).window(TumblingEventTimeWindows.of('1 min')).flatApply((click, user) => [click.at, user.at]);
const grouped = clicks.coGroup(users).where((click) => [click.user, click.at]).equalTo((user) => [user.id, user.at]).window(SlidingEventTimeWindows.of('1 min', '5 s'))
  .apply((left, right) => ({ left: [...left].length, right: [...right].length }));
const interval = byUser.intervalJoin(usersById).between('-5 s', Duration.ZERO).upperBoundExclusive().process((click, user, context) => (click.ms > 9 ? { user, at: context.getTimestamp() } : undefined));
const Rule = Types.row({ page: Types.STRING, limit: Types.DOUBLE });
const rulesState = new MapStateDescriptor('rules', Types.STRING, Rule);
const waiting = new ListStateDescriptor<Click>('waiting');
const rules = env.fromData({ page: 'a', limit: 1 }).broadcast(rulesState);
const ruled = byUser.connect(rules).process({
  processElement(click, context, out: Collector<number>) { out.collect(context.getBroadcastState(rulesState).get(click.page)?.limit ?? context.getCurrentKey().length); },
  processBroadcastElement(rule, context, out) {
    context.getBroadcastState(rulesState).put(rule.page, rule);
    context.applyToKeyedState(waiting, (user, state) => { for (const click of state.get()) out.collect(click.ms + user.length); });
  },
});
const loop = lengths.iterate('1 s');
loop.closeWith(loop.filter((n) => n > 1).map((n) => n - 1));
export type Pairs = [
  Expect<Equal<typeof connected, ConnectedStreams<Click, { id: string; city: string; at: number }>>>,
  Expect<Equal<typeof keyedConnected, KeyedConnectedStreams<string, Click, { id: string; city: string; at: number }>>>,
  Expect<Equal<Of<typeof comapped>, number>>,
  Expect<Equal<Of<typeof coprocessed>, [string, string]>>,
  Expect<Equal<Of<typeof joined>, string>>,
  Expect<Equal<Of<typeof joinedFlat>, number>>,
  Expect<Equal<Of<typeof grouped>, { left: number; right: number }>>,
  Expect<Equal<Of<typeof interval>, { user: { id: string; city: string; at: number }; at: number }>>,
  Expect<Equal<typeof rules, BroadcastStream<{ page: string; limit: number }>>>,
  Expect<Equal<Of<typeof ruled>, number>>,
];
// @ts-expect-error keys of different types
byUser.connect(users.keyBy((user) => user.at));
// @ts-expect-error
byUser.intervalJoin(users.keyBy((user) => user.at));
// @ts-expect-error an interval join needs keys
clicks.intervalJoin(usersById);
// @ts-expect-error
clicks.join(users).where((click) => click.user).equalTo((user) => user.at);
// @ts-expect-error
clicks.join(users).where((click) => click.user).equalTo((user) => user.id).window(TumblingEventTimeWindows.of('1 min')).apply(async () => 1);
// @ts-expect-error broadcast state is read-only on the other side
byUser.connect(rules).process({ processElement(_click, context, _out: Collector<number>) { context.getBroadcastState(rulesState).put('a', { page: 'a', limit: 1 }); }, processBroadcastElement() {} });
// @ts-expect-error a function over two streams does not fit one
byUser.process({ processElement1() {}, processElement2() {} });
class NotKeyed extends BroadcastProcessFunction<Click, TypeOf<typeof Rule>, string> {
  override processElement() {}
  override processBroadcastElement() {}
}
clicks.connect(rules).process(new NotKeyed());
byUser.connect(rules).process(new NotKeyed());

// ── sources, sinks, jobs, tests ────────────────────────────────────────────────────────────────────────────────────────────────────────
interface Range { from: number; to: number }
declare const rangeSerializer: SimpleVersionedSerializer<Range>;
class Ranges implements Source<{ n: number }, Range, Range[]> {
  getBoundedness() { return 'BOUNDED' as const; }
  createReader(): SourceReader<{ n: number }, Range> {
    const splits: Range[] = [];
    return {
      start() {}, close() {}, notifyNoMoreSplits() {}, addSplits: (more) => void splits.push(...more), isAvailable: () => Promise.resolve(), snapshotState: () => splits,
      pollNext(output: ReaderOutput<{ n: number }>) { output.collect({ n: splits[0]?.from ?? 0 }); return 'END_OF_INPUT'; },
    };
  }
  createEnumerator(): SplitEnumerator<Range, Range[]> { throw new Error('not here'); }
  restoreEnumerator(): SplitEnumerator<Range, Range[]> { return this.createEnumerator(); }
  splitSerializer() { return rangeSerializer; }
  enumeratorStateSerializer(): SimpleVersionedSerializer<Range[]> { throw new Error('not here'); }
}
const ranges = env.fromSource(new Ranges(), WatermarkStrategy.forMonotonousTimestamps().withTimestampAssigner((record) => record.n), 'ranges');
class Transactions implements SupportsCommitter<Click, string> {
  createWriter(): CommittingSinkWriter<Click, string> { return { write() {}, flush() {}, close() {}, prepareCommit: () => ['a'] }; }
  createCommitter() { return { async commit(requests: readonly CommitRequest<string>[]) { for (const request of requests) request.retryLater(); }, close() {} }; }
  committableSerializer(): SimpleVersionedSerializer<string> { throw new Error('not here'); }
}
clicks.sinkTo(new Transactions()).uid('transactions');
class Lines extends TwoPhaseCommitSinkFunction<string, { file: string }> {
  constructor() { super(Types.row({ file: Types.STRING })); }
  override beginTransaction() { return { file: crypto.randomUUID() }; }
  override async invoke(transaction: { file: string }, line: string) { console.log(transaction.file, line); }
  override preCommit() {}
  override commit() {}
  override abort() {}
}
words.addSink(new Lines()).uid('lines');
words.addSink(rich(() => new Lines())).setParallelism(2);
const file = env.fromSource(FileSource.forRecordStreamFormat(new JsonLinesFormat(Row), 'in').build(), WatermarkStrategy.noWatermarks(), 'file');
clicks.sinkTo(FileSink.forRowFormat('out', new JsonLinesEncoder()).build());
clicks.sinkTo(FileSink.forRowFormat<Click>('out', new JsonLinesEncoder()).withBucketAssigner((click) => click.user).build());
clicks.addSink(async (click, context) => { console.log(click.page, context.timestamp()); });
const collection = env.fromCollection(function* () { yield { n: 1 }; });
const collected = clicks.executeAndCollect('job');
const firstTen = clicks.executeAndCollect('job', 10);
const client = env.executeAsync();
const reinterpreted = DataStreamUtils.reinterpretAsKeyedStream(clicks, (click) => click.user);
const returned = clicks.map((click): unknown & {} => click.note ?? '').returns(Types.STRING);
const test = TestEnvironment.create({ parallelism: 2, seed: 7 });
const sink = test.collect(perMinute);
const input = test.testSource<Click>({ timestamp: (click) => click.at });
export type Jobs = [
  Expect<Equal<typeof ranges, DataStreamSource<{ n: number }>>>,
  Expect<Equal<typeof file, DataStreamSource<TypeOf<typeof Row>>>>,
  Expect<Equal<typeof collection, DataStreamSource<{ n: number }>>>,
  Expect<Equal<typeof collected, Promise<CloseableIterator<Click>>>>,
  Expect<Equal<typeof firstTen, Promise<Click[]>>>,
  Expect<Equal<typeof client, Promise<JobClient>>>,
  Expect<Equal<typeof reinterpreted, KeyedStream<Click, string>>>,
  Expect<Equal<Of<typeof returned>, string>>,
  Expect<Equal<typeof sink, TestSink<{ pages: number; users: number; user: string; start: number }>>>,
];
// @ts-expect-error a sink for lines
lengths.addSink(new Lines());
// @ts-expect-error the transaction's type is { file }
abstract class Mismatched extends TwoPhaseCommitSinkFunction<string, { file: string }> { constructor() { super(Types.row({ path: Types.STRING })); } }
// @ts-expect-error a sink for clicks
lengths.sinkTo(new Transactions());
// @ts-expect-error
env.fromCollection('letters');
// @ts-expect-error
const misread: DataStream<string> = file;
// @ts-expect-error
input.emit({ user: 'ann' });
// @ts-expect-error collectForTest is not a method of streams: env.collect(stream)
clicks.collectForTest();

// ── generic code: a record that may be anything but a promise is `{}` or `{} | null` ───────────────────────────────────────────────────
function unwrap<P extends {} | null>(stream: DataStream<{ payload: P }>) { return stream.map((envelope) => envelope.payload); }
function latestBy<T extends { at: number }, K extends {}>(stream: DataStream<T>, key: (record: T) => K) { return stream.keyBy(key).reduce((a, b) => (a.at > b.at ? a : b)); }
const generic = latestBy(clicks, (click) => click.user);
const covariant: DataStream<{ at: number }> = clicks;
const covariantKeyed: KeyedStream<{ at: number }, string | number> = byUser;
const covariantAll: AllWindowedStream<{ at: number }, GlobalWindow> = clicks.countWindowAll(9);
export type Generic = [Expect<Equal<Of<typeof generic>, Click>>];
export { Asynchronous, Mismatched, both, covariant, covariantAll, covariantKeyed, misread, unwrap, wrong };

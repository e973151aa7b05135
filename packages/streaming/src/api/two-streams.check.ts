// biome-ignore-all lint/suspicious/useIterableCallbackReturn: streams are no arrays, and the wrong return is the claim
/** What the compiler must infer of two streams and what it must refuse. Nothing here runs: the build fails when a claim breaks. */
import { Duration } from '@millrace/core/config/duration';
import { type TypeOf, Types } from '@millrace/core/types/types';
import type { Collector } from '../contract/emittable.ts';
import type { ValueState } from '../contract/keyed-state.ts';
import { OutputTag } from '../contract/output-tag.ts';
import { ListStateDescriptor, MapStateDescriptor, ValueStateDescriptor } from '../contract/state-descriptor.ts';
import { SlidingEventTimeWindows } from '../window/sliding-event-time-windows.ts';
import { TumblingEventTimeWindows } from '../window/tumbling-event-time-windows.ts';
import { BroadcastProcessFunction } from './broadcast-process-functions.ts';
import type { BroadcastStream } from './broadcast-stream.ts';
import type { ConnectedStreams, KeyedConnectedStreams } from './connected-streams.ts';
import type { DataStream } from './data-stream.ts';
import type { SingleOutputStreamOperator } from './single-output-stream-operator.ts';
import type { ConnectedIterativeStreams } from './iterative-stream.ts';
import { DataStreamUtils } from './data-stream-utils.ts';
import { MultipleConnectedStreams } from './multiple-connected-streams.ts';
import type { KeyedStream } from './keyed-stream.ts';
import { ProcessJoinFunction } from './process-join-function.ts';
import type { StreamExecutionEnvironment } from './stream-execution-environment.ts';

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
interface User {
  id: string;
  city: string;
  at: number;
}
declare const env: StreamExecutionEnvironment;
declare const clicks: DataStream<Click>;
declare const users: DataStream<User>;
const Rule = Types.row({ page: Types.STRING, limit: Types.DOUBLE });

class NotKeyed extends BroadcastProcessFunction<Click, TypeOf<typeof Rule>, string> {
  override processElement() {}
  override processBroadcastElement() {}
}
class Joined extends ProcessJoinFunction<Click, User, string> {
  override processElement(click: Click, user: User, _context: unknown, out: Collector<string>) {
    out.collect(click.page + user.city);
  }
}

/** Never called. */
export function claims(): unknown {
  const byUser = clicks.keyBy((click) => click.user);
  const usersById = users.keyBy((user) => user.id);
  const connected = clicks.connect(users);
  const keyedConnected = byUser.connect(usersById);
  const keyedLater = connected.keyBy(
    (click) => click.user,
    (user) => user.id,
  );
  const comapped = connected.map(
    (click) => click.ms,
    (user) => user.at,
  );
  const coflat = connected.flatMap(
    (click) => [click.ms],
    function* (user) {
      yield user.at;
    },
  );
  const coprocessed = keyedConnected.process(() => {
    let city: ValueState<string>;
    return {
      open(context) {
        city = context.getState(new ValueStateDescriptor('city', Types.STRING));
      },
      processElement1(click, context, out: Collector<[string, string]>) {
        context.timerService().deleteEventTimeTimer(1);
        out.collect([click.page, city.value() ?? '?']);
      },
      processElement2(user) {
        city.update(user.city);
      },
    };
  });
  const joined = clicks
    .join(users)
    .where((click) => click.user)
    .equalTo((user) => user.id)
    .window(TumblingEventTimeWindows.of('1 min'))
    .apply((click, user) => `${click.page} ${user.city}`);
  const joinedFlat = clicks
    .join(users)
    .where((click) => click.user)
    .equalTo((user) => user.id)
    .window(TumblingEventTimeWindows.of('1 min'))
    .flatApply((click, user) => [click.at, user.at]);
  const grouped = clicks
    .coGroup(users)
    .where((click) => [click.user, click.at])
    .equalTo((user) => [user.id, user.at])
    .window(SlidingEventTimeWindows.of('1 min', '5 s'))
    .apply((left, right) => ({ left: [...left].length, right: [...right].length }));
  const interval = byUser
    .intervalJoin(usersById)
    .between('-5 s', Duration.ZERO)
    .upperBoundExclusive()
    .sideOutputLeftLateData(new OutputTag<Click>('late'))
    .process((click, user, context) => (click.ms > 9 ? { user, at: context.getTimestamp() } : undefined));
  const richInterval = byUser.intervalJoin(usersById).between('-5 s', '5 s').process(new Joined());
  const several = MultipleConnectedStreams.of(clicks, users, env.fromData(1))
    .keyBy(
      (click) => click.user,
      (user) => user.id,
      (n) => String(n),
    )
    .process(() => ({
      processElement1: (click, context, out: Collector<string>) => out.collect(click.page + context.getCurrentKey()),
      processElement2: (user, _context, out) => out.collect(user.id),
      processElement3: (n, _context, out) => out.collect(n.toFixed()),
    }));
  const two = MultipleConnectedStreams.of(clicks, users);
  two.keyBy(
    (click) => click.user,
    // @ts-expect-error keys are of one type
    (user) => user.at,
  );
  // @ts-expect-error a method for each input
  two.process({ processElement1: () => {} });
  const leftOuter = byUser
    .intervalJoin(usersById)
    .between('-5 s', '5 s')
    .leftOuter()
    .lowerBoundExclusive()
    .process((click, user, context) => [click.page, user?.at ?? null, context.getRightTimestamp() ?? null]);
  const fullOuter = byUser
    .intervalJoin(usersById)
    .between('-5 s', '5 s')
    .fullOuter()
    .flatApply((click, user) => [click?.page ?? user?.id ?? '']);
  const outer = byUser.intervalJoin(usersById).between('-5 s', '5 s').fullOuter();
  // @ts-expect-error either side may be missing
  outer.process((_click, user) => user.at);
  // @ts-expect-error a function that counts on both sides
  outer.process(new Joined());
  // @ts-expect-error it is outer already
  outer.rightOuter();
  const rulesState = new MapStateDescriptor('rules', Types.STRING, Rule);
  const waiting = new ListStateDescriptor<Click>('waiting');
  const rules = env.fromData({ page: 'a', limit: 1 }).broadcast(rulesState);
  const ruled = byUser.connect(rules).process({
    processElement(click, context, out: Collector<number>) {
      out.collect(context.getBroadcastState(rulesState).get(click.page)?.limit ?? context.getCurrentKey().length);
    },
    processBroadcastElement(rule, context, out) {
      context.getBroadcastState(rulesState).put(rule.page, rule);
      context.applyToKeyedState(waiting, (user, state) => {
        for (const click of state.get()) out.collect(click.ms + user.length);
      });
    },
  });
  const reinterpreted = DataStreamUtils.reinterpretAsKeyedStream(clicks, (click) => click.user);
  type Pairs = [
    Expect<Equal<typeof connected, ConnectedStreams<Click, User>>>,
    Expect<Equal<typeof keyedConnected, KeyedConnectedStreams<string, Click, User>>>,
    Expect<Equal<typeof keyedLater, KeyedConnectedStreams<string, Click, User>>>,
    Expect<Equal<Of<typeof comapped>, number>>,
    Expect<Equal<Of<typeof coflat>, number>>,
    Expect<Equal<Of<typeof coprocessed>, [string, string]>>,
    Expect<Equal<Of<typeof joined>, string>>,
    Expect<Equal<Of<typeof joinedFlat>, number>>,
    Expect<Equal<Of<typeof grouped>, { left: number; right: number }>>,
    Expect<Equal<Of<typeof several>, string>>,
    Expect<Equal<Of<typeof leftOuter>, (string | number | null)[]>>,
    Expect<Equal<Of<typeof fullOuter>, string>>,
    Expect<Equal<Of<typeof interval>, { user: User; at: number }>>,
    Expect<Equal<Of<typeof richInterval>, string>>,
    Expect<Equal<typeof rules, BroadcastStream<{ page: string; limit: number }>>>,
    Expect<Equal<Of<typeof ruled>, number>>,
    Expect<Equal<typeof reinterpreted, KeyedStream<Click, string>>>,
  ];
  clicks.connect(rules).process(new NotKeyed());
  byUser.connect(rules).process(new NotKeyed());
  return undefined as unknown as Pairs;
}

/** Never called. */
export function refused(): void {
  const byUser = clicks.keyBy((click) => click.user);
  const usersById = users.keyBy((user) => user.id);
  const rulesState = new MapStateDescriptor('rules', Types.STRING, Rule);
  const rules = env.fromData({ page: 'a', limit: 1 }).broadcast(rulesState);
  // @ts-expect-error keys of different types
  byUser.connect(users.keyBy((user) => user.at));
  // @ts-expect-error
  byUser.intervalJoin(users.keyBy((user) => user.at));
  // @ts-expect-error an interval join needs keys
  clicks.intervalJoin(usersById);
  const where = clicks.join(users).where((click) => click.user);
  // @ts-expect-error
  where.equalTo((user) => user.at);
  const windows = where.equalTo((user) => user.id).window(TumblingEventTimeWindows.of('1 min'));
  // @ts-expect-error
  windows.apply(async () => 1);
  byUser.connect(rules).process({
    processElement(_click, context, _out: Collector<number>) {
      // @ts-expect-error broadcast state is read-only on the other side
      context.getBroadcastState(rulesState).put('a', { page: 'a', limit: 1 });
    },
    processBroadcastElement() {},
  });
  clicks.connect(users).process({
    processElement1(_click, context, _out: Collector<string>) {
      // @ts-expect-error a timer needs a key
      context.timerService().registerEventTimeTimer(1);
    },
    processElement2() {},
  });
  // @ts-expect-error a function over two streams does not fit one
  byUser.process({ processElement1() {}, processElement2() {} });
}

/** Never called. */
export function loops() {
  const iteration = clicks.iterate('1 s', { maxRounds: 9 });
  const closed = iteration.closeWith(iteration.filter((click) => click.ms > 9));
  // @ts-expect-error clicks go round, not numbers
  iteration.closeWith(iteration.map((click) => click.ms));
  // @ts-expect-error a number is no duration: of what unit?
  clicks.iterate(1_000);
  const connected = clicks.iterate().withFeedbackType<string>();
  const texts = connected.map(
    (click) => click.page,
    (text) => text.slice(1),
  );
  connected.closeWith(texts);
  // @ts-expect-error strings go round
  connected.closeWith(texts.map((text) => text.length));
  return { closed, connected, texts };
}

type Loops = ReturnType<typeof loops>;
export type LoopClaims = [
  Expect<Equal<Loops['closed'], SingleOutputStreamOperator<Click>>>,
  Expect<Equal<Loops['connected'], ConnectedIterativeStreams<Click, string>>>,
  Expect<Equal<Loops['texts'], SingleOutputStreamOperator<string>>>,
];

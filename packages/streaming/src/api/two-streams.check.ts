// biome-ignore-all lint/suspicious/useIterableCallbackReturn: streams are no arrays, and the wrong return is the claim
/** As types.check.ts: two streams and more, outer and rich interval joins, loops. */
import type { Collector } from '../contract/emittable.ts';
import { OutputTag } from '../contract/output-tag.ts';
import type { ConnectedIterativeStreams } from './iterative-stream.ts';
import type { KeyedConnectedStreams } from './connected-streams.ts';
import type { DataStream } from './data-stream.ts';
import { MultipleConnectedStreams } from './multiple-connected-streams.ts';
import { ProcessJoinFunction } from './process-join-function.ts';
import type { SingleOutputStreamOperator } from './single-output-stream-operator.ts';
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
class Joined extends ProcessJoinFunction<Click, User, string> {
  override processElement(click: Click, user: User, _context: unknown, out: Collector<string>) {
    out.collect(click.page + user.city);
  }
}

/** Never called. */
export function claims() {
  const byUser = clicks.keyBy((click) => click.user);
  const usersById = users.keyBy((user) => user.id);
  const keyedLater = clicks.connect(users).keyBy(
    (click) => click.user,
    (user) => user.id,
  );
  const coflat = clicks.connect(users).flatMap(
    (click) => [click.ms],
    function* (user) {
      yield user.at;
    },
  );
  const between = byUser.intervalJoin(usersById).between('-5 s', '5 s');
  between.sideOutputLeftLateData(new OutputTag<Click>('late'));
  const richInterval = between.process(new Joined());
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
  clicks.connect(users).process({
    processElement1(_click, context, _out: Collector<string>) {
      // @ts-expect-error a timer needs a key
      context.timerService().registerEventTimeTimer(1);
    },
    processElement2() {},
  });
  return { keyedLater, coflat, richInterval, several, leftOuter, fullOuter };
}

type Claimed = ReturnType<typeof claims>;
export type Claims = [
  Expect<Equal<Claimed['keyedLater'], KeyedConnectedStreams<string, Click, User>>>,
  Expect<Equal<Of<Claimed['coflat']>, number>>,
  Expect<Equal<Of<Claimed['richInterval']>, string>>,
  Expect<Equal<Of<Claimed['several']>, string>>,
  Expect<Equal<Of<Claimed['leftOuter']>, (string | number | null)[]>>,
  Expect<Equal<Of<Claimed['fullOuter']>, string>>,
];

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

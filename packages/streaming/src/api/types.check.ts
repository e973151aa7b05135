// biome-ignore-all lint/suspicious/useIterableCallbackReturn: streams are no arrays, and the wrong return is the claim
/**
 * What the compiler must infer of streams and keys, and what it must refuse. Nothing here runs: the build fails when a claim breaks.
 *
 * The claims that were made of the API before there was any are in tests/testdata/type-claims.ts, of all packages together; the files `*.check.ts` here have what is
 * claimed beyond them.
 */
import { Types } from '@millrace/core/types/types';
import type { DataStream } from './data-stream.ts';
import type { KeyedStream } from './keyed-stream.ts';
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
}
declare const env: StreamExecutionEnvironment;
declare const clicks: DataStream<Click>;

/** Never called. */
export function claims() {
  const byUser = clicks.keyBy((click) => click.user);
  const made: StreamExecutionEnvironment = StreamExecutionEnvironment.getExecutionEnvironment({ 'parallelism.default': 2 });

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
  // @ts-expect-error a fold returns what it accumulates
  byUser.fold(0, (total, click) => `${total}${click.ms}`);
  // @ts-expect-error
  byUser.avg('page');
  // @ts-expect-error a name is needed
  clicks.split((click) => click.page).select();
  // @ts-expect-error names are strings
  clicks.split((click) => click.ms);

  const first = byUser.minBy('at', false);
  const typed = clicks.keyBy((click) => click.user, Types.STRING);
  // @ts-expect-error a key of another type than the function's
  clicks.keyBy((click) => click.user, Types.LONG);

  clicks.assignTimestampsAndWatermarks((strategy) =>
    strategy.forGenerator(() => ({
      onEvent(click, timestamp, output) {
        if (click.ms > 9) output.emitWatermark(timestamp);
      },
      onPeriodicEmit() {},
    })),
  );
  // @ts-expect-error a number is no duration: of what unit?
  env.setBufferTimeout(1_000);
  return { made, folded, averaged, selected, sorted, perUser, first, typed };
}

type Claimed = ReturnType<typeof claims>;
export type Claims = [
  Expect<Equal<Of<Claimed['folded']>, number>>,
  Expect<Equal<Of<Claimed['averaged']>, Click>>,
  Expect<Equal<Claimed['selected'], DataStream<Click>>>,
  Expect<Equal<Of<Claimed['sorted']>, Click>>,
  Expect<Equal<Of<Claimed['perUser']>, number>>,
  Expect<Equal<Of<Claimed['first']>, Click>>,
  Expect<Equal<Claimed['typed'], KeyedStream<Click, string>>>,
];

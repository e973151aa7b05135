/** As types.check.ts: asynchronous functions. */
import { AsyncDataStream } from './async-data-stream.ts';
import { RichAsyncFunction } from './async-function.ts';
import type { ResultFuture } from '../operators/async-request.ts';
import type { DataStream } from './data-stream.ts';
import { rich } from './rich-functions.ts';
import type { SingleOutputStreamOperator } from './single-output-stream-operator.ts';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Expect<T extends true> = T;

interface Click {
  user: string;
  page: string;
}
declare const clicks: DataStream<Click>;

class Ask extends RichAsyncFunction<Click, number> {
  override asyncInvoke(click: Click, result: ResultFuture<number>) {
    result.complete([click.page.length]);
  }
}

/** Never called. */
export function claims() {
  const lengths = AsyncDataStream.orderedWait(
    clicks,
    rich(() => new Ask()),
    { timeout: '5 s' },
  );
  AsyncDataStream.orderedWait(clicks, async (click) => click.page, {
    timeout: '5 s',
    retry: { maxAttempts: 2, delay: '1 s', ifResult: (page) => page?.length === 0 },
  });
  // @ts-expect-error a timeout is a must
  AsyncDataStream.orderedWait(clicks, async (click) => click.page, {});
  // @ts-expect-error records of another type
  AsyncDataStream.orderedWait(clicks, async (click: { readonly id: number }) => click.id, { timeout: '5 s' });
  return { lengths };
}

type Claimed = ReturnType<typeof claims>;
export type Claims = [Expect<Equal<Claimed['lengths'], SingleOutputStreamOperator<number>>>];

/** As types.check.ts: source functions and sink functions. */
import type { DataStream } from './data-stream.ts';
import type { DataStreamSource } from './data-stream-source.ts';
import { rich } from './rich-functions.ts';
import { RichSinkFunction } from './sink-functions.ts';
import { RichParallelSourceFunction, RichSourceFunction } from './source-functions.ts';
import type { SourceContext } from '../contract/source-function.ts';
import type { StreamExecutionEnvironment } from './stream-execution-environment.ts';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Expect<T extends true> = T;

interface Click {
  user: string;
  page: string;
}
declare const env: StreamExecutionEnvironment;
declare const clicks: DataStream<Click>;

class Clicks extends RichSourceFunction<Click> {
  override async run(context: SourceContext<Click>) {
    await context.collectWithTimestamp({ user: 'a', page: 'b' }, 1);
  }
  override cancel() {}
}
class Ticks extends RichParallelSourceFunction<number> {
  override run(context: SourceContext<number>) {
    return context.collect(1);
  }
  override cancel() {}
}
class Pages extends RichSinkFunction<{ page: string }> {
  override invoke(click: { page: string }) {
    console.log(click.page);
  }
}

/** Never called. */
export function claims() {
  const read = env.addSource(new Clicks(), 'clicks');
  const ticks = env.addSource(rich(() => new Ticks()));
  const plain = env.addSource(async (context: SourceContext<number>) => {
    for (let n = 0; !context.signal.aborted; n++) await context.collect(n);
  });
  const named = env.addSource<string>(async (context) => {
    await context.collect('a');
    // @ts-expect-error records are strings
    await context.collect(1);
  });
  // @ts-expect-error it cannot be canceled
  env.addSource({ run: (context: SourceContext<number>) => context.collect(1) });

  clicks.addSink(new Pages());
  clicks.addSink(rich(() => new Pages()));
  // @ts-expect-error numbers have no page
  ticks.addSink(new Pages());

  return { read, ticks, plain, named };
}

type Claimed = ReturnType<typeof claims>;
export type Claims = [
  Expect<Equal<Claimed['read'], DataStreamSource<Click>>>,
  Expect<Equal<Claimed['ticks'], DataStreamSource<number>>>,
  Expect<Equal<Claimed['plain'], DataStreamSource<number>>>,
  Expect<Equal<Claimed['named'], DataStreamSource<string>>>,
];

/** As types.check.ts: state that functions declare. */
import { Types } from '@millrace/core/types/types';
import type { Collector } from '../contract/emittable.ts';
import type { AggregatingState, MapState, ReadOnlyBroadcastState } from '../contract/keyed-state.ts';
import { StateDeclarations } from '../contract/state-declarations.ts';
import { ValueStateDescriptor } from '../contract/state-descriptor.ts';
import type { DataStream } from './data-stream.ts';
import type { KeyedRuntimeContext, RuntimeContext } from './runtime-context.ts';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Expect<T extends true> = T;

interface Click {
  user: string;
  page: string;
  ms: number;
}
declare const clicks: DataStream<Click>;

/** Never called. */
export function declaredStateClaims(runtime: RuntimeContext, keyed: KeyedRuntimeContext): void {
  const count = StateDeclarations.valueState('count', Types.LONG);
  const pages = StateDeclarations.listStateBuilder('pages', Types.STRING).redistributeBy('UNION').build();
  const byPage = StateDeclarations.mapState('by page', Types.STRING, Types.row({ ms: Types.LONG }));
  const mean = StateDeclarations.aggregatingState('mean', Types.tuple(Types.LONG, Types.LONG), {
    createAccumulator: (): [number, number] => [0, 0],
    add: (click: Click, [n, sum]): [number, number] => [n + 1, sum + click.ms],
    getResult: ([n, sum]) => sum / n,
  });
  const rules = StateDeclarations.broadcastState('rules', Types.STRING, Types.LONG);
  const states = { mean: keyed.getState(mean), byPage: keyed.getState(byPage), rules: runtime.getState(rules) };
  clicks
    .keyBy((click) => click.user)
    .process({
      usesStates: () => [count, pages, byPage],
      processElement(click, context, out: Collector<number>) {
        const seen = context.getState(count);
        seen.update((seen.value() ?? 0) + 1);
        // @ts-expect-error a number is counted
        seen.update(click.page);
        context.getState(pages).add(click.page);
        out.collect(context.getState(byPage).get(click.page)?.ms ?? 0);
        // @ts-expect-error a descriptor is no declaration
        context.getState(new ValueStateDescriptor('x', Types.INT));
      },
    });
  clicks
    .keyBy((click) => click.user)
    .connect(clicks.broadcast(rules))
    .process({
      processElement(click, context, out: Collector<number>) {
        out.collect(context.getState(rules).get(click.page) ?? 0);
        // @ts-expect-error only the broadcast side writes
        context.getState(rules).put(click.page, 1);
      },
      processBroadcastElement(click, context) {
        context.getState(rules).put(click.page, click.ms);
        context.getBroadcastState(rules).put(click.page, click.ms);
        context.applyToKeyedState(count, (user, state) => state.update(user.length + (state.value() ?? 0)));
      },
    });
  type States = [
    Expect<Equal<typeof states.mean, AggregatingState<Click, number>>>,
    Expect<Equal<typeof states.byPage, MapState<string, { ms: number }>>>,
    Expect<Equal<typeof states.rules, ReadOnlyBroadcastState<string, number>>>,
  ];
  used<States>();
  // @ts-expect-error a bare number is no duration
  StateDeclarations.valueStateBuilder('x', Types.INT).enableTimeToLive({ ttl: 5 });
  // @ts-expect-error a declaration for each state, not their names
  clicks.process({ usesStates: () => ['count'], processElement(_click, _context, _out: Collector<string>) {} });
  // @ts-expect-error a list is identical nowhere
  StateDeclarations.listStateBuilder('x', Types.INT).redistributeWithMode('IDENTICAL');
}

/** Keeps the compiler from calling a claim unused. */
declare function used<T>(...values: readonly unknown[]): T;

// biome-ignore-all lint/complexity/noBannedTypes: `{}` is what generic user code writes
/** As types.check.ts: process functions, rich functions, keyed state, timers, checkpointing. */
import { Types, type TypeOf } from '@millrace/core/types/types';
import type { Collector } from '../contract/emittable.ts';
import type { AggregateFunction } from '../contract/functions.ts';
import type { AggregatingState, ListState, MapState, ReadOnlyBroadcastState, ValueState } from '../contract/keyed-state.ts';
import { OutputTag } from '../contract/output-tag.ts';
import type { KeyedProcessContext, OnTimerContext, ProcessContext } from '../contract/process-context.ts';
import { StateDeclarations } from '../contract/state-declarations.ts';
import { AggregatingStateDescriptor, ListStateDescriptor, MapStateDescriptor, ValueStateDescriptor } from '../contract/state-descriptor.ts';
import type { DataStream } from './data-stream.ts';
import { KeyedProcessFunction, ProcessFunction } from './process-functions.ts';
import { RichMapFunction, rich } from './rich-functions.ts';
import type { KeyedRuntimeContext, RuntimeContext } from './runtime-context.ts';
import type { SideOutputDataStream } from './side-output-data-stream.ts';
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
  note?: string;
}
interface Visit {
  user: string;
  pages: number;
}
declare const env: StreamExecutionEnvironment;
declare const clicks: DataStream<Click>;

class PerUser extends KeyedProcessFunction<string, Click, number> {
  override processElement(click: Click, _context: KeyedProcessContext<string>, out: Collector<number>) {
    out.collect(click.ms);
  }
}
class CountVisits extends KeyedProcessFunction<string, Click, Visit> {
  #pages!: ValueState<number>;
  override open(context: KeyedRuntimeContext) {
    this.#pages = context.getState(new ValueStateDescriptor('pages', Types.INT));
  }
  override processElement(click: Click, context: KeyedProcessContext<string>) {
    this.#pages.update((this.#pages.value() ?? 0) + 1);
    context.timerService().registerEventTimeTimer(click.at + 1_000);
  }
  override onTimer(_time: number, context: OnTimerContext<string>, out: Collector<Visit>) {
    out.collect({ user: context.getCurrentKey(), pages: this.#pages.value() ?? 0 });
  }
}
class Plain extends ProcessFunction<{ user: string }, string> {
  override processElement(value: { user: string }, _context: ProcessContext, out: Collector<string>) {
    out.collect(value.user);
  }
}
class Dedup extends RichMapFunction<Click, string, KeyedRuntimeContext> {
  #seen!: MapState<string, number>;
  override open(context: KeyedRuntimeContext) {
    this.#seen = context.getMapState(new MapStateDescriptor('seen', Types.STRING, Types.LONG));
  }
  override map(click: Click) {
    this.#seen.put(click.page, click.at);
    return click.page;
  }
}
export class Asynchronous extends KeyedProcessFunction<string, Click, Visit> {
  // @ts-expect-error a function in the record path is synchronous
  override async processElement() {}
}

/** Never called. */
export function claims(): void {
  const byUser = clicks.keyBy((click) => click.user);
  clicks.keyBy(() => 'all').process(new PerUser()); // the key's type is 'all', and a function for strings takes it
  const visits = byUser.process(new CountVisits());
  const visitsPerSubtask = byUser.process(() => new CountVisits()); // where no plain function is accepted, a function is a factory
  const literal = byUser.process({
    processElement(click, context, out: Collector<Visit>) {
      out.collect({ user: context.getCurrentKey(), pages: click.ms });
    },
  });
  const closure = byUser.process(() => {
    let pages: ValueState<number>;
    return {
      async open(context) {
        pages = context.getState(new ValueStateDescriptor('pages', Types.INT));
      },
      processElement(click, context, out: Collector<Visit>) {
        context.timerService().registerEventTimeTimer(click.at);
        out.collect({ user: click.user, pages: pages.value() ?? 0 });
      },
      onTimer(time, context, out) {
        out.collect({ user: context.getCurrentKey(), pages: time });
      },
    };
  });
  const unkeyed = clicks.process(new Plain());
  byUser.process(new Plain()); // needs less: fits
  const deduped = byUser.map(new Dedup());
  const dedupedPerSubtask = byUser.map(rich(() => new Dedup()));
  const inline = byUser.map({
    open(context) {
      context.getState(new ValueStateDescriptor('x', Types.INT));
    },
    map: (click) => click.ms,
  });
  const inlinePerSubtask = byUser.map(
    rich(() => {
      let seen: ValueState<number>;
      return {
        open(context) {
          seen = context.getState(new ValueStateDescriptor('x', Types.INT));
        },
        map: (click) => click.ms + (seen.value() ?? 0),
      };
    }),
  );
  clicks.map({
    open(context) {
      context.getMetricGroup().counter('clicks').inc();
    },
    map: (click) => click.ms,
  });
  type Functions = [
    Expect<Equal<typeof visits, SingleOutputStreamOperator<Visit>>>,
    Expect<Equal<typeof visitsPerSubtask, SingleOutputStreamOperator<Visit>>>,
    Expect<Equal<Of<typeof literal>, Visit>>,
    Expect<Equal<Of<typeof closure>, Visit>>,
    Expect<Equal<Of<typeof unkeyed>, string>>,
    Expect<Equal<Of<typeof deduped>, string>>,
    Expect<Equal<Of<typeof dedupedPerSubtask>, string>>,
    Expect<Equal<Of<typeof inline>, number>>,
    Expect<Equal<Of<typeof inlinePerSubtask>, number>>,
  ];
  used<Functions>();
  // @ts-expect-error keyed state on a stream without a key
  clicks.process(new CountVisits());
  // @ts-expect-error the same from a factory
  clicks.process(() => new CountVisits());
  // @ts-expect-error keyed state on a stream without a key
  clicks.map(new Dedup());
  // @ts-expect-error the same from a factory
  clicks.map(rich(() => new Dedup()));
  clicks.map({
    open(context) {
      // @ts-expect-error only a keyed stream's functions have state
      context.getState(new ValueStateDescriptor('x', Types.INT));
    },
    map: (click) => click.ms,
  });
  clicks.process({
    processElement(_click, context, _out: Collector<string>) {
      // @ts-expect-error a timer needs a key
      context.timerService().registerEventTimeTimer(1);
    },
  });
  clicks.process({
    processElement(_click, context, _out: Collector<string>) {
      // @ts-expect-error there is no key
      context.getCurrentKey();
    },
  });
  // @ts-expect-error the key is a string
  clicks.keyBy((click) => click.at).process(new CountVisits());
  // @ts-expect-error a function in the record path is synchronous
  byUser.process({ async processElement(click, _context, out: Collector<string>) { out.collect(click.page); } }); // biome-ignore format: one line
  // @ts-expect-error process takes an object or a factory of one, not a function of a record
  byUser.process((click: Click) => click.page);
  // @ts-expect-error the collector takes visits
  byUser.process({ processElement(click, _context, out: Collector<Visit>) { out.collect(click); } }); // biome-ignore format: one line
  // @ts-expect-error a function over two streams does not fit one
  byUser.process({ processElement1() {}, processElement2() {} });
  // @ts-expect-error a number is no duration: of what unit?
  env.enableCheckpointing(1_000);
}

/** Never called. */
export function stateClaims(runtime: RuntimeContext, keyed: KeyedRuntimeContext): void {
  // @ts-expect-error only a KeyedRuntimeContext has state
  runtime.getState(new ValueStateDescriptor('x', Types.INT));
  const Row = Types.row({ id: Types.LONG, name: Types.STRING });
  const value = keyed.getState(new ValueStateDescriptor('v', Row));
  const list = keyed.getListState(new ListStateDescriptor<Click>('l')); // undeclared: the shape codec
  const mean: AggregateFunction<number, { n: number; sum: number }, number> = {
    createAccumulator: () => ({ n: 0, sum: 0 }),
    add: (x, acc) => ({ n: acc.n + 1, sum: acc.sum + x }),
    getResult: (acc) => acc.sum / acc.n,
  };
  const average = keyed.getAggregatingState(new AggregatingStateDescriptor('a', mean)).get();
  type States = [
    Expect<Equal<ReturnType<typeof value.value>, TypeOf<typeof Row> | undefined>>,
    Expect<Equal<typeof list, ListState<Click>>>,
    Expect<Equal<typeof average, number | undefined>>,
  ];
  used<States>();
  // @ts-expect-error a field is missing
  value.update({ id: 1 });
  // @ts-expect-error the descriptor of another kind
  keyed.getState(new ListStateDescriptor('l', Types.STRING));
}

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

/** Never called. */
export function sideOutputClaims(): void {
  const slow = new OutputTag('slow', Types.row({ user: Types.STRING, ms: Types.DOUBLE }));
  const tagged = clicks.process({
    processElement(click, context, out: Collector<Click>) {
      if (click.ms > 9) context.output(slow, click);
      else out.collect(click);
    },
  });
  const side = tagged.getSideOutput(slow);
  type SideOutputs = [
    Expect<Equal<typeof side, SideOutputDataStream<{ user: string; ms: number }>>>,
    Expect<Equal<Of<typeof tagged>, Click>>,
  ];
  used<SideOutputs>();
  // @ts-expect-error the tag takes { user, ms }
  clicks.process({ processElement(click, context, _out: Collector<Click>) { context.output(slow, click.page); } }); // biome-ignore format: one line
  // @ts-expect-error records of another type
  const wrong: DataStream<string> = tagged.getSideOutput(slow);
  used(wrong);
}

/** Keeps the compiler from calling a claim unused. */
declare function used<T>(...values: readonly unknown[]): T;

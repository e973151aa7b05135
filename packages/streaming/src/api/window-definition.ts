/**
 * What the calls on a windowed stream have said so far, and the operator that comes of it. Shared by the streams with a key and without one; types end here.
 *
 * Owned by one windowed stream.
 */
import { UsageError } from '@millrace/core/base/errors';
import { Duration, type DurationLike } from '@millrace/core/config/duration';
import type { AnyTypeInformation, TypeInformation } from '@millrace/core/types/type-information';
import type { Collector, Nothing } from '../contract/emittable.ts';
import type { AggregateFunction } from '../contract/functions.ts';
import type { KeyContext, OperatorContext } from '../contract/operator.ts';
import { OutputTag } from '../contract/output-tag.ts';
import type { FunctionLife } from '../contract/rich-function.ts';
import { FunctionLifeCycle } from '../operators/function-life.ts';
import { windowWarnings } from '../operators/window-checks.ts';
import { windowOperator } from '../operators/window-operator.ts';
import type { AnyWindowFunction, WindowAggregation, WindowProcessor } from '../operators/window-spec.ts';
import { checkTrigger } from '../window/check-trigger.ts';
import { EndOfStreamTrigger } from '../window/end-of-stream-trigger.ts';
import type { Evictor } from '../window/evictor.ts';
import { MergingWindowAssigner } from '../window/merging-window-assigner.ts';
import type { ProcessWindowContext } from '../window/process-window-context.ts';
import type { Trigger } from '../window/trigger.ts';
import type { Window } from '../window/window.ts';
import type { WindowAssigner } from '../window/window-assigner.ts';
import { checkPlainFunction, show } from './function-checks.ts';
import { type ExpectedFunction, functionFactory } from './function-factory.ts';
import { addFunctionOperator } from './function-operator.ts';
import { type FunctionParameters, type RuntimeContext, runtimeContextOf } from './runtime-context.ts';
import type { SingleOutputStreamOperator } from './single-output-stream-operator.ts';
import type { WindowedInput } from './stream-scope.ts';

/** As operators call it: with the key, which streams without one leave out. */
export type AnyFunction = AnyWindowFunction<unknown, Window, unknown, unknown>;
export type AnyAggregation = WindowAggregation<unknown, unknown, unknown>;

/** The object of a ProcessWindowFunction, or of a ProcessAllWindowFunction. */
type ProcessObject = FunctionLife<RuntimeContext> & {
  readonly process: (...args: unknown[]) => Nothing;
  readonly clear?: (context: ProcessWindowContext<Window>) => Nothing;
};

/** Made late, when the settings that rich functions may read are known by. */
export type FunctionMaker = (parameters: FunctionParameters) => AnyFunction;

export class WindowDefinition {
  readonly #input: WindowedInput<unknown, unknown>;
  readonly #assigner: WindowAssigner<unknown, Window>;
  /** Without a key: one subtask. */
  readonly #isAll: boolean;
  #trigger: Trigger<unknown, Window> | undefined = undefined;
  #evictor: Evictor<unknown, Window> | undefined = undefined;
  #allowedLatenessMs = 0;
  #lateTag: OutputTag<unknown> | undefined = undefined;

  constructor(input: unknown, assigner: unknown, isAll: boolean) {
    this.#input = input as WindowedInput<unknown, unknown>;
    this.#assigner = assigner as WindowAssigner<unknown, Window>;
    this.#isAll = isAll;
  }

  trigger(trigger: unknown): void {
    checkTrigger(trigger, 'trigger');
    this.#trigger = trigger as Trigger<unknown, Window>;
  }

  evictor(evictor: unknown): void {
    const methods = evictor as { readonly [M in keyof Evictor<unknown, Window>]?: unknown } | null | undefined;
    const isOne = typeof methods === 'object' && methods !== null;
    if (!isOne || (methods.evictBefore === undefined && methods.evictAfter === undefined)) {
      throw new UsageError(
        `evictor got ${show(evictor)}, which has neither evictBefore nor evictAfter. Give it an evictor, for example CountEvictor.of(10), or an object with one of them.`,
      );
    }
    if (methods.evictBefore !== undefined) checkPlainFunction(methods.evictBefore, 'evictBefore of the evictor');
    if (methods.evictAfter !== undefined) checkPlainFunction(methods.evictAfter, 'evictAfter of the evictor');
    this.#evictor = evictor as Evictor<unknown, Window>;
  }

  allowedLateness(lateness: DurationLike): void {
    const millis = Duration.from(lateness).toMillis();
    if (millis < 0) throw new UsageError(`allowedLateness got ${millis} ms. Give a duration of 0 ms or more.`);
    this.#allowedLatenessMs = millis;
  }

  sideOutputLateData(tag: unknown): void {
    if (!(tag instanceof OutputTag)) throw new UsageError(`sideOutputLateData got ${show(tag)}. Give it an OutputTag.`);
    this.#lateTag = tag as OutputTag<unknown>;
  }

  get recordType(): AnyTypeInformation | undefined {
    return this.#input.scope.program.typeOf(this.#input.id);
  }

  reduced<R>(reducer: unknown, make: FunctionMaker | undefined): SingleOutputStreamOperator<R> {
    const type = this.recordType;
    const aggregation = { kind: 'reduce', fn: reducer as Reducer, type: type as TypeInformation<unknown> | undefined } as const;
    return this.#add(aggregation, make, make === undefined ? type : undefined);
  }

  aggregated<R>(aggregate: unknown, make: FunctionMaker | undefined): SingleOutputStreamOperator<R> {
    checkAggregate(aggregate);
    return this.#add({ kind: 'aggregate', fn: aggregate as AggregateFunction<unknown, unknown, unknown> }, make, undefined);
  }

  /** As `aggregated`, refused at once for windows that merge: a fold has nothing to merge two of them by. */
  folded<R>(aggregate: unknown, make: FunctionMaker | undefined): SingleOutputStreamOperator<R> {
    if (this.#assigner instanceof MergingWindowAssigner) {
      throw new UsageError(
        `fold got the windows of ${nameOf(this.#assigner)}, which merge, and two folds cannot be merged into one. Use aggregate, with a merge of its own.`,
      );
    }
    return this.aggregated(aggregate, make);
  }

  /** All elements of a window to one function. */
  collected<R>(make: FunctionMaker): SingleOutputStreamOperator<R> {
    return this.#add({ kind: 'elements', type: this.recordType as TypeInformation<unknown> | undefined }, make, undefined);
  }

  #add<R>(
    aggregation: AnyAggregation,
    make: FunctionMaker | undefined,
    type: AnyTypeInformation | undefined,
  ): SingleOutputStreamOperator<R> {
    const { scope, id: input, key } = this.#input;
    const assigner = this.#assigner;
    const said = {
      key: key as KeyContext,
      assigner,
      aggregation,
      trigger: this.#trigger,
      evictor: this.#evictor,
      allowedLatenessMs: this.#allowedLatenessMs,
      lateTagId: this.#lateTag?.id,
    };
    const trigger = this.#trigger ?? assigner.getDefaultTrigger();
    const atEnd = trigger instanceof EndOfStreamTrigger ? ({ outputOnlyAfterEndOfStream: true } as const) : {};
    // Without a function of its own, nothing but late records goes aside.
    const sides = make === undefined ? { sideTags: this.#lateTag === undefined ? [] : [this.#lateTag.id] } : {};
    const one = this.#isAll ? { parallelism: 1, notParallel: 'windows over all records are not parallel' } : {};
    const id = addFunctionOperator(scope, (parameters) => ({
      operation: 'Window',
      name: nameOf(assigner),
      description: assigner.toString(),
      logic: windowOperator({ ...said, windowFunction: make?.(parameters) }),
      type,
      input,
      ...one,
      ...sides,
      ...atEnd,
    }));
    for (const warning of windowWarnings(said)) scope.program.warn(`'${scope.program.nameOf(id)}': ${warning}`);
    return scope.streams.operator(scope, id);
  }
}

/** A rich function as operators call it. `hasKey` says whether its `process` takes one; `isValue`, whether it gets one value for its elements. */
export function processing(
  given: unknown,
  expected: ExpectedFunction,
  { hasKey, isValue }: { readonly hasKey: boolean; readonly isValue: boolean },
): FunctionMaker {
  const create = functionFactory<ProcessObject>(given, expected);
  return (parameters) => ({
    create: (context: OperatorContext): WindowProcessor<unknown, Window, unknown, unknown> => {
      const fn = create();
      const life = new FunctionLifeCycle(fn, runtimeContextOf(context, parameters), () => context.operatorState);
      const elementsOf = isValue ? (value: unknown) => [value] : (value: unknown) => value;
      return {
        life,
        process: hasKey
          ? (key, window, value, out: Collector<unknown>) => fn.process(key, window, elementsOf(value), out)
          : (_key, window, value, out: Collector<unknown>) => fn.process(window, elementsOf(value), out),
        clear: fn.clear === undefined ? undefined : (window) => fn.clear?.(window),
      };
    },
  });
}

/** A factory or an object is a rich function, a function is a plain one (rule 6 of the API). */
export function isPlain(fn: unknown): boolean {
  return typeof fn === 'function';
}

type Reducer = (a: unknown, b: unknown) => unknown;

/** `TumblingEventTimeWindows` of `TumblingEventTimeWindows(60000 ms)`: the text and not the class, whose name a bundler may change. */
function nameOf(assigner: WindowAssigner<unknown, Window>): string {
  return /^\w+/.exec(assigner.toString())?.[0] ?? 'Window';
}

/** Throws for what lacks a function that an aggregate needs. */
export function checkAggregate(aggregate: unknown): void {
  const members = aggregate as { readonly [M in keyof AggregateFunction<never, never, unknown>]?: unknown } | undefined;
  for (const member of ['createAccumulator', 'add', 'getResult'] as const) {
    checkPlainFunction(
      members?.[member],
      `${member} of the aggregate function`,
      'a function; an aggregate function has createAccumulator, add and getResult',
    );
  }
  if (members?.merge !== undefined) checkPlainFunction(members.merge, 'merge of the aggregate function');
}

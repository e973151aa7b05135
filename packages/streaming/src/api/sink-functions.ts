/** Flink's SinkFunction and its kin, and the sinks that `addSink` makes of them. */
import { UsageError } from '@millrace/core/base/errors';
import { FunctionSink } from '../builtin/function/function-sink.ts';
import type { MaybePromise } from '../contract/emittable.ts';
import type { Sink, SinkContext } from '../contract/sink.ts';
import type { SinkFunctionLife } from '../contract/sink-function.ts';
import { show } from './function-checks.ts';
import { functionFactory } from './function-factory.ts';
import { RichFunction, type RichFunctionLike } from './rich-functions.ts';
import { isTwoPhaseCommit, type TwoPhaseCommitSinkFunctionLike, twoPhaseCommitSink } from './two-phase-commit-sink-function.ts';
import { type FunctionParameters, type RuntimeContext, runtimeContextOf } from './runtime-context.ts';

/** An object of this shape is what `addSink` takes; it may have `open` and `close` as every rich function. */
export interface SinkFunctionLike<in T> extends RichFunctionLike {
  /** Called for one record after another; a promise is awaited before the next call. */
  readonly invoke: (value: T, context: SinkContext) => MaybePromise<void>;
  readonly writeWatermark?: (timestamp: number) => MaybePromise<void>;
  /** At the end of the input, before `close`; not after a failure. */
  readonly finish?: () => MaybePromise<void>;
}

export type SinkFunction<T> = SinkFunctionLike<T>;

export abstract class RichSinkFunction<T> extends RichFunction {
  abstract invoke(value: T, context: SinkContext): MaybePromise<void>;
}

export type SinkFunctionArgument<T> = ((value: T, context: SinkContext) => MaybePromise<void>) | SinkFunctionLike<T>;

const EXPECTED = {
  where: 'addSink',
  what: 'a function of a record, an object with the method invoke, or rich(() => object)',
  methods: ['invoke'],
  asynchronous: true,
} as const;

/** Makes the sink of what `addSink` was given. Every kind of sink function is told apart here. */
export function sinkOfFunction<T>(
  given: SinkFunctionArgument<T> | TwoPhaseCommitSinkFunctionLike<T>,
): (parameters: FunctionParameters) => Sink<T> {
  if (typeof (given as { createWriter?: unknown } | undefined)?.createWriter === 'function')
    throw new UsageError(`addSink got ${show(given)}, which is a sink of the newer kind. Give it to sinkTo(sink).`);
  if (isTwoPhaseCommit(given)) return twoPhaseCommitSink<T>(given);
  const create = creatorOf<T>(given as SinkFunctionArgument<T>);
  return (parameters) =>
    new FunctionSink<T, RuntimeContext>({ create, runtimeContext: (runtime) => runtimeContextOf({ runtime }, parameters) });
}

function creatorOf<T>(given: SinkFunctionArgument<T>): () => SinkFunctionLife<T, RuntimeContext> {
  if (typeof given === 'function' && !/^class\b/.test(Function.prototype.toString.call(given))) return () => ({ invoke: given });
  return functionFactory<SinkFunctionLike<T>>(given, EXPECTED);
}

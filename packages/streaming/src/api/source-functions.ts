/** Flink's SourceFunction and its kin, and what `env.addSource` makes of them. */
import { UsageError } from '@millrace/core/base/errors';
import type { MaybePromise } from '../contract/emittable.ts';
import type { SourceContext, SourceFunctionLife } from '../contract/source-function.ts';
import { show } from './function-checks.ts';
import { FunctionFactory, functionFactory } from './function-factory.ts';
import { RichFunction, type RichFunctionLike } from './rich-functions.ts';
import type { RuntimeContext } from './runtime-context.ts';

/** An object of this shape is what `env.addSource` takes; it may have `open`, `close`, and state as every rich function. */
export interface SourceFunctionLike<out T> extends RichFunctionLike {
  /** Emits until it is done: the source ends when it returns. It goes on beside the job, and is held back by awaiting what `collect` returns. */
  readonly run: (context: SourceContext<T>) => MaybePromise<void>;
  /** Called when the job is canceled or has failed: makes `run` return. `context.signal` says the same. */
  readonly cancel: () => void;
  /** True where several subtasks may run it, each for itself; `open` tells which one it is. */
  readonly parallel?: boolean;
}

/** Runs in one subtask. */
export interface SourceFunction<T> extends SourceFunctionLike<T> {
  readonly parallel?: false;
}

/** Runs in as many subtasks as its stream has. */
export interface ParallelSourceFunction<T> extends SourceFunctionLike<T> {
  readonly parallel: true;
}

export abstract class RichSourceFunction<T> extends RichFunction {
  abstract run(context: SourceContext<T>): MaybePromise<void>;
  abstract cancel(): void;
}

export abstract class RichParallelSourceFunction<T> extends RichSourceFunction<T> {
  readonly parallel = true;
}

interface MadeSourceFunction<T> {
  readonly create: () => SourceFunctionLife<T, RuntimeContext>;
  readonly notParallel?: string;
  readonly isReplayable: boolean;
}

const EXPECTED = {
  where: 'addSource',
  what: 'a function that emits through its context, an object with the methods run and cancel, or rich(() => object)',
  methods: ['run', 'cancel'],
  asynchronous: true,
} as const;

const NOT_PARALLEL =
  'a SourceFunction runs in one subtask. Extend RichParallelSourceFunction, or give the object parallel: true, if several may run it';

export function sourceFunction<T>(
  given: ((context: SourceContext<T>) => MaybePromise<void>) | SourceFunctionLike<T>,
): MadeSourceFunction<T> {
  if (typeof (given as { createReader?: unknown } | undefined)?.createReader === 'function')
    throw new UsageError(`addSource got ${show(given)}, which is a split source. Give it to env.fromSource(source, strategy, name).`);
  if (typeof given === 'function' && !isClass(given)) {
    const tag = Object.prototype.toString.call(given);
    if (tag === '[object GeneratorFunction]' || tag === '[object AsyncGeneratorFunction]')
      throw new UsageError(
        `addSource got a generator function, and nobody would take what it yields. Give it to env.fromCollection, or call context.collect.`,
      );
    return { create: () => ({ run: given }), notParallel: NOT_PARALLEL, isReplayable: false };
  }
  const create = functionFactory<SourceFunctionLike<T>>(given, EXPECTED);
  // A factory makes one more, to be looked at: whether it is parallel and has state belongs to the graph.
  const looked = given instanceof FunctionFactory ? create() : (given as SourceFunctionLike<T>);
  const isReplayable = looked.snapshotState !== undefined && looked.initializeState !== undefined;
  return { create, isReplayable, ...(looked.parallel === true ? {} : { notParallel: NOT_PARALLEL }) };
}

function isClass(fn: object): boolean {
  return /^class\b/.test(Function.prototype.toString.call(fn));
}

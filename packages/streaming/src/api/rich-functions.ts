/**
 * Rich functions: objects in place of functions, with a life of their own in each subtask. An instance of a class that extends one of these, or a literal of the same
 * shape, which the `…Like` interfaces describe. Their members are properties of function type and so checked contravariantly: a function that needs keyed state
 * does not fit on a stream without a key.
 */
import { UsageError } from '@millrace/core/base/errors';
import type { Collector, MaybePromise, Nothing } from '../contract/emittable.ts';
import type { CheckpointListener } from '../contract/functions.ts';
import { type CheckpointedFunction, type DeclaringFunction, RUNTIME_CONTEXT } from '../contract/rich-function.ts';
import type { StateDeclaration } from '../contract/state-declaration.ts';
import { FunctionFactory } from './function-factory.ts';
import type { RuntimeContext } from './runtime-context.ts';

export interface RichFunctionLike<in C = RuntimeContext>
  extends Partial<CheckpointedFunction>,
    Partial<DeclaringFunction>,
    CheckpointListener {
  /** Awaited before the first record. */
  readonly open?: (context: C) => MaybePromise<void>;
  /** Always called: at the end, after a failure and when the job is canceled. */
  readonly close?: () => MaybePromise<void>;
}

export interface RichMapFunctionLike<in T, out R, in C = RuntimeContext> extends RichFunctionLike<C> {
  readonly map: (value: T) => R;
}

export interface RichFlatMapFunctionLike<in T, out R, in C = RuntimeContext> extends RichFunctionLike<C> {
  readonly flatMap: (value: T, out: Collector<R>) => Nothing;
}

export interface RichFilterFunctionLike<in T, in C = RuntimeContext> extends RichFunctionLike<C> {
  readonly filter: (value: T) => boolean;
}

/** The root of Flink's function classes. One object serves one subtask. */
export abstract class RichFunction<out C = RuntimeContext> {
  declare [RUNTIME_CONTEXT]?: C;

  /** The states that `getState` of its contexts gives by their declarations; none unless overridden. */
  usesStates(): Iterable<StateDeclaration> {
    return [];
  }

  open(_context: C): MaybePromise<void> {}

  close(): MaybePromise<void> {}

  /** What `open` was given; from `open` on. */
  getRuntimeContext(): C {
    const context = this[RUNTIME_CONTEXT];
    if (context === undefined)
      throw new UsageError(
        `${this.constructor.name}.getRuntimeContext() was called before open. Call it in open or later, not in the constructor.`,
      );
    return context;
  }
}

/** For keyed state the last argument is `KeyedRuntimeContext`. */
export abstract class RichMapFunction<T, R, C = RuntimeContext> extends RichFunction<C> {
  abstract map(value: T): R;
}

export abstract class RichFlatMapFunction<T, R, C = RuntimeContext> extends RichFunction<C> {
  abstract flatMap(value: T, out: Collector<R>): Nothing;
}

export abstract class RichFilterFunction<T, C = RuntimeContext> extends RichFunction<C> {
  abstract filter(value: T): boolean;
}

/**
 * One rich function for each subtask; accepted wherever the object is.
 *
 * ```ts
 * stream.map(rich(() => {
 *   let count = 0;
 *   return { map: (word: string) => `${word} ${(count += 1)}` };
 * }));
 * ```
 */
export function rich<F extends object>(create: () => F): F {
  if (typeof create !== 'function')
    throw new UsageError('rich got no function. Give it a function that makes the object: rich(() => new MyFunction()).');
  return new FunctionFactory(create) as unknown as F;
}

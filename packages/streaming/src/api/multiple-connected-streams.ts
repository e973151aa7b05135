import { UsageError } from '@millrace/core/base/errors';
import type { Collector, Emittable, MaybePromise, Nothing } from '../contract/emittable.ts';
import type { KeyedProcessContext, OnTimerContext, ProcessContext } from '../contract/process-context.ts';
import { type CheckpointedFunction, type DeclaringFunction, RUNTIME_CONTEXT } from '../contract/rich-function.ts';
import { DataStream } from './data-stream.ts';
import { checkPlainFunction, show } from './function-checks.ts';
import { functionFactory, isFactory } from './function-factory.ts';
import type { KeyedProcessFunctionLike, KeyedRichFunctionLike, ProcessFunctionLike } from './process-functions.ts';
import { type RichFunctionLike, rich } from './rich-functions.ts';
import type { SingleOutputStreamOperator } from './single-output-stream-operator.ts';
import type { ElementOf } from './stream-types.ts';

const MAX_INPUTS = 8;

/** `processElement1` is of the first stream, and so on. */
type MethodOf<I> = I extends keyof Methods ? Methods[I] : never;
interface Methods {
  readonly '0': 'processElement1';
  readonly '1': 'processElement2';
  readonly '2': 'processElement3';
  readonly '3': 'processElement4';
  readonly '4': 'processElement5';
  readonly '5': 'processElement6';
  readonly '6': 'processElement7';
  readonly '7': 'processElement8';
}

/** A method for each input, by its number. */
type InputMethods<T extends readonly unknown[], C, O> = {
  readonly [I in keyof T & keyof Methods as MethodOf<I>]: (value: T[I], context: C, out: Collector<O>) => Nothing;
};

export type MultipleInputProcessFunctionLike<T extends readonly unknown[], O> = RichFunctionLike & InputMethods<T, ProcessContext, O>;
export type KeyedMultipleInputProcessFunctionLike<K, T extends readonly unknown[], O> = KeyedRichFunctionLike<K, O> &
  InputMethods<T, KeyedProcessContext<K>, O>;

interface Tagged {
  readonly input: number;
  readonly record: unknown;
}

/** The user's object, whatever the types of its inputs. */
interface AnyFunction extends Partial<CheckpointedFunction>, Partial<DeclaringFunction> {
  readonly open?: (context: unknown) => MaybePromise<void>;
  readonly close?: () => MaybePromise<void>;
  readonly onTimer?: (timestamp: number, context: OnTimerContext<unknown>, out: Collector<unknown>) => Nothing;
}
type AnyMethod = (value: unknown, context: unknown, out: Collector<unknown>) => Nothing;

/**
 * From two to eight streams for one operator that keeps them apart: `processElement1` to `processElement8` share an object, and with keys its state and timers. There is no
 * order between the inputs; the operator's watermark is the least of theirs. Flink: `MultipleConnectedStreams`.
 *
 * ```ts
 * MultipleConnectedStreams.of(orders, payments, shipments).keyBy((order) => order.id, (payment) => payment.order, (shipment) => shipment.order).process(() => …);
 * ```
 */
export class MultipleConnectedStreams<in out T extends readonly unknown[]> {
  readonly #streams: readonly DataStream<unknown>[];
  /** For the compiler only. */
  declare protected readonly holds: T;

  private constructor(streams: readonly DataStream<unknown>[]) {
    this.#streams = streams;
  }

  static of<const S extends readonly [DataStream<unknown>, DataStream<unknown>, ...DataStream<unknown>[]]>(
    ...streams: S
  ): MultipleConnectedStreams<{ [I in keyof S]: ElementOf<S[I]> }> {
    const wrong = (streams as readonly unknown[]).find((stream) => !(stream instanceof DataStream));
    if (wrong !== undefined) throw new UsageError(`MultipleConnectedStreams.of got ${show(wrong)}. Give it streams.`);
    if (streams.length < 2 || streams.length > MAX_INPUTS) {
      throw new UsageError(
        `MultipleConnectedStreams.of got ${streams.length} streams. Give it 2 to ${MAX_INPUTS}; union takes any number.`,
      );
    }
    return new MultipleConnectedStreams(streams);
  }

  /** A key for each stream, of one type: equal ones meet in one subtask. */
  keyBy<const K extends Emittable>(...keys: { readonly [I in keyof T]: (value: T[I]) => K }): KeyedMultipleConnectedStreams<K, T> {
    if (keys.length !== this.#streams.length) {
      throw new UsageError(`keyBy got ${keys.length} keys for ${this.#streams.length} connected streams. Give it one for each.`);
    }
    for (const key of keys) checkPlainFunction(key, 'keyBy', 'a function from a record to its key');
    return new KeyedMultipleConnectedStreams(tagged(this.#streams), keys as readonly ((value: unknown) => K)[]);
  }

  /** An object with a method for each input, or a factory of such objects. No keyed state and no timers: call keyBy for them. */
  process<O extends Emittable>(
    fn: MultipleInputProcessFunctionLike<T, O> | (() => MultipleInputProcessFunctionLike<T, O>),
  ): SingleOutputStreamOperator<O> {
    return tagged(this.#streams).process(adapted<ProcessFunctionLike<Tagged, O>>(fn, this.#streams.length)).name('MultipleInputProcess');
  }
}

/** The same with a key, whichever stream a record is of. */
export class KeyedMultipleConnectedStreams<out K, in out T extends readonly unknown[]> {
  readonly #stream: DataStream<Tagged>;
  readonly #keys: readonly ((value: unknown) => Emittable)[];
  /** For the compiler only. */
  declare protected readonly holds: readonly [K, T];

  /** Internal: made by `keyBy`. */
  constructor(stream: DataStream<Tagged>, keys: readonly ((value: unknown) => Emittable)[]) {
    this.#stream = stream;
    this.#keys = keys;
  }

  /** As without keys; state and timers are those of the record's key, from whichever input it came. */
  process<O extends Emittable>(
    fn: KeyedMultipleInputProcessFunctionLike<K, T, O> | (() => KeyedMultipleInputProcessFunctionLike<K, T, O>),
  ): SingleOutputStreamOperator<O> {
    const keys = this.#keys;
    const keyOf = ({ input, record }: Tagged): Emittable => (keys[input] as (value: unknown) => Emittable)(record);
    const keyed = this.#stream.keyBy(keyOf);
    return keyed.process(adapted<KeyedProcessFunctionLike<Emittable, Tagged, O>>(fn, keys.length)).name('KeyedMultipleInputProcess');
  }
}

/** All streams as one, each record with the number of its stream. */
function tagged(streams: readonly DataStream<unknown>[]): DataStream<Tagged> {
  const [first, ...others] = streams.map((stream, input) => {
    const tag = (record: unknown): Tagged => ({ input, record });
    return stream
      .map(tag)
      .name(`Tag of input ${input + 1}`)
      .setParallelism(stream.getParallelism());
  });
  return (first as DataStream<Tagged>).union(...others);
}

/** An object stays one, so that whoever looks for objects that subtasks share finds it. */
function adapted<F extends object>(fn: unknown, inputs: number): F {
  const create = creating(fn, inputs);
  return isFactory(fn) ? rich(() => dispatching(create()) as F) : (dispatching(create()) as F);
}

function creating(fn: unknown, inputs: number): () => AnyFunction {
  const methods = Array.from({ length: inputs }, (_, input) => `processElement${input + 1}`);
  const what = `an object with methods ${methods[0]} to ${methods.at(-1)}, or a function that makes one`;
  return functionFactory<AnyFunction>(fn, {
    where: 'process of multiple connected streams',
    what,
    methods,
    bareFactory: true,
    declaresStates: true,
  });
}

/** The user's object as a function of one stream. Its own context is set where `RichFunction` looks for it. */
function dispatching(fn: AnyFunction): unknown {
  const methods = Array.from(
    { length: MAX_INPUTS },
    (_, input) => (fn as Record<string, unknown>)[`processElement${input + 1}`] as AnyMethod,
  );
  const { initializeState, snapshotState, onTimer, usesStates } = fn;
  return {
    open(context: unknown): MaybePromise<void> {
      (fn as { [RUNTIME_CONTEXT]?: unknown })[RUNTIME_CONTEXT] = context;
      return fn.open?.(context);
    },
    close: () => fn.close?.(),
    processElement: ({ input, record }: Tagged, context: unknown, out: Collector<unknown>) =>
      (methods[input] as AnyMethod).call(fn, record, context, out),
    ...(usesStates && { usesStates: usesStates.bind(fn) }),
    ...(onTimer && { onTimer: onTimer.bind(fn) }),
    ...(initializeState && { initializeState: initializeState.bind(fn) }),
    ...(snapshotState && { snapshotState: snapshotState.bind(fn) }),
  };
}

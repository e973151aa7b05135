import type { Emittable } from '../contract/emittable.ts';
import { coGroupFunction } from '../operators/join-windows.ts';
import type { WindowAssigner } from '../window/window-assigner.ts';
import type { Window } from '../window/window.ts';
import { checkFunction, checkPlainFunction } from './function-checks.ts';
import type { SingleOutputStreamOperator } from './single-output-stream-operator.ts';
import type { KeyedPair, StreamPair } from './stream-scope.ts';
import { keyedPair, TwoStreamWindow } from './two-stream-window.ts';

/** Two streams before it is known what groups them: `where(…).equalTo(…).window(…).apply(…)`. Flink: "Window CoGroup". */
export class CoGroupedStreams<out A, out B> {
  readonly #pair: StreamPair;
  /** For the compiler only. */
  declare protected readonly holds: readonly [A, B];

  /** Internal: made by `coGroup`. */
  constructor(pair: StreamPair) {
    this.#pair = pair;
  }

  /** The key of the first stream's records. */
  where<const K extends Emittable>(key: (value: A) => K): CoGroupWhere<A, B, K> {
    checkPlainFunction(key, 'where', 'a function from a record of the first stream to its key');
    return new CoGroupWhere(this.#pair, key);
  }
}

export class CoGroupWhere<out A, out B, in out K> {
  readonly #pair: StreamPair;
  readonly #where: unknown;
  /** For the compiler only. */
  declare protected readonly holds: readonly [A, B];
  declare protected readonly keys: (key: K) => K;

  constructor(pair: StreamPair, where: unknown) {
    this.#pair = pair;
    this.#where = where;
  }

  /** The key of the second stream's records. */
  equalTo(key: (value: B) => K): CoGroupEqualTo<A, B> {
    checkPlainFunction(key, 'equalTo', 'a function from a record of the second stream to its key');
    return new CoGroupEqualTo(keyedPair(this.#pair, this.#where, key));
  }
}

export class CoGroupEqualTo<out A, out B> {
  readonly #pair: KeyedPair;
  /** For the compiler only. */
  declare protected readonly holds: readonly [A, B];

  constructor(pair: KeyedPair) {
    this.#pair = pair;
  }

  /** The windows that records of both streams are grouped by. */
  window<W extends Window>(assigner: WindowAssigner<A | B, W>): WindowCoGroup<A, B, W> {
    return new WindowCoGroup<A, B, W>('CoGroup', this.#pair, assigner);
  }
}

/** Both streams' records of one key in one window. The function is called once for each firing, also where one side has nothing. */
export class WindowCoGroup<out A, out B, out W extends Window> extends TwoStreamWindow<A, B, W> {
  /** Emits what the function makes of the two sides, each in its order: one record; `undefined` emits nothing. */
  apply<R extends Emittable>(fn: (first: Iterable<A>, second: Iterable<B>) => R | undefined): SingleOutputStreamOperator<R> {
    checkPlainFunction(fn, 'apply of a coGroup', 'a function from the records of both streams to one record');
    return this.fired(coGroupFunction(fn as (first: Iterable<unknown>, second: Iterable<unknown>) => unknown, 'one'));
  }

  /** Emits what the returned iterable yields, one by one and lazily. */
  flatApply<R extends Emittable>(fn: (first: Iterable<A>, second: Iterable<B>) => Iterable<R> & object): SingleOutputStreamOperator<R> {
    checkFunction(fn, 'flatApply of a coGroup', 'a function from the records of both streams to an iterable of records');
    return this.fired(coGroupFunction(fn as (first: Iterable<unknown>, second: Iterable<unknown>) => unknown, 'many'));
  }
}

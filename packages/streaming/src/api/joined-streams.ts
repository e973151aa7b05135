import type { Emittable } from '../contract/emittable.ts';
import { joinFunction } from '../operators/join-windows.ts';
import type { WindowAssigner } from '../window/window-assigner.ts';
import type { Window } from '../window/window.ts';
import { checkFunction, checkPlainFunction } from './function-checks.ts';
import type { SingleOutputStreamOperator } from './single-output-stream-operator.ts';
import type { KeyedPair, StreamPair } from './stream-scope.ts';
import { keyedPair, TwoStreamWindow } from './two-stream-window.ts';

/** Two streams before it is known what joins them: `where(…).equalTo(…).window(…).apply(…)`. Flink: "Window Join". */
export class JoinedStreams<out A, out B> {
  readonly #pair: StreamPair;
  /** For the compiler only. */
  declare protected readonly holds: readonly [A, B];

  /** Internal: made by `join`. */
  constructor(pair: StreamPair) {
    this.#pair = pair;
  }

  /** The key of the first stream's records. */
  where<const K extends Emittable>(key: (value: A) => K): JoinWhere<A, B, K> {
    checkPlainFunction(key, 'where', 'a function from a record of the first stream to its key');
    return new JoinWhere(this.#pair, key);
  }
}

export class JoinWhere<out A, out B, in out K> {
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
  equalTo(key: (value: B) => K): JoinEqualTo<A, B> {
    checkPlainFunction(key, 'equalTo', 'a function from a record of the second stream to its key');
    return new JoinEqualTo(keyedPair(this.#pair, this.#where, key));
  }
}

export class JoinEqualTo<out A, out B> {
  readonly #pair: KeyedPair;
  /** For the compiler only. */
  declare protected readonly holds: readonly [A, B];

  constructor(pair: KeyedPair) {
    this.#pair = pair;
  }

  /** The windows that records of both streams must share to be a pair. */
  window<W extends Window>(assigner: WindowAssigner<A | B, W>): WindowJoin<A, B, W> {
    return new WindowJoin<A, B, W>('Join', this.#pair, assigner);
  }
}

/** Every pair of one key in one window. A window in which one side has nothing gives nothing. */
export class WindowJoin<out A, out B, out W extends Window> extends TwoStreamWindow<A, B, W> {
  /**
   * Emits what the function makes of each pair: one record; `undefined` emits nothing.
   *
   * ```ts
   * orders.join(shipments).where((o) => o.id).equalTo((s) => s.order).window(TumblingEventTimeWindows.of('1 min')).apply((o, s) => `${o.customer} by ${s.carrier}`);
   * ```
   */
  apply<R extends Emittable>(fn: (first: A, second: B) => R | undefined): SingleOutputStreamOperator<R> {
    checkPlainFunction(fn, 'apply of a window join', 'a function from a record of each stream to one record');
    return this.fired(joinFunction(fn as (first: unknown, second: unknown) => unknown, 'one'));
  }

  /** Emits what the returned iterable of each pair yields, one by one and lazily. */
  flatApply<R extends Emittable>(fn: (first: A, second: B) => Iterable<R> & object): SingleOutputStreamOperator<R> {
    checkFunction(fn, 'flatApply of a window join', 'a function from a record of each stream to an iterable of records');
    return this.fired(joinFunction(fn as (first: unknown, second: unknown) => unknown, 'many'));
  }
}

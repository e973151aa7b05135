/** Harnesses for process functions, by Flink's names: `ProcessFunctionTestHarnesses.forKeyedProcessFunction(new CountUpTo(), (click) => click.user)`. */
import type { BroadcastProcessFunctionLike, KeyedBroadcastProcessFunctionLike } from '@millrace/streaming/api/broadcast-process-functions';
import type { CoProcessFunctionLike, KeyedCoProcessFunctionLike } from '@millrace/streaming/api/co-process-functions';
import type { KeyedProcessFunctionLike, ProcessFunctionLike } from '@millrace/streaming/api/process-functions';
import type { Emittable } from '@millrace/streaming/contract/emittable';
import type { AnyMapStateDescriptor } from '@millrace/streaming/contract/state-descriptor';
import {
  type HarnessOptions,
  type OneInputHarness,
  oneInputHarness,
  type TwoInputHarness,
  twoInputHarness,
} from './operator-test-harness.ts';

/** Of a function of two inputs: where the key of each of them is. */
export interface HarnessKeys<in A, in B, out K> {
  readonly first: (value: A) => K;
  readonly second: (value: B) => K;
}

export interface BroadcastHarnessOptions extends HarnessOptions {
  /** Of the states that the broadcast stream is given to: `broadcast(…)` of the program. */
  readonly states: readonly [AnyMapStateDescriptor, ...AnyMapStateDescriptor[]];
}

export const ProcessFunctionTestHarnesses = {
  forProcessFunction<I, O extends Emittable>(fn: ProcessFunctionLike<I, O>, options?: HarnessOptions): Promise<OneInputHarness<I, O>> {
    return oneInputHarness<I, O>((records) => records.process<O>(() => fn), options);
  },

  forKeyedProcessFunction<K extends Emittable, I, O extends Emittable>(
    fn: KeyedProcessFunctionLike<K, I, O>,
    key: (value: I) => K,
    options?: HarnessOptions,
  ): Promise<OneInputHarness<I, O>> {
    return oneInputHarness<I, O>((records) => records.keyBy<K>(key).process<O>(() => fn), options);
  },

  forCoProcessFunction<A, B, O extends Emittable>(
    fn: CoProcessFunctionLike<A, B, O>,
    options?: HarnessOptions,
  ): Promise<TwoInputHarness<A, B, O>> {
    return twoInputHarness<A, B, O>((first, second) => first.connect(second).process<O>(() => fn), options);
  },

  forKeyedCoProcessFunction<K extends Emittable, A, B, O extends Emittable>(
    fn: KeyedCoProcessFunctionLike<K, A, B, O>,
    keys: HarnessKeys<A, B, K>,
    options?: HarnessOptions,
  ): Promise<TwoInputHarness<A, B, O>> {
    return twoInputHarness<A, B, O>(
      (first, second) =>
        first
          .connect(second)
          .keyBy<K>(keys.first, keys.second)
          .process<O>(() => fn),
      options,
    );
  },

  /** The second input is the broadcast one. */
  forBroadcastProcessFunction<A, B, O extends Emittable>(
    fn: BroadcastProcessFunctionLike<A, B, O>,
    { states, ...options }: BroadcastHarnessOptions,
  ): Promise<TwoInputHarness<A, B, O>> {
    return twoInputHarness<A, B, O>((first, second) => first.connect(second.broadcast(...states)).process<O>(() => fn), options);
  },

  /** The second input is the broadcast one; the key is the first one's. */
  forKeyedBroadcastProcessFunction<K extends Emittable, A, B, O extends Emittable>(
    fn: KeyedBroadcastProcessFunctionLike<K, A, B, O>,
    key: (value: A) => K,
    { states, ...options }: BroadcastHarnessOptions,
  ): Promise<TwoInputHarness<A, B, O>> {
    return twoInputHarness<A, B, O>(
      (first, second) =>
        first
          .keyBy<K>(key)
          .connect(second.broadcast(...states))
          .process<O>(() => fn),
      options,
    );
  },
};

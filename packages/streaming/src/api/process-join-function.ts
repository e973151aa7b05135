import type { Collector, Nothing } from '../contract/emittable.ts';
import type { JoinedPair } from '../operators/interval-join-pairs.ts';
import { RichFunction, type RichFunctionLike } from './rich-functions.ts';

/** What the function of an interval join may ask about the pair. Flink: `ProcessJoinFunction.Context`. */
export type ProcessJoinContext = JoinedPair;

export interface ProcessJoinFunctionLike<in A, in B, out O> extends RichFunctionLike {
  readonly processElement: (left: A, right: B, context: ProcessJoinContext, out: Collector<O>) => Nothing;
}

export abstract class ProcessJoinFunction<A, B, O> extends RichFunction {
  abstract processElement(left: A, right: B, context: ProcessJoinContext, out: Collector<O>): Nothing;
}

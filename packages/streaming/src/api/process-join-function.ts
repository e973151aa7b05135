import type { Collector, Nothing } from '../contract/emittable.ts';
import type { JoinedPair, OuterJoinedPair } from '../operators/interval-join-pairs.ts';
import { RichFunction, type RichFunctionLike } from './rich-functions.ts';

/** What the function of an interval join may ask about the pair. Flink: `ProcessJoinFunction.Context`. */
export type ProcessJoinContext = JoinedPair;
/** The same of an outer join, where the timestamp of a missing side is `undefined`. */
export type OuterProcessJoinContext = OuterJoinedPair;

export interface ProcessJoinFunctionLike<in A, in B, out O, in C = ProcessJoinContext> extends RichFunctionLike {
  readonly processElement: (left: A, right: B, context: C, out: Collector<O>) => Nothing;
}

/** In an outer join A or B or both may be `undefined`, and the last argument is `OuterProcessJoinContext`. */
export abstract class ProcessJoinFunction<A, B, O, C = ProcessJoinContext> extends RichFunction {
  abstract processElement(left: A, right: B, context: C, out: Collector<O>): Nothing;
}

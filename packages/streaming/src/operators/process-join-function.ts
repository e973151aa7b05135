/** A rich function of an interval join, as the join calls it: what it collects for a pair is emitted when it returns. */
import type { Collector, Nothing } from '../contract/emittable.ts';
import type { OperatorContext } from '../contract/operator.ts';
import type { FunctionLife } from '../contract/rich-function.ts';
import { NO_DECLARED_STATES } from './declared-states.ts';
import { FunctionLifeCycle } from './function-life.ts';
import type { JoinedPair, PairFunction } from './interval-join-pairs.ts';
import { refuseResult } from './refused-result.ts';
import type { FunctionSpec } from './user-function.ts';

interface ProcessJoinObject extends FunctionLife<unknown> {
  readonly processElement: (left: unknown, right: unknown, context: JoinedPair, out: Collector<unknown>) => Nothing;
}

export function processJoinFunction({ create, runtimeContext }: FunctionSpec<ProcessJoinObject>, context: OperatorContext): PairFunction {
  const fn = create();
  const life = new FunctionLifeCycle<unknown>(fn, runtimeContext(context, NO_DECLARED_STATES), () => context.operatorState);
  const call = (left: unknown, right: unknown, pair: JoinedPair): unknown[] => {
    const collected: unknown[] = [];
    const result: unknown = fn.processElement(left, right, pair, { collect: (record) => void collected.push(record) });
    if (result !== undefined) refuseResult('processElement', result);
    return collected;
  };
  return { emits: 'many', call, life };
}

import type { OperatorLogic } from '../contract/operator.ts';
import type { TimeWindow } from '../window/time-window.ts';
import type { WindowSpec } from './window-spec.ts';

/** The operator of a keyed, windowed stream with the default trigger. Throws a `UsageError` for what it cannot run. */
export function windowOperator<T, K, ACC, V, R>(spec: WindowSpec<T, K, TimeWindow, ACC, V, R>): OperatorLogic {
  throw new Error(`${spec.assigner}`);
}

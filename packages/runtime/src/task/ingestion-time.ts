import type { Clock } from '@millrace/core/base/clock';
import type { OperatorLogic } from '@millrace/streaming/contract/operator';
import type { JobBindings } from '@millrace/streaming/graph/job-graph';

/** The bindings for one task: sources that stamp records with the time of day get the task's clock for it. */
export function withIngestionTime(bindings: JobBindings, clock: Clock): JobBindings {
  const stamps = (logic: OperatorLogic) => logic.kind === 'source' && logic.strategy.describe().isIngestionTime;
  if (![...bindings.operators.values()].some(stamps)) return bindings;
  const now = () => clock.now();
  const bound = (logic: OperatorLogic) => (logic.kind === 'source' ? { ...logic, strategy: logic.strategy.boundTo(now) } : logic);
  return { ...bindings, operators: new Map([...bindings.operators].map(([id, logic]) => [id, bound(logic)])) };
}

import { UsageError } from '@millrace/core/base/errors';
import type { KeyContext, OneInputOperator, OperatorContext, OperatorLogic } from '../contract/operator.ts';
import { EventTimeSessionWindows } from '../window/event-time-session-windows.ts';
import type { TimeWindow } from '../window/time-window.ts';
import type { Window } from '../window/window.ts';
import type { WindowAlignment } from '../window/window-assigner.ts';
import { ColumnPanesOperator } from './column-panes-operator.ts';
import { SharedPanesOperator } from './shared-panes-operator.ts';
import { checkWindows } from './window-checks.ts';
import { GeneralWindowOperator } from './window-general-operator.ts';
import type { WindowSpec } from './window-spec.ts';
import { WindowSessionsOperator } from './window-sessions-operator.ts';
import { WindowTablesOperator } from './window-tables-operator.ts';

/**
 * The operator of a windowed stream. Event-time windows of a fixed grid with the default trigger, no evictor and a plain window function go to the operators that are
 * made for them, and so do event-time sessions of an aggregate or a reducer without allowed lateness; everything else goes to the general one. Results are the same.
 * Throws a `UsageError` for what none can run.
 */
export function windowOperator<T, K, W extends Window, ACC, V, R>(spec: WindowSpec<T, K, W, ACC, V, R>): OperatorLogic {
  checkLateness(spec.allowedLatenessMs ?? 0);
  checkWindows(spec);
  const aligned = spec as unknown as WindowSpec<T, K, TimeWindow, ACC, V, R>;
  const sessions = sessionsOf(spec);
  if (sessions !== undefined) {
    const create = (context: OperatorContext) => new WindowSessionsOperator(context, aligned, sessions) as unknown as OneInputOperator;
    return { kind: 'operator', create, key: spec.key as unknown as KeyContext };
  }
  const alignment = fixedGridOf(spec);
  if (alignment === undefined) return generalWindowOperator(spec);
  const create = (context: OperatorContext) => alignedOperator(context, aligned, alignment) as unknown as OneInputOperator;
  return { kind: 'operator', create, key: spec.key as unknown as KeyContext };
}

/** The operator that runs windows of every kind, for `windowOperator` and for tests that compare. */
export function generalWindowOperator<T, K, W extends Window, ACC, V, R>(spec: WindowSpec<T, K, W, ACC, V, R>): OperatorLogic {
  const create = (context: OperatorContext) => new GeneralWindowOperator(context, spec) as unknown as OneInputOperator;
  return { kind: 'operator', create, key: spec.key as unknown as KeyContext };
}

function alignedOperator<T, K, ACC, V, R>(
  context: OperatorContext,
  spec: WindowSpec<T, K, TimeWindow, ACC, V, R>,
  alignment: WindowAlignment,
): OneInputOperator<T> {
  const { aggregation, allowedLatenessMs = 0 } = spec;
  const merges = aggregation.kind === 'reduce' || (aggregation.kind === 'aggregate' && aggregation.fn.merge !== undefined);
  if (!merges || alignment.slideMs >= alignment.sizeMs) return new WindowTablesOperator(context, spec, alignment);
  return allowedLatenessMs > 0 ? new SharedPanesOperator(context, spec, alignment) : new ColumnPanesOperator(context, spec, alignment);
}

/** The grid, where the operators of aligned windows serve. */
function fixedGridOf<T, K, W extends Window, ACC, V, R>(spec: WindowSpec<T, K, W, ACC, V, R>): WindowAlignment | undefined {
  const { assigner, trigger, evictor, windowFunction } = spec;
  if (!assigner.isEventTime() || trigger !== undefined || evictor !== undefined || typeof windowFunction === 'object') return undefined;
  const alignment = assigner.alignment();
  return alignment?.stagger === 'ALIGNED' ? alignment : undefined; // others' grids differ from subtask to subtask
}

/** The assigner, where the operator of sessions serves. */
function sessionsOf<T, K, W extends Window, ACC, V, R>(spec: WindowSpec<T, K, W, ACC, V, R>): EventTimeSessionWindows<T> | undefined {
  const { trigger, evictor, windowFunction, aggregation, allowedLatenessMs = 0 } = spec;
  const assigner: unknown = spec.assigner;
  if (trigger !== undefined || evictor !== undefined || allowedLatenessMs > 0 || typeof windowFunction === 'object') return undefined;
  return aggregation.kind !== 'elements' && assigner instanceof EventTimeSessionWindows ? assigner : undefined;
}

function checkLateness(latenessMs: number): void {
  if (Number.isSafeInteger(latenessMs) && latenessMs >= 0) return;
  throw new UsageError(`allowedLateness got ${latenessMs} ms. Give a duration of 0 ms or more.`);
}

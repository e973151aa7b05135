import { UsageError } from '@millrace/core/base/errors';
import type { KeyContext, OneInputOperator, OperatorContext, OperatorLogic } from '../contract/operator.ts';
import type { TimeWindow } from '../window/time-window.ts';
import type { WindowAlignment } from '../window/window-assigner.ts';
import { ColumnPanesOperator } from './column-panes-operator.ts';
import { SharedPanesOperator } from './shared-panes-operator.ts';
import type { WindowSpec } from './window-spec.ts';
import { WindowTablesOperator } from './window-tables-operator.ts';

/** The operator of a keyed, windowed stream with the default trigger. Throws a `UsageError` for what it cannot run. */
export function windowOperator<T, K, ACC, V, R>(spec: WindowSpec<T, K, TimeWindow, ACC, V, R>): OperatorLogic {
  const alignment = alignmentOf(spec);
  checkLateness(spec.allowedLatenessMs ?? 0);
  const sharesPanes =
    alignment.slideMs < alignment.sizeMs && (spec.aggregation.kind === 'reduce' || spec.aggregation.fn.merge !== undefined);
  const create = (context: OperatorContext): OneInputOperator => {
    if (!sharesPanes) return new WindowTablesOperator(context, spec, alignment) as unknown as OneInputOperator;
    const keepsLate = (spec.allowedLatenessMs ?? 0) > 0;
    const operator = keepsLate ? new SharedPanesOperator(context, spec, alignment) : new ColumnPanesOperator(context, spec, alignment);
    return operator as unknown as OneInputOperator;
  };
  return { kind: 'operator', create, key: spec.key as unknown as KeyContext };
}

function alignmentOf<T, K, ACC, V, R>({ assigner }: WindowSpec<T, K, TimeWindow, ACC, V, R>): WindowAlignment {
  const alignment = assigner.alignment();
  if (alignment === undefined || !assigner.isEventTime()) {
    throw new UsageError(
      `The window assigner ${assigner.constructor.name} has no fixed grid of event-time windows. ` +
        'Use TumblingEventTimeWindows or SlidingEventTimeWindows.',
    );
  }
  return alignment;
}

function checkLateness(latenessMs: number): void {
  if (Number.isSafeInteger(latenessMs) && latenessMs >= 0) return;
  throw new UsageError(`allowedLateness got ${latenessMs} ms. Give a duration of 0 ms or more.`);
}

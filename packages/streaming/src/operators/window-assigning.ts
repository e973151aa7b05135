import type { OperatorContext } from '../contract/operator.ts';
import { windowsOf } from '../window/aligned-windows.ts';
import type { Window } from '../window/window.ts';
import type { WindowAlignment, WindowAssigner, WindowAssignerContext } from '../window/window-assigner.ts';
import { staggeredOffset } from './stagger.ts';

export type Assigning<T, W> = (record: T, timestamp: number, context: WindowAssignerContext) => Iterable<W>;

/** The assigner's windows; of a fixed grid in order of time, and where they are staggered, those of the subtask's own grid, which begins with its first record. */
export function assigningOf<T, W extends Window>(assigner: WindowAssigner<T, W>, context: OperatorContext): Assigning<T, W> {
  const alignment = assigner.alignment();
  if (alignment === undefined) return (record, timestamp, now) => assigner.assignWindows(record, timestamp, now);
  const isEventTime = assigner.isEventTime();
  let own: WindowAlignment | undefined;
  return (_record, timestamp, now) => {
    own ??= { ...alignment, offsetMs: staggeredOffset(alignment, context) };
    return windowsOf(isEventTime ? timestamp : now.getCurrentProcessingTime(), own).reverse() as Window[] as W[];
  };
}

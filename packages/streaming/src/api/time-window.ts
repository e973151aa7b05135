import type { DurationLike } from '@millrace/core/config/duration';
import { SlidingEventTimeWindows } from '../window/sliding-event-time-windows.ts';
import type { TimeWindow } from '../window/time-window.ts';
import { TumblingEventTimeWindows } from '../window/tumbling-event-time-windows.ts';
import type { WindowAssigner } from '../window/window-assigner.ts';

/** The windows behind Flink's old `timeWindow` and `timeWindowAll`: of event time, which has been what they mean since time characteristics went. */
export function timeWindows(size: DurationLike, slide: DurationLike | undefined): WindowAssigner<unknown, TimeWindow> {
  return slide === undefined ? TumblingEventTimeWindows.of(size) : SlidingEventTimeWindows.of(size, slide);
}

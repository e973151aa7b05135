/** The arithmetic of aligned windows and the checks of their parameters, shared by the tumbling and the sliding assigner. */
import { UsageError } from '@millrace/core/base/errors';
import { Duration, type DurationLike } from '@millrace/core/config/duration';
import { TimeWindow } from './time-window.ts';
import type { WindowAlignment } from './window-assigner.ts';

/** The start of the last window that begins at or before `timestamp`. Floors, so that times before 1970 fall into the window that holds them. */
export function lastWindowStart(timestamp: number, alignment: WindowAlignment): number {
  const { offsetMs, slideMs } = alignment;
  return Math.floor((timestamp - offsetMs) / slideMs) * slideMs + offsetMs;
}

/** The windows that hold `timestamp`, the latest first; none in the gaps of windows that are shorter than their slide. */
export function windowsOf(timestamp: number, alignment: WindowAlignment): TimeWindow[] {
  const windows: TimeWindow[] = [];
  for (let start = lastWindowStart(timestamp, alignment); start > timestamp - alignment.sizeMs; start -= alignment.slideMs) {
    windows.push(new TimeWindow(start, start + alignment.sizeMs));
  }
  return windows;
}

export function positiveMillis(assigner: string, parameter: string, duration: DurationLike): number {
  const millis = millisOf(assigner, parameter, duration);
  if (millis <= 0) throw new UsageError(`${assigner}.of got a ${parameter} of ${millis} ms. Give one of at least 1 ms.`);
  return millis;
}

/** An offset brought into [0, period). Flink refuses one that moves the grid by a whole period or more, which is a slip: nothing would change. */
export function offsetMillis(assigner: string, offset: DurationLike, period: { readonly name: string; readonly millis: number }): number {
  const millis = millisOf(assigner, 'offset', offset);
  if (Math.abs(millis) >= period.millis) {
    throw new UsageError(
      `${assigner}.of got an offset of ${millis} ms with a ${period.name} of ${period.millis} ms. ` +
        `Give an offset between ${1 - period.millis} and ${period.millis - 1} ms.`,
    );
  }
  return millis < 0 ? millis + period.millis : millis;
}

/** What is no duration is refused with the name of the parameter that it was given for. */
function millisOf(assigner: string, parameter: string, duration: DurationLike): number {
  try {
    return Duration.from(duration).toMillis();
  } catch (cause) {
    throw new UsageError(`The ${parameter} of ${assigner}.of: ${(cause as Error).message}`, { cause });
  }
}

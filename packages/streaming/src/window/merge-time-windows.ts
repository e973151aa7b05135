import type { TimeWindow } from './time-window.ts';

/** Merges windows that overlap or touch. For `mergeWindows` of assigners of time windows. */
export function mergeTimeWindows(windows: Iterable<TimeWindow>, merge: (merged: readonly TimeWindow[], result: TimeWindow) => void): void {
  const sorted = [...windows].sort((a, b) => a.start - b.start);
  let group: TimeWindow[] = [];
  let cover: TimeWindow | undefined;
  for (const window of sorted) {
    if (cover?.intersects(window)) {
      group.push(window);
      cover = cover.cover(window);
      continue;
    }
    if (cover !== undefined && group.length > 1) merge(group, cover);
    group = [window];
    cover = window;
  }
  if (cover !== undefined && group.length > 1) merge(group, cover);
}

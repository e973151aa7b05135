import type { Clock } from '@millrace/core/base/clock';

/** Calls one of two, once: `done` when the function that it returns is called, `late` when that has not happened for so long. */
export function withinLimit(clock: Clock, limitMs: number, done: () => void, late: () => void): () => void {
  let isOver = false;
  const end = (how: () => void) => {
    if (isOver) return;
    isOver = true;
    timer.cancel();
    how();
  };
  const timer = clock.schedule(limitMs, () => end(late));
  return () => end(done);
}

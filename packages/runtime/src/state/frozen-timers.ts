import type { FrozenState } from './state-backend.ts';
import type { TimerQueue } from './timer-queue.ts';

/** The timers of one queue as they stood at the barrier. `take` never throws. */
export function frozenTimers<N>(queue: TimerQueue<N>, take: (key: unknown, namespace: N | undefined, time: number) => void): FrozenState {
  const freeze = queue.freeze(take);
  return {
    advance: (budgetEntries) => freeze.advance(budgetEntries),
    get isDone() {
      return freeze.isDone;
    },
    release: () => queue.thaw(freeze),
  };
}

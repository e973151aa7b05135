import { checkCount } from './count-trigger.ts';
import { type Evictor, evictorOf } from './evictor.ts';
import type { Window } from './window.ts';

/** Keeps the last so many elements of a window. */
export const CountEvictor: { of(maxCount: number, doEvictAfter?: boolean): Evictor<unknown, Window> } = {
  of(maxCount, doEvictAfter = false) {
    checkCount(maxCount, 'CountEvictor.of');
    return evictorOf(`CountEvictor(${maxCount})`, doEvictAfter, (elements) => elements.slice(-maxCount));
  },
};

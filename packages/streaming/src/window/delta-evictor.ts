import { checkDelta, distance } from './delta-trigger.ts';
import { type Evictor, evictorOf } from './evictor.ts';
import type { Window } from './window.ts';

/** Keeps the elements whose distance to the window's last one is below the threshold. */
export const DeltaEvictor: {
  of<T = unknown>(threshold: number, delta: (element: T, last: T) => number, doEvictAfter?: boolean): Evictor<T, Window>;
} = {
  of<T = unknown>(threshold: number, delta: (element: T, last: T) => number, doEvictAfter = false): Evictor<T, Window> {
    checkDelta(threshold, delta, 'DeltaEvictor.of');
    const compare = delta as (element: unknown, last: unknown) => number;
    return evictorOf(`DeltaEvictor(${threshold})`, doEvictAfter, (elements) => {
      const last = elements.at(-1);
      if (last === undefined) return elements;
      return elements.filter(({ value }) => distance(compare(value, last.value), 'DeltaEvictor') < threshold);
    });
  },
};

/** What asynchronous requests must emit whose answers wait for the clock: what is behind an open one waits with it, as far as the order of results says so. */
import { slowAnswer } from './operations.ts';
import type { SlowPlan } from './program.ts';
import { type Element, NO_PHASE, NONE, type ReferenceClock, type Stream } from './reference-streams.ts';

export function slow({ how, ordered }: SlowPlan, { elements, idle }: Stream, { phase }: ReferenceClock): Stream {
  const emitted: Element[] = [];
  let watermark = NONE;
  let isOpen = false;
  /** Behind a watermark that waits. */
  let isHeld = false;
  for (const element of elements) {
    if ('record' in element) {
      const { waits, results } = slowAnswer(how, element.record);
      const isWaiting = waits && element.phase === phase;
      isOpen ||= isWaiting;
      if (isWaiting || isHeld || (ordered && isOpen)) continue;
      emitted.push(...results.map((record) => ({ record, at: element.at, phase: NO_PHASE })));
    } else if (element.watermark > watermark) {
      watermark = element.watermark;
      if (isOpen) isHeld = true;
      else emitted.push(element);
    }
  }
  return { elements: emitted, idle: idle && !isOpen };
}

/** The garbage collector and the event loop of the calling thread, and its process, as Node counts them. Counting begins with the call. */
import { type IntervalHistogram, monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';
import type { SystemPort } from '../slot-figures.ts';

const RESOLUTION_MS = 20;
const NS_PER_MS = 1e6;

export function systemFigures(): SystemPort {
  let garbageCollections = 0;
  let garbageCollectionMs = 0;
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) {
      garbageCollections += 1;
      garbageCollectionMs += duration;
    }
  }).observe({ entryTypes: ['gc'] });
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  return {
    read() {
      const { user, system } = process.cpuUsage();
      return {
        garbageCollections,
        garbageCollectionMs,
        eventLoopDelayMs: takeMost(delay),
        processRssBytes: process.memoryUsage.rss(),
        processCpuMs: (user + system) / 1_000,
      };
    },
  };
}

/** The histogram's figures have the resolution in them. */
function takeMost(delay: IntervalHistogram): number {
  const mostMs = delay.count === 0 ? 0 : delay.max / NS_PER_MS - RESOLUTION_MS;
  delay.reset();
  return Math.max(0, mostMs);
}

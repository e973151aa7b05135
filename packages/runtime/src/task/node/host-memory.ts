/** The memory of the thread that this runs in, as V8 counts it. */
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { MemoryPort } from '../memory-guard.ts';

export const hostMemory: MemoryPort = {
  heapUsedBytes: () => getHeapStatistics().used_heap_size,
  externalBytes: () => getHeapStatistics().external_memory,
  collect: collector(),
};

/** The one way to a full collection without a flag on the command line. */
function collector(): (() => void) | undefined {
  try {
    setFlagsFromString('--expose-gc');
    return runInNewContext('gc') as () => void;
  } catch {
    return undefined;
  }
}

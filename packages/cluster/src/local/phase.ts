/** Where the time of a start goes: each step of it, in every process and thread, with `NODE_DEBUG=millrace` in the environment. */
import { debuglog } from 'node:util';

const debug = debuglog('millrace');

/** One clock for all processes of a machine, so that their lines can be sorted. */
export function phase(name: string): void {
  if (debug.enabled) debug('%s %s', (performance.timeOrigin + performance.now()).toFixed(1), name);
}

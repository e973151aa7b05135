import { readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100; // USER_HZ of Linux, the same on every architecture that Node runs on

/** CPU seconds of this process and of all children that have ended, as the operating system counts them; undefined where there is no /proc. */
export function cpuSeconds() {
  try {
    const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1].split(' ');
    return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_PER_SECOND; // utime, stime, cutime, cstime
  } catch {
    return undefined;
  }
}

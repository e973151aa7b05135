import { readdirSync, readFileSync } from 'node:fs';

/** Resident bytes of a process, and of it with all its descendants; undefined where there is no /proc. */
export function residentBytes(root) {
  try {
    const parents = new Map();
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      const parent = parentOf(pid);
      if (parent !== undefined) parents.set(Number(pid), parent);
    }
    const isOurs = (pid) => pid === root || (parents.has(pid) && isOurs(parents.get(pid)));
    return { own: rssOf(root), total: [...parents.keys()].filter(isOurs).reduce((sum, pid) => sum + rssOf(pid), 0) };
  } catch {
    return undefined;
  }
}

function parentOf(pid) {
  try {
    return Number(/^\d+ \(.*\) \S+ (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]);
  } catch {
    return undefined; // it has ended
  }
}

function rssOf(pid) {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/**
 * Forks the process of a TaskManager; by `millrace run` before anything else is loaded, because a process takes longer to start than a command line to read.
 *
 * F1 a process that was forked ahead and not taken ends with this one, and does not keep it alive.
 */
import { type ChildProcess, fork } from 'node:child_process';

/** Where the standard streams of the child lead: to this process, or to where those of this process lead. */
export type ForkedStreams = 'pipe' | 'inherit';

let ahead: ChildProcess | undefined;

/** For the next `forkTaskManager('pipe')`. */
export function forkAhead(): void {
  ahead = start('pipe');
  ahead.on('error', () => {}); // whoever needs one forks another, and hears of it then
  for (const handle of handlesOf(ahead)) handle.unref();
}

/** A process that waits for its configuration. */
export function forkTaskManager(streams: ForkedStreams): ChildProcess {
  const child = ahead;
  if (streams !== 'pipe' || child === undefined) return start(streams);
  ahead = undefined;
  const alive = child.connected && child.exitCode === null && child.signalCode === null;
  if (!alive) return start(streams);
  for (const handle of handlesOf(child)) handle.ref();
  return child;
}

function start(streams: ForkedStreams): ChildProcess {
  // Loaders and inspectors of the parent are the parent's: the child runs compiled code on a port of nobody.
  return fork(new URL('./task-manager-main.js', import.meta.url), { stdio: ['ignore', streams, streams, 'ipc'], execArgv: [] });
}

interface Handle {
  ref(): unknown;
  unref(): unknown;
}

/** Everything of a child that keeps its parent's event loop alive. A piped stream is a socket, whatever its type says. */
function handlesOf(child: ChildProcess): readonly Handle[] {
  const handles = [child, child.channel, child.stdout, child.stderr] as readonly unknown[];
  return handles.filter((handle): handle is Handle => typeof (handle as Partial<Handle> | null | undefined)?.unref === 'function');
}

/** `console` and the standard streams of user code, with the name of the subtask that writes before each line. */
import { Console } from 'node:console';
import { Writable } from 'node:stream';
import type { StreamName } from './standard-streams.ts';

export interface ConsolePorts {
  write(stream: StreamName, text: string): void;
  /** `map (2/4)` of the task that runs now; undefined outside of any. */
  taskName(): string | undefined;
}

/** Replaces the methods of the global console; returns what puts the old ones back. */
export function installConsole(ports: ConsolePorts): () => void {
  const named = new Console({ stdout: namedStream('stdout', ports), stderr: namedStream('stderr', ports), colorMode: false });
  const target = console as unknown as Record<string, unknown>;
  const before: [string, unknown][] = [];
  for (const [method, replacement] of Object.entries(named)) {
    if (typeof replacement !== 'function' || typeof target[method] !== 'function') continue;
    before.push([method, target[method]]);
    target[method] = replacement.bind(named);
  }
  return () => {
    for (const [method, original] of before) target[method] = original;
  };
}

/** What user code writes to `process.stdout` itself goes the same way, as it is. */
export function redirectProcessStreams(write: ConsolePorts['write']): void {
  for (const stream of ['stdout', 'stderr'] as const) {
    process[stream].write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
      write(stream, typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8'));
      const callback = rest.at(-1);
      if (typeof callback === 'function') queueMicrotask(() => callback());
      return true;
    };
  }
}

export function prefixLines(taskName: string | undefined, text: string): string {
  if (taskName === undefined) return text;
  const lines = text.split('\n');
  const last = lines.pop();
  return `${lines.map((line) => `[${taskName}] ${line}\n`).join('')}${last === '' || last === undefined ? '' : `[${taskName}] ${last}`}`;
}

function namedStream(stream: StreamName, ports: ConsolePorts): Writable {
  const sink = new Writable({ decodeStrings: false });
  // The console calls `write` once for each message; the stream's own machinery would only delay it.
  sink.write = ((chunk: string | Uint8Array) => {
    ports.write(stream, prefixLines(ports.taskName(), String(chunk)));
    return true;
  }) as Writable['write'];
  return sink;
}

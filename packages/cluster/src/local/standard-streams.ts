/**
 * The standard output of jobs: text from all slots, in order for each of them, on the descriptors of this process.
 *
 * It is written through the thread pool, so a reader that stops reading (a pager) stops print sinks and not the heartbeats of the process.
 * O1 text of one stream is written in the order of `write`. O2 `drained` settles when everything that was written so far has reached the descriptor.
 * O3 a stream whose reader has gone takes nothing more: `write` throws, and what waited is dropped.
 */
import { write as writeToDescriptor } from 'node:fs';
import { TerminalError } from '@millrace/core/base/errors';

export type StreamName = 'stdout' | 'stderr';

/** Text that may wait here before writers are told to wait. */
const HIGH_WATER_CHARS = 1024 * 1024;
/** A pipe that another process made non-blocking says EAGAIN; there is no event to wait for on a bare descriptor. */
const RETRY_MS = 5;

/** Writes bytes to a descriptor; replaced in tests. */
export type WriteBytes = (bytes: Uint8Array, done: (error: NodeJS.ErrnoException | null, written: number) => void) => void;

export class OutputStream {
  readonly #name: StreamName;
  readonly #write: WriteBytes;
  #waiting = '';
  #writing = false;
  #failure: TerminalError | undefined;
  /** Text that was taken has not been written, and nobody knows yet. */
  #lost = false;
  #idle: (() => void)[] = [];

  constructor(name: StreamName, write: WriteBytes) {
    this.#name = name;
    this.#write = write;
  }

  /** Returns a promise only when the caller should wait before it writes more. */
  write(text: string): void | Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    this.#waiting += text;
    if (!this.#writing) this.#next();
    return this.#waiting.length > HIGH_WATER_CHARS ? this.drained() : undefined;
  }

  /** Undefined when all is written. Rejects, the first one who asks, when text that was taken before could not be. */
  drained(): Promise<void> | undefined {
    if (!this.#writing) return this.#lost ? this.#tellOfLoss() : undefined;
    return new Promise<void>((resolve) => this.#idle.push(resolve)).then(() => this.drained());
  }

  #tellOfLoss(): Promise<void> {
    this.#lost = false;
    return Promise.reject(this.#failure as TerminalError);
  }

  #next(): void {
    this.#writing = this.#waiting !== '';
    if (this.#writing) {
      const bytes = Buffer.from(this.#waiting);
      this.#waiting = '';
      return this.#writeAll(bytes);
    }
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }

  #writeAll(bytes: Uint8Array): void {
    this.#write(bytes, (error, written) => {
      if (error?.code === 'EAGAIN') return void setTimeout(() => this.#writeAll(bytes), RETRY_MS);
      if (error !== null) return this.#fail(error);
      if (written < bytes.length) return this.#writeAll(bytes.subarray(written));
      this.#next();
    });
  }

  #fail(error: NodeJS.ErrnoException): void {
    const gone = error.code === 'EPIPE' ? 'its reader has gone' : error.message;
    const name = this.#name === 'stdout' ? 'standard output' : 'standard error';
    this.#failure = new TerminalError(`The job cannot write to ${name}: ${gone}.`, { cause: error, reason: 'output-closed' });
    this.#waiting = '';
    this.#lost = true;
    this.#next();
  }
}

export interface JobOutput {
  write(stream: StreamName, text: string): void | Promise<void>;
  drained(): Promise<void> | undefined;
}

/** For text that is no data, such as what user code logs: nobody could wait for it or take an error, so it is dropped where it cannot be written. */
export function writeOrDrop(output: Pick<JobOutput, 'write'>, stream: StreamName, text: string): void {
  try {
    void Promise.resolve(output.write(stream, text)).catch(() => {});
  } catch {}
}

/** On the standard streams of this process. */
export function processOutput(): JobOutput {
  const stdout = new OutputStream('stdout', (bytes, done) => writeToDescriptor(1, bytes, done));
  const stderr = new OutputStream('stderr', (bytes, done) => writeToDescriptor(2, bytes, done));
  return {
    write: (stream, text) => (stream === 'stdout' ? stdout : stderr).write(text),
    drained() {
      const waits = [stdout.drained(), stderr.drained()].filter((wait) => wait !== undefined);
      return waits.length === 0 ? undefined : Promise.all(waits).then(() => {});
    },
  };
}

/** To a callback, at once. */
export function callbackOutput(onOutput: (stream: StreamName, text: string) => void): JobOutput {
  return { write: onOutput, drained: () => undefined };
}

/**
 * The standard streams as a slot's thread has them: text is gathered and handed to the TaskManager's thread in large pieces.
 *
 * G1 text keeps its order, also between the two streams and with what `flush` precedes: call it before any other message that must come after the text.
 * G2 at most `HIGH_WATER_CHARS` are on the way unacknowledged before `write` returns a promise, which settles when there is room again.
 */
import type { StandardStreams } from '@millrace/streaming/contract/sink';
import type { StreamName } from './standard-streams.ts';

const BATCH_CHARS = 64 * 1024;
const HIGH_WATER_CHARS = 1024 * 1024;

export interface BatchedStreamsPorts {
  send(stream: StreamName, text: string): void;
  /** Runs `flush` soon, at the next turn of the event loop. */
  later(flush: () => void): void;
}

export class BatchedStreams implements StandardStreams {
  readonly #ports: BatchedStreamsPorts;
  #stream: StreamName = 'stdout';
  #text = '';
  #scheduled = false;
  #unacknowledged = 0;
  #failures: { stdout?: Error; stderr?: Error } = {};
  #waiting: { readonly stream: StreamName; readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];

  constructor(ports: BatchedStreamsPorts) {
    this.#ports = ports;
  }

  write(stream: StreamName, text: string): void | Promise<void> {
    const failure = this.#failures[stream];
    if (failure !== undefined) throw failure;
    if (stream !== this.#stream) this.flush();
    this.#stream = stream;
    this.#text += text;
    if (this.#text.length >= BATCH_CHARS) this.flush();
    else if (!this.#scheduled) this.#schedule();
    if (this.#unacknowledged <= HIGH_WATER_CHARS) return undefined;
    return new Promise((resolve, reject) => this.#waiting.push({ stream, resolve, reject }));
  }

  flush(): void {
    if (this.#text === '') return;
    const text = this.#text;
    this.#text = '';
    this.#unacknowledged += text.length;
    this.#ports.send(this.#stream, text);
  }

  /** The TaskManager's thread has taken so many characters, or cannot (the stream is closed). */
  acknowledge(stream: StreamName, chars: number, failure: Error | undefined): void {
    this.#unacknowledged -= chars;
    if (failure !== undefined) this.#failures[stream] = failure;
    if (failure === undefined && this.#unacknowledged > HIGH_WATER_CHARS) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { stream: waited, resolve, reject } of waiting) {
      const broken = this.#failures[waited];
      if (broken === undefined) resolve();
      else reject(broken);
    }
  }

  #schedule(): void {
    this.#scheduled = true;
    this.#ports.later(() => {
      this.#scheduled = false;
      this.flush();
    });
  }
}

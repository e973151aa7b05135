import { systemClock, type Clock } from '@millrace/core/base/clock';
import { UsageError } from '@millrace/core/base/errors';
import { Duration, type DurationLike } from '@millrace/core/config/duration';
import { connectSocket } from '@millrace/core/net/node/node-socket';
import type { Connect, SocketAddress, SocketConnection } from '@millrace/core/net/socket';

export interface ReconnectionOptions {
  /** How often a connection that failed or was lost is tried again, in a row, without a byte in between; −1: for ever. */
  readonly maxRetries?: number;
  /** Before each try. 500 ms unless set. */
  readonly retryDelay?: DurationLike;
}

/** Where connections and time come from, for tests. */
export interface SocketPorts {
  readonly connect: Connect;
  readonly clock: Clock;
}

export const SYSTEM_SOCKETS: SocketPorts = { connect: connectSocket, clock: systemClock };

/** Makes connections to one address, again and again, as often as the options allow. Owned by one source or sink in one subtask. */
export class Reconnection {
  readonly #address: SocketAddress;
  readonly #ports: SocketPorts;
  readonly #signal: AbortSignal;
  readonly #maxRetries: number;
  readonly #delayMs: number;
  #retries = 0; // in a row

  constructor(address: SocketAddress, options: Required<ReconnectionOptions>, ports: SocketPorts, signal: AbortSignal) {
    this.#address = address;
    this.#maxRetries = options.maxRetries;
    this.#delayMs = Duration.from(options.retryDelay).toMillis();
    this.#ports = ports;
    this.#signal = signal;
  }

  /** Throws the last failure when there is no try left. */
  async connect(): Promise<SocketConnection> {
    for (;;) {
      try {
        return await this.#ports.connect(this.#address, this.#signal);
      } catch (error) {
        if (this.#signal.aborted || !(await this.mayRetry())) throw error;
      }
    }
  }

  /** After a loss: waits for the time of the next try. False where there is none, or the signal was aborted. */
  async mayRetry(): Promise<boolean> {
    if (this.#maxRetries !== -1 && this.#retries >= this.#maxRetries) return false;
    this.#retries += 1;
    await this.#delay();
    return !this.#signal.aborted;
  }

  /** Bytes went through: tries are counted anew. */
  succeeded(): void {
    this.#retries = 0;
  }

  #delay(): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#ports.clock.schedule(this.#delayMs, resolve);
      const stop = () => {
        timer.cancel();
        resolve();
      };
      if (this.#signal.aborted) stop();
      else this.#signal.addEventListener('abort', stop, { once: true });
    });
  }
}

const PORT_MAX = 65_535;

export function checkAddress(host: unknown, port: unknown, where: string): SocketAddress {
  if (typeof host !== 'string' || host.trim() === '')
    throw new UsageError(`${where} got ${host === '' ? 'an empty text' : String(host)} as the host. Give a name or an address.`);
  if (!Number.isInteger(port) || (port as number) < 1 || (port as number) > PORT_MAX)
    throw new UsageError(`${where} got ${String(port)} as the port. Give a whole number from 1 to ${PORT_MAX}.`);
  return { host, port: port as number };
}

export function checkReconnection(options: ReconnectionOptions, maxRetries: number, where: string): Required<ReconnectionOptions> {
  const made = { maxRetries, ...options, retryDelay: options.retryDelay ?? Duration.ofMillis(500) };
  if (!Number.isInteger(made.maxRetries) || made.maxRetries < -1)
    throw new UsageError(`${where} got ${String(made.maxRetries)} as maxRetries. Give a whole number of 0 or more, or -1 to try for ever.`);
  if (Duration.from(made.retryDelay).toMillis() < 0)
    throw new UsageError(`${where} got a negative retryDelay. Give a duration of 0 or more.`);
  return made;
}

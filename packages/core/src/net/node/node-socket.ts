import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { isMillraceError, RetryableError } from '../../base/errors.ts';
import type { Connect, SocketAddress, SocketConnection } from '../socket.ts';

export const connectSocket: Connect = async (address, signal) => {
  const socket = connect({ host: address.host, port: address.port, signal });
  try {
    await once(socket, 'connect', { signal });
  } catch (error) {
    socket.destroy();
    throw socketError('connect to', address, error);
  }
  return new NodeConnection(socket, address);
};

class NodeConnection implements SocketConnection {
  readonly #socket: Socket;
  readonly #address: SocketAddress;
  #broken: unknown;
  #ended = false;

  constructor(socket: Socket, address: SocketAddress) {
    this.#socket = socket;
    this.#address = address;
    socket.on('error', (error) => {
      this.#broken ??= error;
    });
    socket.on('end', () => {
      this.#ended = true;
    });
    socket.on('close', () => {
      this.#ended = true;
    });
  }

  get isOpen(): boolean {
    return !this.#ended && this.#broken === undefined;
  }

  discardInput(): void {
    this.#socket.resume();
  }

  async *chunks(): AsyncIterable<Uint8Array> {
    try {
      for await (const chunk of this.#socket) yield chunk as Uint8Array;
    } catch (error) {
      throw socketError('read from', this.#address, error);
    }
  }

  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      if (!this.isOpen) {
        reject(socketError('write to', this.#address, this.#broken ?? new Error('the peer has ended the connection')));
        return;
      }
      this.#socket.write(bytes, (error) => (error ? reject(socketError('write to', this.#address, error)) : resolve()));
    });
  }

  close(): Promise<void> {
    const socket = this.#socket;
    if (socket.closed) return Promise.resolve();
    return new Promise((resolve) => {
      socket.once('close', () => resolve());
      if (this.isOpen) socket.end(() => socket.destroy());
      else socket.destroy();
    });
  }
}

function socketError(action: string, { host, port }: SocketAddress, cause: unknown): unknown {
  if (isMillraceError(cause)) return cause;
  return new RetryableError(`Cannot ${action} ${host}:${port}: ${causeOf(cause)}.`, { cause, reason: 'socket' });
}

/** A host with several addresses fails with all their errors; the last one says enough. */
function causeOf(cause: unknown): string {
  if (cause instanceof AggregateError && cause.errors.length > 0) return causeOf(cause.errors.at(-1));
  return cause instanceof Error ? cause.message : String(cause);
}

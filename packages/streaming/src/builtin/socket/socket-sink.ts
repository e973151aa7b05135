/**
 * Sends each record over a socket, as bytes that a schema makes of it. Flink: SocketClientSink. Not parallel: one connection.
 *
 * K1 what was written is sent in batches: when one is full, when there is nothing to read, and at the end.
 * K2 a connection that is lost is made anew, and the batch under way is sent again from its beginning: the peer may see its records twice. What the system had taken
 *    before the loss may never arrive: TCP does not say. Whoever needs more uses a system that confirms.
 */
import { UsageError } from '@millrace/core/base/errors';
import type { SocketAddress, SocketConnection } from '@millrace/core/net/socket';
import type { MaybePromise } from '../../contract/emittable.ts';
import type { Sink, SinkWriter } from '../../contract/sink.ts';
import {
  checkAddress,
  checkReconnection,
  Reconnection,
  type ReconnectionOptions,
  type SocketPorts,
  SYSTEM_SOCKETS,
} from './reconnection.ts';

/** A record as bytes, or as text, which is sent as UTF-8; with its delimiter, if it is to have one. Flink: SerializationSchema. */
export interface SerializationSchema<in T> {
  readonly serialize: (record: T) => string | Uint8Array;
}

export type SocketSchema<T> = SerializationSchema<T> | ((record: T) => string | Uint8Array);

export interface SocketSinkOptions extends ReconnectionOptions {
  /** For tests. */
  readonly ports?: SocketPorts;
}

const BATCH_BYTES = 32 * 1024;
const RETRIES = 3;

export class SocketSink<in T> implements Sink<T> {
  readonly #address: SocketAddress;
  readonly #serialize: (record: T) => string | Uint8Array;
  readonly #reconnection: Required<ReconnectionOptions>;
  readonly #ports: SocketPorts;

  constructor(host: string, port: number, schema: SocketSchema<T>, options: SocketSinkOptions = {}) {
    this.#address = checkAddress(host, port, 'writeToSocket');
    this.#reconnection = checkReconnection(options, RETRIES, 'writeToSocket');
    this.#serialize = serializeOf(schema);
    this.#ports = options.ports ?? SYSTEM_SOCKETS;
  }

  async createWriter(): Promise<SinkWriter<T>> {
    const closed = new AbortController();
    const tries = new Reconnection(this.#address, this.#reconnection, this.#ports, closed.signal);
    const connection = await tries.connect();
    return new SocketWriter<T>({ serialize: this.#serialize, tries, closed, connection });
  }
}

interface SocketWriterParts<T> {
  readonly serialize: (record: T) => string | Uint8Array;
  readonly tries: Reconnection;
  readonly closed: AbortController;
  readonly connection: SocketConnection;
}

class SocketWriter<T> implements SinkWriter<T> {
  readonly #serialize: (record: T) => string | Uint8Array;
  readonly #tries: Reconnection;
  readonly #closed: AbortController;
  readonly #text = new TextEncoder();
  #connection: SocketConnection;
  #batch: Uint8Array[] = [];
  #batchBytes = 0;

  constructor({ serialize, tries, closed, connection }: SocketWriterParts<T>) {
    this.#serialize = serialize;
    this.#tries = tries;
    this.#closed = closed;
    this.#connection = connection;
    connection.discardInput();
  }

  write(record: T): MaybePromise<void> {
    const made = this.#serialize(record);
    const bytes = typeof made === 'string' ? this.#text.encode(made) : checkBytes(made);
    this.#batch.push(bytes);
    this.#batchBytes += bytes.byteLength;
    if (this.#batchBytes >= BATCH_BYTES) return this.flush();
  }

  async flush(): Promise<void> {
    if (this.#batchBytes === 0) return;
    const bytes = concatenated(this.#batch, this.#batchBytes);
    this.#batch = [];
    this.#batchBytes = 0;
    await this.#send(bytes);
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await this.#connection.close();
  }

  async #send(bytes: Uint8Array): Promise<void> {
    for (;;) {
      try {
        await this.#connection.write(bytes);
        this.#tries.succeeded();
        return;
      } catch (error) {
        await this.#connection.close();
        if (this.#closed.signal.aborted || !(await this.#tries.mayRetry())) throw error;
        this.#connection = await this.#tries.connect();
        this.#connection.discardInput();
      }
    }
  }
}

function serializeOf<T>(schema: SocketSchema<T>): (record: T) => string | Uint8Array {
  if (typeof schema === 'function') return schema;
  const { serialize } = (schema ?? {}) as Partial<SerializationSchema<T>>;
  if (typeof serialize !== 'function')
    throw new UsageError(
      'writeToSocket got no schema. Give it a function from a record to text or bytes, or an object with such a method serialize.',
    );
  return (record) => schema.serialize(record);
}

function checkBytes(made: unknown): Uint8Array {
  if (made instanceof Uint8Array) return made;
  throw new UsageError(`The schema of writeToSocket made a value of type ${typeof made} of a record. Return a text or a Uint8Array.`);
}

function concatenated(parts: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let filled = 0;
  for (const part of parts) {
    bytes.set(part, filled);
    filled += part.byteLength;
  }
  return bytes;
}

/** A connection as sources and sinks see it: bytes in, bytes out, both with back-pressure. */
export interface SocketAddress {
  readonly host: string;
  readonly port: number;
}

export interface SocketConnection {
  /** False from when the peer has ended it, or it broke. */
  readonly isOpen: boolean;
  /** What the peer sends, until it ends the connection. Throws a `RetryableError` when the connection breaks. For one reader. */
  chunks(): AsyncIterable<Uint8Array>;
  /** For who only writes: what the peer sends is dropped. Without it, nobody would see that the peer has ended the connection. */
  discardInput(): void;
  /** Settles when the system has taken the bytes, which does not mean that the peer has. The caller does not change them before that. */
  write(bytes: Uint8Array): Promise<void>;
  /** Ends it after what was written; settles when it is closed. */
  close(): Promise<void>;
}

/** Rejects with a `RetryableError` that names the address, or when the signal is aborted. */
export type Connect = (address: SocketAddress, signal: AbortSignal) => Promise<SocketConnection>;

/**
 * Streams of state that a slot writes for one checkpoint: the seam between those who have state and the store. Every stream begins with a header, so offsets count
 * from there; what is in it only the handles say.
 */
import type { CheckpointLocation } from './checkpoint-options.ts';
import type { StreamHandle } from './state-handles.ts';

/** `exclusive` goes with its checkpoint; `shared` may be referred to by later ones. */
export type StreamScope = 'exclusive' | 'shared';

export interface StateStream {
  /** Where the next byte goes. */
  readonly position: number;
  /** Settles when there is room for more, and the bytes are the caller's again; one call at a time. */
  write(bytes: Uint8Array): Promise<void>;
  /** Settles when the bytes would survive a power failure. */
  finish(): Promise<StreamHandle>;
  /** Removes what was written. May be called at any time, and after `finish`. */
  discard(): Promise<void>;
}

export interface CheckpointStreams {
  create(location: CheckpointLocation, scope: StreamScope): StateStream;
}

/** "MRSTATE" and the version of the stream's frame. */
export const STREAM_HEADER: Uint8Array = Uint8Array.of(0x4d, 0x52, 0x53, 0x54, 0x41, 0x54, 0x45, 1);

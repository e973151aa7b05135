/**
 * The header of a ring: 32-bit words in shared memory, each written by one side (the waiting mark apart). What is written by the same side often stands in
 * the same cache line, what is written by the other side never does.
 *
 * Positions count bytes of one endless stream from the start of an attempt, modulo 2^32. Only differences are taken, and these are below 2^31, because a ring
 * has fewer bytes than that; so a channel never runs out of positions.
 */

import type { NetworkMemory, SegmentOwner } from '../memory/network-memory.ts';
import type { ChannelAttachment } from '../protocol/slot-messages.ts';
import type { ChannelFlow } from './channel.ts';

// Written by the producer.
/** The position up to which the consumer may read. */
export const WRITTEN = 0;
/** The producer's attempt + 1; 0 before the first. What the other words of this line say counts only for a reader of the same attempt. */
export const WRITER_EPOCH = 1;
/** The attempt + 1 of the writer that was closed last. */
export const WRITER_CLOSED = 2;
/** Reserved for unaligned checkpoints: the low and the high half of the id of the barrier that overtakes, and the position that it overtook. */
export const BARRIER_ID_LOW = 4;
export const BARRIER_ID_HIGH = 5;
export const BARRIER_POSITION = 6;

// Written by the consumer.
/** How many segments the consumer has left: the credit that came back. */
export const CONSUMED = 16;
export const READER_EPOCH = 17;
export const READER_CLOSED = 18;
/** Bytes of each segment that the producer shall use, 0 for all of them: a wish that counts from its next segment on. */
export const BUFFER_BYTES = 19;

// Written by the producer, taken away by the consumer.
/** 1 while the producer wants its doorbell rung once `CONSUMED` has reached `WANTED`. */
export const WAITING = 32;
export const WANTED = 33;

const CONTROL_WORDS = 48;

export const RING_CONTROL_BYTES = CONTROL_WORDS * Int32Array.BYTES_PER_ELEMENT;

/** Exclusive segments of a channel; `taskmanager.network.memory.buffers-per-channel`. One is enough to work, two to overlap, more absorb bursts. */
export const DEFAULT_SEGMENTS_PER_CHANNEL = 8;

export type RingAttachment = Extract<ChannelAttachment, { readonly kind: 'ring' }>;
/** A ring without the doorbell, which differs for its two ends. */
export type Ring = Omit<RingAttachment, 'peerDoorbell'>;

/** One end of a ring, as its task opens it. */
export interface RingEnd {
  readonly attachment: RingAttachment;
  readonly flow: ChannelFlow;
  readonly attempt: number; // from 0
}

/** Allocates a ring; its segments belong to `owner` until `memory.release(owner)`. */
export function createRing(memory: NetworkMemory, owner: SegmentOwner, segments: number): Ring {
  return {
    kind: 'ring',
    control: new SharedArrayBuffer(RING_CONTROL_BYTES),
    memory: memory.buffer,
    segments: memory.allocate(owner, segments),
  };
}

/** What one of the ends gets: the ring, and the doorbell of the slot at the other end. */
export function attachRing(ring: Ring, peerDoorbell: SharedArrayBuffer): RingAttachment {
  return { ...ring, peerDoorbell };
}

export function controlWords(attachment: RingAttachment): Int32Array {
  return new Int32Array(attachment.control, 0, CONTROL_WORDS);
}

/**
 * The network memory of one TaskManager: segments of 32 KiB in one shared buffer, which every slot maps once.
 *
 * Owns the buffer and the list of who has which segment. Only the TaskManager's main thread allocates and releases; slots get segment indexes.
 *
 * M1 a segment has at most one owner; an owner is a channel and the attempt (epoch) that writes it.
 * M2 allocation gives all that was asked for, or throws and changes nothing.
 * M3 `free + used = total` at all times; a job that has ended has no owner left here (`describeOwners` is empty).
 */
import { invariant } from '@millrace/core/base/assert';
import { ConfigError } from '@millrace/core/base/errors';
import { SEGMENT_BYTES } from './segment.ts';

/** Node allows larger buffers, but offsets into one memory stay small integers of V8 up to here. */
const MAX_SEGMENTS = 0x8000_0000 / SEGMENT_BYTES - 1;

export interface SegmentOwner {
  /** Unique in the TaskManager: the job's id and the channel's. */
  readonly channel: string;
  readonly epoch: number;
}

export class NetworkMemory {
  readonly buffer: SharedArrayBuffer;
  readonly totalSegments: number;
  /** A stack: what was released last is used first, while it is still in the caches. */
  private readonly freeList: number[];
  /** By channel, then by epoch. */
  private readonly owners = new Map<string, Map<number, readonly number[]>>();

  private constructor(segments: number) {
    this.buffer = new SharedArrayBuffer(segments * SEGMENT_BYTES);
    this.totalSegments = segments;
    this.freeList = Array.from({ length: segments }, (_, index) => segments - 1 - index);
  }

  /** Of `bytes`, rounded down to whole segments. The pages of segments that were never used cost no physical memory. */
  static create(bytes: number): NetworkMemory {
    const segments = Math.floor(bytes / SEGMENT_BYTES);
    if (!(segments >= 1 && segments <= MAX_SEGMENTS)) {
      throw new ConfigError(
        `taskmanager.memory.network.size is ${bytes} bytes. ` +
          `Give at least one segment (${SEGMENT_BYTES} bytes) and at most ${MAX_SEGMENTS * SEGMENT_BYTES} bytes.`,
        { reason: 'network-memory-size' },
      );
    }
    return new NetworkMemory(segments);
  }

  get freeSegments(): number {
    return this.freeList.length;
  }

  get usedSegments(): number {
    return this.totalSegments - this.freeList.length;
  }

  /** Indexes of `count` segments that belong to the owner until it is released. */
  allocate(owner: SegmentOwner, count: number): readonly number[] {
    invariant(Number.isSafeInteger(count) && count >= 1, () => `${owner.channel} asks for ${count} segments; a channel has at least one`);
    const epochs = this.owners.get(owner.channel) ?? new Map<number, readonly number[]>();
    invariant(!epochs.has(owner.epoch), () => `attempt ${owner.epoch} of ${owner.channel} already has segments`);
    if (count > this.freeList.length) throw this.exhausted(owner, count);
    const segments = this.freeList.splice(this.freeList.length - count).reverse();
    epochs.set(owner.epoch, segments);
    this.owners.set(owner.channel, epochs);
    return segments;
  }

  /** Takes back what the owner has; returns how many segments that was, 0 for an owner that has none (releasing twice is harmless). */
  release(owner: SegmentOwner): number {
    const epochs = this.owners.get(owner.channel);
    const segments = epochs?.get(owner.epoch);
    if (epochs === undefined || segments === undefined) return 0;
    for (let i = segments.length - 1; i >= 0; i -= 1) this.freeList.push(segments[i]!);
    epochs.delete(owner.epoch);
    if (epochs.size === 0) this.owners.delete(owner.channel);
    return segments.length;
  }

  /** Takes back what attempts before `epoch` of the channel left; returns how many segments that was. */
  releaseBefore(owner: SegmentOwner): number {
    const older = [...(this.owners.get(owner.channel)?.keys() ?? [])].filter((epoch) => epoch < owner.epoch);
    return older.reduce((sum, epoch) => sum + this.release({ channel: owner.channel, epoch }), 0);
  }

  /** `channel#epoch: segments`, for the leak check and for messages. */
  describeOwners(): readonly string[] {
    return [...this.owners].flatMap(([channel, epochs]) =>
      [...epochs].map(([epoch, segments]) => `${channel}#${epoch}: ${segments.length}`),
    );
  }

  private exhausted(owner: SegmentOwner, count: number): ConfigError {
    return new ConfigError(
      `The network memory is used up: channel ${owner.channel} needs ${count} segments of ${SEGMENT_BYTES} bytes, ` +
        `${this.freeList.length} of ${this.totalSegments} are free. ` +
        `Raise taskmanager.memory.network.size (now ${this.totalSegments * SEGMENT_BYTES} bytes), ` +
        'lower taskmanager.network.memory.buffers-per-channel, or lower the parallelism.',
      { reason: 'network-memory-exhausted' },
    );
  }
}

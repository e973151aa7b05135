/**
 * Buffer debloating: bounds what is in flight towards a task to what the task drains in a given time, so that a barrier that is behind it under back-pressure does not
 * wait longer. Flink: `BufferDebloater`.
 *
 * Owned by the task; looked at by its tasklet, every few milliseconds at most.
 * D1 speed is bytes drained in the time in which the task was not idle: a task that waits for input says nothing about how fast it could be.
 * D2 all channels of the task that brought something share the bytes; each gets the same size of buffer, from BUFFER_BYTES_MIN up to a segment.
 * D3 the size follows the speed smoothly, up as slowly as down, and small changes are not told.
 */
import type { BufferDebloatSettings } from '@millrace/streaming/graph/job-graph';
import { SEGMENT_BYTES } from '../memory/segment.ts';
import type { ChannelReader } from '../network/channel.ts';

const BUFFER_BYTES_MIN = 256;

type Measured = Pick<ChannelReader<unknown>, 'bytesDrained' | 'buffers' | 'setBufferSize'>;

export class BufferDebloater {
  /** What the channels were told last. */
  bufferBytes = SEGMENT_BYTES;
  /** How long the task needs, at its speed, for all buffers of that size; 0 before there is a speed. */
  estimatedTimeToConsumeMs = 0;
  readonly #settings: BufferDebloatSettings;
  readonly #readers: readonly Measured[];
  readonly #drained: Float64Array; // by channel, when it was looked at last
  #smoothBytes = SEGMENT_BYTES;
  #lookedMs: number | undefined = undefined;
  #idleMs = 0;

  constructor(settings: BufferDebloatSettings, readers: readonly Measured[]) {
    this.#settings = settings;
    this.#readers = readers;
    this.#drained = new Float64Array(readers.length);
  }

  /** `idleMs`: for how long the task has been idle in all. */
  look(nowMs: number, idleMs: number): void {
    const sinceMs = this.#lookedMs ?? nowMs;
    if (this.#lookedMs !== undefined && nowMs - sinceMs < this.#settings.periodMs) return;
    const activeMs = nowMs - sinceMs - (idleMs - this.#idleMs);
    this.#lookedMs = nowMs;
    this.#idleMs = idleMs;
    const { bytes, buffers } = this.#measure();
    if (bytes > 0 && activeMs > 0) this.#follow(bytes / activeMs, buffers);
  }

  #measure(): { readonly bytes: number; readonly buffers: number } {
    let bytes = 0;
    let buffers = 0;
    this.#readers.forEach((reader, channel) => {
      const since = reader.bytesDrained - (this.#drained[channel] as number);
      this.#drained[channel] = reader.bytesDrained;
      if (since <= 0) return;
      bytes += since;
      buffers += reader.buffers;
    });
    return { bytes, buffers };
  }

  #follow(bytesPerMs: number, buffers: number): void {
    const { targetMs, samples, thresholdPercentage } = this.#settings;
    const wanted = Math.min((bytesPerMs * targetMs) / buffers, 2 * this.#smoothBytes);
    const weight = 2 / (samples + 1);
    this.#smoothBytes = Math.min(SEGMENT_BYTES, Math.max(BUFFER_BYTES_MIN, weight * wanted + (1 - weight) * this.#smoothBytes));
    const next = Math.round(this.#smoothBytes);
    const isLimit = next === BUFFER_BYTES_MIN || next === SEGMENT_BYTES;
    const change = Math.abs(next - this.bufferBytes) / this.bufferBytes;
    if (next !== this.bufferBytes && (isLimit || change * 100 >= thresholdPercentage)) this.#tell(next);
    this.estimatedTimeToConsumeMs = (this.bufferBytes * buffers) / bytesPerMs;
  }

  #tell(bufferBytes: number): void {
    this.bufferBytes = bufferBytes;
    for (const reader of this.#readers) reader.setBufferSize(bufferBytes === SEGMENT_BYTES ? 0 : bufferBytes);
  }
}

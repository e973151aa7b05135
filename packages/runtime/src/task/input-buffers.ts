/** What is in flight towards a task: its figures, and how much it may be. Owned by the task's tasklet. */
import type { BufferDebloatSettings } from '@millrace/streaming/graph/job-graph';
import type { ChannelReader } from '../network/channel.ts';
import { BufferDebloater } from './buffer-debloater.ts';
import type { TaskMetrics } from './task-metrics.ts';

export class InputBuffers {
  readonly #readers: readonly ChannelReader<unknown>[];
  readonly #debloater: BufferDebloater | undefined;

  constructor(readers: readonly ChannelReader<unknown>[], debloat: BufferDebloatSettings | undefined) {
    this.#readers = readers;
    this.#debloater = debloat === undefined || readers.length === 0 ? undefined : new BufferDebloater(debloat, readers);
  }

  publish(nowMs: number, metrics: TaskMetrics): void {
    let bytes = 0;
    for (const { bytesInFlight } of this.#readers) bytes += bytesInFlight;
    metrics.inputQueueSize = bytes;
    const debloater = this.#debloater;
    if (debloater === undefined) return;
    debloater.look(nowMs, metrics.idleTimeMs);
    metrics.debloatedBufferSize = debloater.bufferBytes;
    metrics.estimatedTimeToConsumeBuffersMs = debloater.estimatedTimeToConsumeMs;
  }
}

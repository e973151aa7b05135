/**
 * Records that wait in a file, first in, first out, in one thread: written by the codec of their edge, and new objects when they come back.
 *
 * Owned by one queue. A ring whose two ends are here, over overdraft that keeps nothing in memory (overdraft.ts), does all of the work.
 */
import { invariant } from '@millrace/core/base/assert';
import type { Codec } from '@millrace/core/types/type-information';
import { NO_TIMESTAMP } from '@millrace/streaming/contract/timestamp';
import { NetworkMemory } from '../memory/network-memory.ts';
import { SEGMENT_BYTES } from '../memory/segment.ts';
import type { ChannelReader, ChannelWriter } from './channel.ts';
import { Doorbell } from './doorbell.ts';
import { createEdgeChannels } from './edge-channels.ts';
import type { SpillSink } from './overdraft.ts';
import { attachRing, createRing } from './ring-control.ts';

const SEGMENTS = 2;

export interface RecordSpillOptions {
  /** Whose it is: for messages and the file's name. */
  readonly name: string;
  readonly codec: Pick<Codec<unknown>, 'createEncoder' | 'createDecoder'>;
  readonly openSpill: (name: string) => SpillSink;
}

export class RecordSpill {
  /** Of the record that `take` gave last. */
  timestamp = NO_TIMESTAMP;
  readonly #writer: ChannelWriter<unknown>;
  readonly #reader: ChannelReader<unknown>;
  readonly #flow = { timestamp: NO_TIMESTAMP, blocked: 0 };
  #taken: unknown = undefined;
  readonly #handler = {
    processRecord: (record: unknown) => {
      this.#taken = record;
    },
  };

  constructor({ name, codec, openSpill }: RecordSpillOptions) {
    const memory = NetworkMemory.create(SEGMENTS * SEGMENT_BYTES);
    const ring = attachRing(createRing(memory, { channel: name, epoch: 0 }, SEGMENTS), Doorbell.createMemory());
    const channels = createEdgeChannels(name, { code: 'shared', spill: () => openSpill(name), memoryCapBytes: 0 });
    this.#writer = channels.openRingWriter(ring, codec.createEncoder(), { timestamp: 0, blocked: 0 }, 0);
    this.#reader = channels.openRingReader(ring, codec.createDecoder(), this.#flow, 0);
  }

  write(record: unknown, timestamp: number): void {
    this.#writer.write(record, timestamp);
  }

  /** The oldest record; there must be one. */
  take(): unknown {
    this.#reader.drain(this.#handler, 1);
    while (this.#reader.drained === 0) {
      this.#writer.tryDrain();
      this.#writer.flush();
      invariant(this.#reader.hasData(), () => 'a spill was asked for more records than were written to it');
      this.#reader.drain(this.#handler, 1);
    }
    const record = this.#taken;
    this.#taken = undefined;
    this.timestamp = this.#flow.timestamp;
    return record;
  }

  close(): void {
    this.#writer.close();
    this.#reader.close();
  }
}

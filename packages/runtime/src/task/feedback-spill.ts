import type { Codec } from '@millrace/core/types/type-information';
import { NetworkMemory } from '../memory/network-memory.ts';
import { SEGMENT_BYTES } from '../memory/segment.ts';
import type { ChannelFlow } from '../network/channel.ts';
import { Doorbell } from '../network/doorbell.ts';
import { createEdgeChannels } from '../network/edge-channels.ts';
import type { OverdraftOptions } from '../network/overdraft.ts';
import { attachRing, createRing } from '../network/ring-control.ts';
import type { FeedbackSpill } from './feedback-queue.ts';

/** What is written to before the overdraft. */
const SEGMENTS = 2;

export interface FeedbackSpillOptions extends OverdraftOptions {
  readonly name: string;
  readonly codec: Codec<unknown>;
}

/** A ring whose two ends are in this thread: bytes in a little memory, then overdraft, then a file. Its writer blocks nobody: the flow that it raises is its own. */
export function openFeedbackSpill(headFlow: ChannelFlow, { name, codec, ...overdraft }: FeedbackSpillOptions): FeedbackSpill {
  const memory = NetworkMemory.create(SEGMENTS * SEGMENT_BYTES);
  const ring = attachRing(createRing(memory, { channel: name, epoch: 0 }, SEGMENTS), Doorbell.createMemory());
  const channels = createEdgeChannels(name, { code: 'shared', ...overdraft });
  return {
    writer: channels.openRingWriter(ring, codec.createEncoder(), { timestamp: 0, blocked: 0 }, 0),
    reader: channels.openRingReader(ring, codec.createDecoder(), headFlow, 0),
  };
}

import type { Decoder, Encoder } from '@millrace/core/types/type-information';
import type { ChannelFlow, ChannelReader, ChannelWriter } from './channel.ts';
import { createEdgeCode, SHARED_EDGE_CODE } from './edge-code.ts';
import { createLocalChannel, type LocalChannel, type LocalChannelOptions } from './local-channel.ts';
import type { OverdraftOptions } from './overdraft.ts';
import type { RingAttachment } from './ring-control.ts';

/**
 * Opens the channels of one edge in one slot. They share generated code with each other and with no other edge (edge-code.ts), so make one for each edge of
 * a task and open all its channels with it. The functions of the same names in other files open channels with the code that all edges share.
 */
export interface EdgeChannels {
  openRingWriter<T>(attachment: RingAttachment, encoder: Encoder<T>, flow: ChannelFlow, epoch: number): ChannelWriter<T>;
  openRingReader<T>(attachment: RingAttachment, decoder: Decoder<T>, flow: ChannelFlow, epoch: number): ChannelReader<T>;
  createLocalChannel<T>(producer: ChannelFlow, consumer: ChannelFlow, options?: Omit<LocalChannelOptions, 'Reader'>): LocalChannel<T>;
}

export interface EdgeChannelsOptions extends OverdraftOptions {
  /** `shared`: the interpreter twins, which is also what hosts without `new Function` get. */
  readonly code?: 'generated' | 'shared';
}

/** `name` is what profiles and stack traces show. */
export function createEdgeChannels(name: string, options: EdgeChannelsOptions = {}): EdgeChannels {
  const code = options.code === 'shared' ? SHARED_EDGE_CODE : createEdgeCode(name);
  return {
    openRingWriter: (attachment, encoder, flow, epoch) => new code.RingWriter({ attachment, flow, attempt: epoch }, encoder, options),
    openRingReader: (attachment, decoder, flow, epoch) => new code.RingReader({ attachment, flow, attempt: epoch }, decoder),
    createLocalChannel: (producer, consumer, local) => createLocalChannel(producer, consumer, { ...local, Reader: code.LocalReader }),
  };
}

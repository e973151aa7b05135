/**
 * Brings records to the client that runs the job (`executeAndCollect`): batches of one codec's bytes.
 *
 * C1 every batch is self-contained: shapes are told anew in each, so that batches of several subtasks, and recorded ones, can be read in any order.
 * C2 a batch begins with the number of its records (4 bytes, little-endian): a record may have no bytes at all.
 * C3 the next batch is sent when the client has taken the last, so a client that stops reading stops the job, not its memory.
 */
import { BytesReader } from '@millrace/core/bytes/bytes-reader';
import { BytesWriter } from '@millrace/core/bytes/bytes-writer';
import { createCodec } from '@millrace/core/types/codec';
import { descriptionOf } from '@millrace/core/types/types';
import type { Codec, Encoder, TypeInformation } from '@millrace/core/types/type-information';
import type { MaybePromise } from '../contract/emittable.ts';
import type { Sink, SinkWriter, WriterInitContext } from '../contract/sink.ts';

const HEADER_BYTES = 4;
const BATCH_BYTES = 64 * 1024;
const BATCH_RECORDS = 4_096;

export class CollectSink<in out T> implements Sink<T> {
  readonly #type: TypeInformation<T> | undefined;

  constructor(type?: TypeInformation<T>) {
    this.#type = type;
  }

  createWriter(context: WriterInitContext): SinkWriter<T> {
    return new CollectWriter(codecOf(this.#type), context);
  }
}

/** The records of one batch, given the same type as the sink. */
export function decodeCollected<T>(type: TypeInformation<T> | undefined, bytes: Uint8Array): T[] {
  const decoder = codecOf(type).createDecoder();
  const input = new BytesReader(bytes);
  const count = input.view.getUint32(0, true);
  input.position = HEADER_BYTES;
  const records: T[] = [];
  for (let index = 0; index < count; index += 1) records.push(decoder.read(input));
  return records;
}

function codecOf<T>(type: TypeInformation<T> | undefined): Codec<T> {
  return createCodec(descriptionOf(type)) as Codec<T>;
}

class CollectWriter<T> implements SinkWriter<T> {
  readonly #codec: Codec<T>;
  readonly #context: WriterInitContext;
  readonly #output = new BytesWriter(new Uint8Array(4_096));
  #encoder: Encoder<T>;
  #records = 0;

  constructor(codec: Codec<T>, context: WriterInitContext) {
    this.#codec = codec;
    this.#context = context;
    this.#encoder = codec.createEncoder();
    this.#begin();
  }

  write(record: T): MaybePromise<void> {
    this.#output.mark = this.#output.position;
    this.#encoder.write(record, this.#output);
    this.#records += 1;
    if (this.#output.position >= BATCH_BYTES || this.#records === BATCH_RECORDS) return this.flush();
  }

  flush(): MaybePromise<void> {
    if (this.#records === 0) return;
    const bytes = this.#output.toBytes();
    new DataView(bytes.buffer, bytes.byteOffset).setUint32(0, this.#records, true);
    this.#encoder = this.#codec.createEncoder();
    this.#records = 0;
    this.#begin();
    return this.#context.sendToClient(bytes);
  }

  close(): void {}

  #begin(): void {
    this.#output.reset();
    this.#output.ensure(HEADER_BYTES);
    this.#output.position = HEADER_BYTES;
  }
}

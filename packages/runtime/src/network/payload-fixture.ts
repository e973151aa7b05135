/** Records for channel tests: a serial number and bytes that follow from it, so that each can be checked alone, and their codec. */
import assert from 'node:assert/strict';
import { InvariantError } from '@millrace/core/base/errors';
import type { BytesReader } from '@millrace/core/bytes/bytes-reader';
import type { BytesWriter } from '@millrace/core/bytes/bytes-writer';
import type { Decoder, Encoder } from '@millrace/core/types/type-information';

export interface Payload {
  readonly serial: number;
  readonly bytes: Uint8Array;
}

const FIELDS_BYTES = 8;
/** What a payload of no bytes takes behind the element's header, without timestamp. */
export const PAYLOAD_MINIMUM = FIELDS_BYTES;

/** Byte i of record n is (31 n + i) mod 256: a cut from one endless pattern. */
let pattern: Buffer = patternOf(1 << 20);

function patternOf(size: number): Buffer {
  return Buffer.from(Uint8Array.from({ length: size }, (_, i) => i));
}

function bytesOf(serial: number, size: number): Buffer {
  if (pattern.byteLength < size + 256) pattern = patternOf(size + 256);
  const start = (serial * 31) & 0xff;
  return pattern.subarray(start, start + size);
}

export function payload(serial: number, size: number): Payload {
  return { serial, bytes: Uint8Array.prototype.slice.call(bytesOf(serial, size)) };
}

export function assertPayload(record: Payload, serial: number, size: number): void {
  if (record.serial === serial && bytesOf(serial, size).equals(record.bytes)) return;
  assert.equal(record.serial, serial);
  assert.equal(record.bytes.byteLength, size, `record ${serial}`);
  const wrong = record.bytes.findIndex((byte, i) => byte !== ((serial * 31 + i) & 0xff));
  assert.equal(wrong, -1, `record ${serial}: the byte at ${wrong} of ${size} is wrong`);
}

/** Asks for room in pieces, so that an element moves to larger memory while it is being written. */
const PIECE_BYTES = 10_000;

export const payloadEncoder: Encoder<Payload> = {
  write(record: Payload, output: BytesWriter): void {
    const { bytes } = record;
    output.ensure(FIELDS_BYTES);
    output.view.setUint32(output.position, record.serial, true);
    output.view.setUint32(output.position + 4, bytes.byteLength, true);
    output.position += FIELDS_BYTES;
    for (let from = 0; from < bytes.byteLength; from += PIECE_BYTES) {
      const piece = bytes.subarray(from, from + PIECE_BYTES);
      output.ensure(piece.byteLength);
      output.bytes.set(piece, output.position);
      output.position += piece.byteLength;
    }
  },
};

export const payloadDecoder: Decoder<Payload> = {
  read(input: BytesReader): Payload {
    const serial = input.view.getUint32(input.position, true);
    const size = input.view.getUint32(input.position + 4, true);
    input.position += FIELDS_BYTES;
    if (input.position + size > input.limit) throw new InvariantError(`record ${serial} of ${size} bytes ends at ${input.limit}`);
    const bytes = new Uint8Array(size);
    bytes.set(input.bytes.subarray(input.position, input.position + size));
    input.position += size;
    return { serial, bytes };
  },
};

/**
 * The bytes of `_metadata`: magic, version, length and checksum, then JSON, then the byte arrays that the JSON refers to. Read by any version from 1 on;
 * version 2 is written where there are states in layers (`KeyedStateDelta`), which the first version would take for whole ones.
 *
 * | offset | bytes | what |
 * |---|---|---|
 * | 0 | 8 | "MRCHKPT" and 0x0a |
 * | 8 | 4 | version, big endian |
 * | 12 | 4 | CRC-32 of all that follows |
 * | 16 | 4 | length of the JSON |
 * | 20 | … | JSON, UTF-8; a byte array is `{"$bytes":[offset,size]}`, offsets from the end of the JSON |
 */
import { DataError } from '@millrace/core/base/errors';
import { checksumOf } from '@millrace/core/fs/node/checksum';
import type { CheckpointMetadata } from './checkpoint-metadata.ts';
import { operatorStatesOf } from './metadata-walk.ts';

export const METADATA_VERSION = 2;
const VERSION_WITHOUT_LAYERS = 1;
const MAGIC = Uint8Array.of(0x4d, 0x52, 0x43, 0x48, 0x4b, 0x50, 0x54, 0x0a);
const HEAD_BYTES = 20;
const BYTES = '$bytes';

export function encodeMetadata(metadata: CheckpointMetadata): Uint8Array {
  const arrays: Uint8Array[] = [];
  let size = 0;
  const text = JSON.stringify(metadata, function (this: Record<string, unknown>, name, value: unknown) {
    const bytes = this[name]; // a Buffer has been turned into something else before `value` is seen
    if (!(bytes instanceof Uint8Array)) return value;
    arrays.push(bytes);
    size += bytes.byteLength;
    return { [BYTES]: [size - bytes.byteLength, bytes.byteLength] };
  });
  const json = Buffer.from(text, 'utf8');
  const bytes = Buffer.concat([Buffer.alloc(HEAD_BYTES), json, ...arrays]);
  bytes.set(MAGIC, 0);
  bytes.writeUInt32BE(hasLayers(metadata) ? METADATA_VERSION : VERSION_WITHOUT_LAYERS, 8);
  bytes.writeUInt32BE(json.byteLength, 16);
  bytes.writeUInt32BE(checksumOf(bytes.subarray(16)), 12);
  return bytes;
}

function hasLayers(metadata: CheckpointMetadata): boolean {
  for (const { keyed } of operatorStatesOf(metadata)) if (keyed.some(({ delta }) => delta !== undefined)) return true;
  return false;
}

/** Throws a `DataError` for anything that `encodeMetadata` has not written, or that has changed since: `path` is for the message. */
export function decodeMetadata(bytes: Uint8Array, path: string): CheckpointMetadata {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  checkHead(buffer, path);
  const jsonEnd = HEAD_BYTES + buffer.readUInt32BE(16);
  if (jsonEnd > buffer.byteLength) throw refused(path, 'ends too early');
  try {
    const parsed: unknown = JSON.parse(buffer.toString('utf8', HEAD_BYTES, jsonEnd), (_name, value: unknown) =>
      isReference(value) ? bytesAt(buffer, jsonEnd, value[BYTES], path) : value,
    );
    return parsed as CheckpointMetadata;
  } catch (error) {
    if (error instanceof SyntaxError) throw refused(path, 'holds no readable description');
    throw error;
  }
}

function checkHead(buffer: Buffer, path: string): void {
  if (buffer.byteLength < HEAD_BYTES || !MAGIC.every((byte, index) => buffer[index] === byte))
    throw refused(path, buffer.byteLength < HEAD_BYTES ? 'is too short' : 'is no checkpoint of Millrace');
  const version = buffer.readUInt32BE(8);
  if (version < 1 || version > METADATA_VERSION) {
    throw refused(path, `has format version ${version}; this version reads 1 to ${METADATA_VERSION}`);
  }
  if (checksumOf(buffer.subarray(16)) !== buffer.readUInt32BE(12))
    throw refused(path, 'is damaged: its checksum is not that of its content');
}

function isReference(value: unknown): value is { readonly [BYTES]: readonly unknown[] } {
  return typeof value === 'object' && value !== null && Array.isArray((value as { [BYTES]?: unknown })[BYTES]);
}

function bytesAt(buffer: Buffer, from: number, [offset, size]: readonly unknown[], path: string): Uint8Array {
  const isPlace = typeof offset === 'number' && typeof size === 'number' && offset >= 0 && size >= 0;
  if (!isPlace || from + offset + size > buffer.byteLength) throw refused(path, 'refers to bytes that it has not');
  return new Uint8Array(buffer.buffer, buffer.byteOffset + from + offset, size);
}

function refused(path: string, what: string): DataError {
  return new DataError(
    `The checkpoint cannot be read: '${path}' ${what}. Restore an older one: \`millrace checkpoints <directory>\` lists them.`,
    {
      reason: 'checkpoint-damaged',
    },
  );
}

import { crc32 } from 'node:zlib';

/** CRC-32 (IEEE 802.3) of bytes, an unsigned 32-bit number; `before` continues one. Finds damage, not forgery. */
export function checksumOf(bytes: Uint8Array, before = 0): number {
  return crc32(bytes, before);
}

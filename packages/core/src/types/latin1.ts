/**
 * Code units below 256 as bytes, by whichever way is fastest for the length. Nanoseconds on Node 20, one core of a shared machine, memory shared:
 *
 *   length            3    5    9   15   24   32   50  200
 *   write, loop      10   15   22   34   51   66  100  340
 *   write, Buffer    60 at any length, with the test that no code unit is above 255
 *   read, joined     20   23   40   59   95    .  150  570   (String.fromCharCode of four at a time)
 *   read, Buffer     51 at any length
 *   read, cached     17   17   17   18   26   30   42    .   (string-cache.ts, when the string is there)
 */
import { HostBuffer } from './host-buffer.ts';

/** Up to this length a loop over the code units is faster than a call into the host. */
const LOOP_MAX = HostBuffer === undefined ? Number.POSITIVE_INFINITY : 28;

const WIDE = /[\u0100-\uffff]/;

/** Writes `value` at `position`, where there is room for its length; false (with bytes half written) when a code unit is above 255. */
export function writeLatin1(value: string, bytes: Uint8Array, position: number): boolean {
  const length = value.length;
  if (length > LOOP_MAX) return writeLong(value, bytes, position);
  for (let index = 0; index < length; index++) {
    const unit = value.charCodeAt(index);
    if (unit > 0xff) return false;
    bytes[position + index] = unit;
  }
  return true;
}

function writeLong(value: string, bytes: Uint8Array, position: number): boolean {
  if (WIDE.test(value)) return false;
  HostBuffer!.prototype.latin1Write.call(bytes, value, position, value.length);
  return true;
}

/** Joining is faster than the host's call up to here. */
const JOIN_MAX = 7;
/** String.fromCharCode takes this many arguments at once without danger to the stack. */
const CHUNK = 4_096;

export function uncachedLatin1(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= JOIN_MAX) return joined(bytes, start, end);
  return HostBuffer === undefined ? joinedInChunks(bytes, start, end) : HostBuffer.prototype.latin1Slice.call(bytes, start, end);
}

function joined(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  let index = start;
  for (; index + 4 <= end; index += 4) text += String.fromCharCode(bytes[index]!, bytes[index + 1]!, bytes[index + 2]!, bytes[index + 3]!);
  for (; index < end; index++) text += String.fromCharCode(bytes[index]!);
  return text;
}

/** @cold */
function joinedInChunks(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let from = start; from < end; from += CHUNK) text += String.fromCharCode(...bytes.subarray(from, Math.min(end, from + CHUNK)));
  return text;
}

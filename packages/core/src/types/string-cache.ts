/**
 * Strings that were read before, found by their bytes: channel names, words, codes. A hit makes no string, costs a third of making one, and gives the
 * string whose hash a Map has computed already. Direct-mapped; one per thread, shared by all decoders.
 *
 * Owns: SLOTS strings of up to LONGEST_CACHED characters, and their bytes, some 150 KiB. Texts that are never the same (ids) would only cost: where the
 * cache is of no use for a length, it is asked for every SKIPPED th string only.
 */
import { uncachedLatin1 } from './latin1.ts';

export const LONGEST_CACHED = 32;
const SLOTS = 4_096;
const SKIPPED = 64;
/** A miss costs twice what a hit saves. */
const MISS = 2;
const HEAT_MAX = 64;

const strings: string[] = Array.from({ length: SLOTS }, () => '');
const bytesOf = new Uint8Array(SLOTS * LONGEST_CACHED);
const viewOf = new DataView(bytesOf.buffer);
/** By length: how well the cache did of late; below 0 it counts up to the next try. */
const heat = new Int32Array(LONGEST_CACHED + 1).fill(HEAT_MAX);

export function cachedString(bytes: Uint8Array, view: DataView, start: number, length: number): string {
  if (heat[length]! < 0) {
    heat[length]!++;
    return uncachedLatin1(bytes, start, start + length);
  }
  const slot = slotOf(view, start, length);
  const known = strings[slot]!;
  if (known.length !== length || !equal(view, start, length, slot * LONGEST_CACHED)) return replace(bytes, start, length, slot);
  if (heat[length]! < HEAT_MAX) heat[length]!++;
  return known;
}

/** Four bytes at a time; the last word overlaps the one before when the length is no multiple of four. */
function slotOf(view: DataView, start: number, length: number): number {
  let hash = length;
  if (length >= 4) {
    const last = start + length - 4;
    for (let at = start; at < last; at += 4) hash = Math.imul(hash ^ view.getInt32(at, true), 0x9e3779b1);
    hash = Math.imul(hash ^ view.getInt32(last, true), 0x85ebca6b);
  } else {
    for (let at = start; at < start + length; at++) hash = Math.imul(hash ^ view.getUint8(at), 0x9e3779b1);
  }
  return (hash ^ (hash >>> 15)) & (SLOTS - 1);
}

function equal(view: DataView, start: number, length: number, base: number): boolean {
  if (length < 4) {
    for (let at = 0; at < length; at++) if (view.getUint8(start + at) !== bytesOf[base + at]) return false;
    return true;
  }
  const last = length - 4;
  for (let at = 0; at < last; at += 4) if (view.getInt32(start + at, true) !== viewOf.getInt32(base + at, true)) return false;
  return view.getInt32(start + last, true) === viewOf.getInt32(base + last, true);
}

function replace(bytes: Uint8Array, start: number, length: number, slot: number): string {
  const cooled = heat[length]! - MISS;
  heat[length] = cooled < 0 ? -SKIPPED : cooled;
  const text = uncachedLatin1(bytes, start, start + length);
  const base = slot * LONGEST_CACHED;
  for (let at = 0; at < length; at++) bytesOf[base + at] = bytes[start + at]!;
  strings[slot] = text;
  return text;
}

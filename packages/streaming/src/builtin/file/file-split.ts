import type { Compression } from '@millrace/core/fs/node/compression';

/** A part of a file, read by one reader from its beginning to its end. Lines belong to the split in which their first byte is. */
export interface FileSplit {
  /** Its place among all splits of the source. */
  readonly index: number;
  readonly path: string;
  /** Bytes of the file: from `start` (inclusive) to `end` (exclusive). */
  readonly start: number;
  readonly end: number;
  readonly compression: Compression;
  /** The parts of a bulk format, such as row groups, are numbered. */
  readonly part: number;
  /** How many of its records, good and bad, are done. */
  readonly done: number;
}

const SPLIT_BYTES_MIN = 4 * 1024 * 1024;
const SPLIT_BYTES_MAX = 64 * 1024 * 1024;
const SPLITS_AIM = 64;

/** A split before its source has numbered it. */
export type FilePart = Pick<FileSplit, 'start' | 'end' | 'part'>;

/** Ranges that depend on nothing but the file's size. */
export function byteRanges(size: number, splitBytes: number | undefined): FilePart[] {
  const length = splitBytes ?? Math.min(SPLIT_BYTES_MAX, Math.max(SPLIT_BYTES_MIN, Math.ceil(size / SPLITS_AIM)));
  const ranges: FilePart[] = [];
  for (let start = 0; start < size; start += length) ranges.push({ start, end: Math.min(size, start + length), part: ranges.length });
  return ranges;
}

import type { DataError } from '@millrace/core/base/errors';

/** Records decoded ahead, with the input that was no record in its place among them. */
export interface Batch<T> {
  readonly size: number;
  get(index: number): T;
  /** About how much memory it holds, for the bound on what is read ahead. */
  readonly weightBytes: number;
  readonly bad: readonly PlacedBadRecord[];
}

export interface PlacedBadRecord {
  /** It stood before the record of this index. */
  readonly before: number;
  /** Undefined: only to be counted. */
  readonly record: BadRecord | undefined;
}

/** Input that could not be read as a record: what a side output gets under the policy `route`. */
export interface BadRecord {
  readonly file: string;
  /** Offset of its first byte, in decompressed bytes. */
  readonly position: number;
  /** From 1; null where the reader began in the middle of the file. */
  readonly line: number | null;
  readonly bytes: Uint8Array;
  readonly reason: string;
}

/** What becomes of input that is no record. */
export type BadRecordPolicy =
  | { readonly kind: 'fail' }
  | { readonly kind: 'skip' } // counted in the metric numRecordsInErrors
  | { readonly kind: 'route'; readonly tagId: string };

export class ArrayBatch<T> implements Batch<T> {
  readonly records: T[] = [];
  readonly bad: PlacedBadRecord[] = [];
  readonly weightBytes: number;
  /** What ends the input after this batch. */
  failure: DataError | undefined;

  constructor(weightBytes: number) {
    this.weightBytes = weightBytes;
    this.failure = undefined;
  }

  get size(): number {
    return this.records.length;
  }

  get(index: number): T {
    return this.records[index] as T;
  }
}

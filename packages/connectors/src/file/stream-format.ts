import type { AnyTypeInformation } from '@millrace/core/types/type-information';
import type { LineParser } from '@millrace/streaming/builtin/file/line-decoder';
import type { FileSplit } from '@millrace/streaming/builtin/file/file-split';
import type { MaybePromise } from '@millrace/streaming/contract/emittable';

/**
 * How records are read out of a stream of bytes. Extend it for a format of your own.
 *
 * A splittable format is one of lines: the source cuts files at newlines and `read` gets whole lines. A file of any other format, and a compressed one, is
 * read by one reader from beginning to end.
 */
export abstract class StreamFormat<out T> {
  abstract readonly splittable: boolean;
  /** Of the records, if it is declared: `fromSource` takes it over. */
  readonly type?: AnyTypeInformation | undefined;
  /** `content` is decompressed; `position` is the offset of its first byte in the (decompressed) file. */
  abstract read(content: AsyncIterable<Uint8Array>, position: number): AsyncIterable<T>;
}

/** A format whose records are lines, or runs of lines; the source reads such formats without a promise for each record. */
export interface LineStreamFormat<out T> extends StreamFormat<T> {
  parserFor(split: FileSplit): MaybePromise<LineParser<T>>;
}

export function isLineFormat<T>(format: StreamFormat<T>): format is LineStreamFormat<T> {
  return 'parserFor' in format;
}

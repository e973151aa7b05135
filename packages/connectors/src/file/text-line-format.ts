import { Types } from '@millrace/core/types/types';
import type { LineParser } from '@millrace/streaming/builtin/file/line-decoder';
import { readLines } from './read-lines.ts';
import { type LineStreamFormat, StreamFormat } from './stream-format.ts';

const parser: LineParser<string> = { parse: (line) => line };

/** Each line is a record: UTF-8 text without its \n or \r\n. Empty lines are records, too. */
export class TextLineFormat extends StreamFormat<string> implements LineStreamFormat<string> {
  override readonly type = Types.STRING;
  readonly splittable = true;

  read(content: AsyncIterable<Uint8Array>, position: number): AsyncIterable<string> {
    return readLines(parser, content, position);
  }

  parserFor(): LineParser<string> {
    return parser;
  }
}

import { descriptionOf, validatorOf } from '@millrace/core/types/types';
import type { TypeInformation } from '@millrace/core/types/type-information';
import { type LineParser, NO_RECORD } from '@millrace/streaming/builtin/file/line-decoder';
import { holdsBigint, jsonValueReader } from '../formats/json-values.ts';
import { readLines } from './read-lines.ts';
import { type LineStreamFormat, StreamFormat } from './stream-format.ts';

/** One JSON value in a line, checked against the type if one is given. Empty lines are passed over. */
export class JsonLinesFormat<T> extends StreamFormat<T> implements LineStreamFormat<T> {
  override readonly type: TypeInformation<T> | undefined;
  readonly splittable = true;
  readonly #parser: LineParser<T>;

  constructor(type?: TypeInformation<T>) {
    super();
    this.type = type;
    this.#parser = parserOf(type);
  }

  read(content: AsyncIterable<Uint8Array>, position: number): AsyncIterable<T> {
    return readLines(this.#parser, content, position);
  }

  parserFor(): LineParser<T> {
    return this.#parser;
  }
}

function parserOf<T>(type: TypeInformation<T> | undefined): LineParser<T> {
  const description = descriptionOf(type);
  const read = jsonValueReader(description);
  const validate = validatorOf(type);
  const parse = holdsBigint(description) ? parseWithBigints : JSON.parse;
  return {
    parse(line) {
      if (line.trim() === '') return NO_RECORD;
      const value = read(parseLine(parse, line));
      return (validate === undefined ? value : validate(value)) as T;
    },
  };
}

function parseLine(parse: (text: string) => unknown, line: string): unknown {
  try {
    return parse(line);
  } catch (error) {
    throw new Error(`not a JSON value: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

// A string, or a whole number with more digits than a double is sure to keep.
const STRING_OR_GREAT_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/g;

/** Great whole numbers become texts of their digits, which the reader of a BIG_INT takes and all others refuse. */
function parseWithBigints(text: string): unknown {
  return JSON.parse(text.replace(STRING_OR_GREAT_NUMBER, (found) => (found.startsWith('"') ? found : `"${found}"`)));
}

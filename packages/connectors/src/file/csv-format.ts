import { UsageError } from '@millrace/core/base/errors';
import { didYouMean } from '@millrace/core/config/nearest';
import { descriptionOf, validatorOf } from '@millrace/core/types/types';
import type { FieldDescription, TypeInformation } from '@millrace/core/types/type-information';
import type { FileSplit } from '@millrace/streaming/builtin/file/file-split';
import { contentOf } from '@millrace/streaming/builtin/file/line-file-format';
import { lineBlocks } from '@millrace/streaming/builtin/file/line-blocks';
import { LineDecoder, type LineParser, NO_RECORD, UNFINISHED } from '@millrace/streaming/builtin/file/line-decoder';
import { type CsvDialect, type CsvField, splitCsvLine } from '../formats/csv-line.ts';
import { csvValueReader } from '../formats/csv-values.ts';
import { Mismatch } from '../formats/mismatch.ts';
import { type LineStreamFormat, StreamFormat } from './stream-format.ts';

export interface CsvFormatOptions {
  /** Whether the first line of each file names the columns. Default: true, unless `columns` are given. */
  readonly header?: boolean;
  /** The names of the columns, in the file's order, where no header says it. */
  readonly columns?: readonly string[];
  readonly delimiter?: string; // one character; default: a comma
  readonly quote?: string; // one character; default: a double quote
  /** The character that takes the meaning from the next one in a quoted field. Default: quotes are doubled. */
  readonly escape?: string;
  /** What stands for null in a nullable field, not quoted. Default: nothing between two delimiters. */
  readonly nullText?: string;
  /** Lines that begin with it are passed over. Default: none. */
  readonly comment?: string;
  /** Whether quoted fields may hold newlines; such files are not split. Default: false. */
  readonly multiline?: boolean;
}

/** How the fields of a line become those of a record. */
type RecordMaker = (fields: readonly CsvField[]) => unknown;

/**
 * CSV (RFC 4180). Records have the fields of the declared row; without a type they have all columns, as texts. A line with more or fewer fields than there are
 * columns is a bad record. Empty lines are passed over.
 */
export class CsvFormat<T = Readonly<Record<string, string>>> extends StreamFormat<T> implements LineStreamFormat<T> {
  override readonly type: TypeInformation<T> | undefined;
  readonly splittable: boolean;
  readonly #options: CsvFormatOptions;
  readonly #dialect: CsvDialect;
  readonly #fields: readonly FieldDescription[] | undefined;
  readonly #validate: ((value: unknown) => T) | undefined;

  constructor(type?: TypeInformation<T>, options: CsvFormatOptions = {}) {
    super();
    const description = descriptionOf(type);
    if (description.kind !== 'row' && description.kind !== 'shape') {
      throw new UsageError(
        `CsvFormat got the type ${type?.typeName}. A line of CSV is a row: give Types.row({ … }) with the columns to read.`,
      );
    }
    this.type = type;
    this.splittable = options.multiline !== true;
    this.#options = options;
    this.#dialect = { delimiter: options.delimiter ?? ',', quote: options.quote ?? '"', escape: options.escape };
    for (const [name, text] of Object.entries(this.#dialect)) {
      if (text !== undefined && text.length !== 1)
        throw new UsageError(`The ${name} of CsvFormat is ${JSON.stringify(text)}. Give one character.`);
    }
    this.#fields = description.kind === 'row' ? description.fields : undefined;
    for (const field of this.#fields ?? []) csvValueReader(field.type, field.name, ''); // refuses types that no field can hold
    if (!this.#hasHeader && options.columns === undefined && this.#fields === undefined) {
      throw new UsageError('CsvFormat knows no columns: there is no header. Give a type, `columns`, or both.');
    }
    this.#validate = validatorOf(type);
  }

  get #hasHeader(): boolean {
    return this.#options.header ?? this.#options.columns === undefined;
  }

  async *read(content: AsyncIterable<Uint8Array>, position: number): AsyncIterable<T> {
    if (this.#hasHeader && position > 0)
      throw new UsageError('CsvFormat.read cannot begin in the middle of a file with a header. Begin at 0.');
    const decoder = new LineDecoder(this.#parser('the content', undefined), { kind: 'fail' }, { path: 'the content', firstLine: 1 });
    for await (const block of lineBlocks(content, { path: 'the content', start: 0, end: Number.POSITIVE_INFINITY })) {
      const batch = decoder.decode({ bytes: block.bytes, offset: block.offset + position });
      yield* batch.records;
      if (batch.failure !== undefined) throw batch.failure;
    }
    const { failure } = decoder.finish();
    if (failure !== undefined) throw failure;
  }

  async parserFor(split: FileSplit): Promise<LineParser<T>> {
    const header = this.#hasHeader && split.start > 0 ? await this.#headerOf(split) : undefined;
    return this.#parser(split.path, header);
  }

  /** The columns that the file's first line names, for a reader that begins behind it. */
  async #headerOf(split: FileSplit): Promise<readonly string[]> {
    let columns: readonly string[] | undefined;
    const parser: LineParser<unknown> = {
      parse: (line) => {
        if (columns === undefined && !this.#isPassedOver(line)) columns = splitCsvLine(line, this.#dialect)?.map((field) => field.text);
        return NO_RECORD;
      },
    };
    const decoder = new LineDecoder(parser, { kind: 'fail' }, { path: split.path, firstLine: 1 });
    for await (const block of lineBlocks(contentOf(split, 0), { path: split.path, start: 0, end: Number.POSITIVE_INFINITY })) {
      decoder.decode(block);
      if (columns !== undefined) return columns;
    }
    return columns ?? [];
  }

  #parser(path: string, header: readonly string[] | undefined): LineParser<T> {
    let columns = this.#hasHeader ? header : (this.#options.columns ?? this.#fields?.map((field) => field.name));
    let make = columns === undefined ? undefined : this.#recordMaker(path, columns);
    return {
      parse: (line) => {
        if (this.#isPassedOver(line)) return NO_RECORD;
        const fields = splitCsvLine(line, this.#dialect);
        if (fields === undefined) {
          if (this.#options.multiline === true) return UNFINISHED;
          throw new Error('a quoted field is not closed at the end of the line; set multiline: true if fields hold newlines');
        }
        if (make === undefined || columns === undefined) {
          columns = fields.map((field) => field.text);
          make = this.#recordMaker(path, columns);
          return NO_RECORD;
        }
        if (fields.length !== columns.length)
          throw new Error(
            `the line has ${counted(fields.length, 'field')}, there are ${counted(columns.length, 'column')} (${columns.join(', ')})`,
          );
        const record = make(fields);
        return (this.#validate === undefined ? record : this.#validate(record)) as T;
      },
    };
  }

  #isPassedOver(line: string): boolean {
    return line === '' || (this.#options.comment !== undefined && line.startsWith(this.#options.comment));
  }

  #recordMaker(path: string, columns: readonly string[]): RecordMaker {
    const repeated = columns.find((column, index) => columns.indexOf(column) !== index);
    if (repeated !== undefined)
      throw new UsageError(`'${path}': two columns have the name '${repeated}'. Give other names with \`columns\` and header: false.`);
    const fields = this.#fields ?? columns.map((name) => ({ name, type: { kind: 'string' } as const }));
    const nullText = this.#options.nullText ?? '';
    const readers = fields.flatMap((field) => {
      const at = columns.indexOf(field.name);
      if (at !== -1)
        return [
          {
            name: field.name,
            at,
            optional: 'optional' in field && field.optional === true,
            read: csvValueReader(field.type, field.name, nullText),
          },
        ];
      if ('optional' in field && field.optional === true) return [];
      throw new UsageError(
        `'${path}' has no column '${field.name}'. Its columns are ${columns.map((column) => `'${column}'`).join(', ')}.${didYouMean(field.name, columns)} Correct the name, or declare a field that may be missing with Types.optional(…).`,
        { reason: 'bad-record' },
      );
    });
    return (values) => {
      const record: Record<string, unknown> = {};
      for (const { name, at, optional, read } of readers) {
        const value = values[at] as CsvField;
        if (optional && !value.quoted && value.text === nullText) continue;
        record[name] = within(name, read, value);
      }
      return record;
    };
  }
}

function within(column: string, read: (field: CsvField) => unknown, value: CsvField): unknown {
  try {
    return read(value);
  } catch (error) {
    throw error instanceof Mismatch ? error.within(`.${column}`) : error;
  }
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

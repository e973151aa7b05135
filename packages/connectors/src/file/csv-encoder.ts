import { UsageError } from '@millrace/core/base/errors';
import { jsonTextOf } from '@millrace/streaming/builtin/json-text';
import type { Encoder } from './encoder.ts';

export interface CsvEncoderOptions {
  /** Which fields, in which order. Without it: those of the sink's first record. */
  readonly columns?: readonly string[];
  /** Whether every file begins with the names of the columns. Default: true. */
  readonly header?: boolean;
  readonly delimiter?: string; // one character; default: a comma
  readonly quote?: string; // one character; default: a double quote
}

/** Records as lines of CSV (RFC 4180, but \n ends a line). Null and undefined are empty; the empty text is quoted. What is neither text nor scalar is JSON. */
export class CsvEncoder implements Encoder<object> {
  readonly #header: boolean;
  readonly #delimiter: string;
  readonly #quote: string;
  readonly #special: RegExp;
  #columns: readonly string[] | undefined;

  constructor(options: CsvEncoderOptions = {}) {
    this.#columns = options.columns;
    this.#header = options.header ?? true;
    this.#delimiter = options.delimiter ?? ',';
    this.#quote = options.quote ?? '"';
    for (const [name, text] of [
      ['delimiter', this.#delimiter],
      ['quote', this.#quote],
    ] as const) {
      if (text.length !== 1) throw new UsageError(`The ${name} of CsvEncoder is ${JSON.stringify(text)}. Give one character.`);
    }
    this.#special = new RegExp(`[\\n\\r${escaped(this.#delimiter)}${escaped(this.#quote)}]`);
  }

  begin(record: object): string {
    return this.#header ? this.#line(this.#columnsOf(record)) : '';
  }

  encode(record: object): string {
    const fields = record as Record<string, unknown>;
    return this.#line(this.#columnsOf(record).map((column) => fields[column]));
  }

  #columnsOf(record: object): readonly string[] {
    this.#columns ??= Object.keys(record);
    return this.#columns;
  }

  #line(values: readonly unknown[]): string {
    return `${values.map((value) => this.#field(value)).join(this.#delimiter)}\n`;
  }

  #field(value: unknown): string {
    if (value === null || value === undefined) return '';
    if (typeof value === 'number') return String(value);
    const text = typeof value === 'string' ? value : value instanceof Date ? value.toISOString() : jsonTextOf(value);
    if (text !== '' && !this.#special.test(text)) return text;
    return this.#quote + text.replaceAll(this.#quote, this.#quote + this.#quote) + this.#quote;
  }
}

function escaped(char: string): string {
  return char.replace(/[\\\]^-]/, '\\$&');
}

/**
 * Writes the final rows of a query to one file.
 *
 * Owns the file from the first call to `close`. One writer: the sink's parallelism is 1.
 *
 * S1 lines without a key are written as they come; of those with the same key the last is kept, and all are written at the end.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import type { Sink, SinkWriter } from 'millrace';
import type { Line } from './query.ts';

const CHARACTERS_AT_ONCE = 1 << 16;

export class RowsSink implements Sink<Line> {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  createWriter(): SinkWriter<Line> {
    return new RowsWriter(openSync(this.#file, 'w'));
  }
}

class RowsWriter implements SinkWriter<Line> {
  readonly #file: number;
  readonly #last = new Map<string, string>();
  #text = '';

  constructor(file: number) {
    this.#file = file;
  }

  write({ key, line }: Line): void {
    if (key === '') this.#add(line);
    else this.#last.set(key, line);
  }

  flush(endOfInput: boolean): void {
    if (!endOfInput) return;
    for (const line of this.#last.values()) this.#add(line);
    this.#last.clear();
    this.#writeOut();
  }

  close(): void {
    closeSync(this.#file);
  }

  #add(line: string): void {
    this.#text += `${line}\n`;
    if (this.#text.length >= CHARACTERS_AT_ONCE) this.#writeOut();
  }

  #writeOut(): void {
    writeSync(this.#file, this.#text);
    this.#text = '';
  }
}

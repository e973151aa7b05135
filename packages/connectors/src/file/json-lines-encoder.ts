import { jsonTextOf } from '@millrace/streaming/builtin/json-text';
import type { Encoder } from './encoder.ts';

/** One line of JSON for each record, text included; `jsonTextOf` says what becomes of values that JSON has no form for. */
export class JsonLinesEncoder implements Encoder<unknown> {
  encode(record: unknown): string {
    return `${jsonTextOf(record)}\n`;
  }
}

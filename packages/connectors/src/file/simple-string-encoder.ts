import { jsonTextOf } from '@millrace/streaming/builtin/json-text';
import type { Encoder } from './encoder.ts';

/** One line for each record: text as it is, anything else as JSON, as `print` shows it. */
export class SimpleStringEncoder implements Encoder<unknown> {
  encode(record: unknown): string {
    return `${typeof record === 'string' ? record : jsonTextOf(record)}\n`;
  }
}

import { type DataStream, DiscardingSink, type Emittable, Types, type TypeOf } from 'millrace';
import type { Events } from './events.ts';

/** Times as epoch ms, a DECIMAL as text with three places. */
export type Column = number | string | null;
export type Row = readonly Column[];

/** A row as one line of JSON. Of lines with the same key the last one counts; a line without a key stands for itself. */
export const LineType = Types.row({ key: Types.STRING, line: Types.STRING });
export type Line = TypeOf<typeof LineType>;

interface Definition<R extends Emittable> {
  readonly results: (events: Events) => DataStream<R>;
  readonly row: (result: R) => Row;
  /** For results that are updated: so many columns, the first, say which row a result is a version of. */
  readonly keyColumns?: number;
}

export interface Query {
  /** Computes all results and drops them, as the benchmark's own sink does. */
  discard(events: Events): void;
  lines(events: Events): DataStream<Line>;
}

export function query<R extends Emittable>({ results, row, keyColumns }: Definition<R>): Query {
  return {
    discard: (events) => {
      results(events).sinkTo(new DiscardingSink());
    },
    lines: (events) =>
      events.inOrder(
        results(events)
          .map((result) => lineOf(row(result), keyColumns))
          .returns(LineType),
      ),
  };
}

function lineOf(row: Row, keyColumns: number | undefined): Line {
  return { key: keyColumns === undefined ? '' : JSON.stringify(row.slice(0, keyColumns)), line: JSON.stringify(row) };
}

/** Of a whole number of thousandths. */
export function decimalText(thousandths: number): string {
  const digits = String(Math.abs(thousandths)).padStart(4, '0');
  return `${thousandths < 0 ? '-' : ''}${digits.slice(0, -3)}.${digits.slice(-3)}`;
}

const DAY_MS = 86_400_000;

export function dayOf(dateTime: number): number {
  return Math.floor(dateTime / DAY_MS);
}

/** `yyyy-MM-dd` */
export function dayText(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

const SHORT_ID = 2 ** 26;

/** A pair of ids as a key: one number where both are short enough, which tables hold without a text for each key. */
export function pairKey(a: number, b: number): number | string {
  return a >= 0 && b >= 0 && a < SHORT_ID && b < SHORT_ID ? a * SHORT_ID + b : `${a} ${b}`;
}

/** What the reference computes with: a stream is one list of records and watermarks. */
import type { OracleRecord } from './program.ts';

export interface Timed {
  readonly record: OracleRecord;
  readonly at: number;
  /** When the record came, if that was as its source's did: the phase, and whether it was one of the first steps (traits.ts). */
  readonly phase: number;
}

export type Element = Timed | { readonly watermark: number };

export interface Stream {
  readonly elements: readonly Element[];
  readonly idle: boolean;
}

/** Processing time: when the records of a phase come, and what time it is in the end. */
export interface ReferenceClock {
  /** The phase under way: no time has passed since its records came. */
  readonly phase: number;
  readonly timeOf: (phase: number) => number;
  readonly now: number;
}

export const NONE = Number.NEGATIVE_INFINITY;
export const NO_PHASE = -1;

export function lineOf({ k, v }: OracleRecord, at: number | undefined): string {
  return at === undefined ? `k${k} v${v}` : `k${k} v${v} at ${at}`;
}

export function recordsOf({ elements }: Stream): Timed[] {
  return elements.filter((element) => 'record' in element);
}

export function watermarkOf({ elements }: Stream): number {
  return elements.reduce((greatest, element) => ('watermark' in element ? Math.max(greatest, element.watermark) : greatest), NONE);
}

/** In no order, so only the last watermark counts: that of the input that is furthest behind, but for those that are idle. */
export function union(inputs: readonly Stream[]): Stream {
  const active = inputs.filter(({ idle }) => !idle);
  const watermark = active.length === 0 ? Math.max(...inputs.map(watermarkOf)) : Math.min(...active.map(watermarkOf));
  return withWatermark(inputs.flatMap(recordsOf), watermark, active.length === 0);
}

/** Records in no order, before one watermark. */
export function withWatermark(records: readonly Timed[], watermark: number, idle: boolean): Stream {
  return { elements: [...records, ...(watermark === NONE ? [] : [{ watermark }])], idle };
}

export function eachRecord({ elements, idle }: Stream, fn: (record: OracleRecord) => readonly OracleRecord[]): Stream {
  const made = elements.flatMap((element): Element[] =>
    'record' in element ? fn(element.record).map((record) => ({ ...element, record })) : [element],
  );
  return { elements: made, idle };
}

export function byKey(records: readonly Timed[]): Map<number, Timed[]> {
  const keys = new Map<number, Timed[]>();
  for (const timed of records) keys.set(timed.record.k, [...(keys.get(timed.record.k) ?? []), timed]);
  return keys;
}

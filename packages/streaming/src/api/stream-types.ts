/** Types that several streams share; no values. */
import type { Duration } from '@millrace/core/config/duration';
import type { DataStream } from './data-stream.ts';

export type Simplify<T> = { [P in keyof T]: T[P] } & {};
/** The record type of a stream. */
export type ElementOf<S> = S extends DataStream<infer T> ? T : never;
export type Summable = number | bigint;
export type Comparable = number | bigint | string | boolean | Date;
/** The names of the fields that hold a V. */
export type FieldOf<T, V> = { [P in keyof T]-?: T[P] extends V ? P : never }[keyof T];
/** A string is an iterable of letters, and hardly ever meant. */
export type Collection<T> = (Iterable<T> & object) | AsyncIterable<T>;
/** Settings by Flink's keys, as `-D` and `config.yaml` have them. */
export interface Configuration {
  readonly [key: string]: string | number | boolean | Duration | readonly string[];
}

/** Types that several streams share; no values. */
import type { Duration } from '@millrace/core/config/duration';
import type { DataStream } from './data-stream.ts';
import type { SingleOutputStreamOperator } from './single-output-stream-operator.ts';

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

/** Without an argument for a stream of plain values, else by the name of a field; the record stays whole, only that field is aggregated. */
export interface FieldAggregations<out T> {
  sum(this: FieldAggregations<Summable>): SingleOutputStreamOperator<T>;
  sum<F extends FieldOf<T, Summable>>(field: F): SingleOutputStreamOperator<T>;
  min(this: FieldAggregations<Comparable>): SingleOutputStreamOperator<T>;
  min<F extends FieldOf<T, Comparable>>(field: F): SingleOutputStreamOperator<T>;
  max(this: FieldAggregations<Comparable>): SingleOutputStreamOperator<T>;
  max<F extends FieldOf<T, Comparable>>(field: F): SingleOutputStreamOperator<T>;
  /** The whole record with the least value; of equals the first, or the last if `first` is false. */
  minBy<F extends FieldOf<T, Comparable>>(field: F, first?: boolean): SingleOutputStreamOperator<T>;
  maxBy<F extends FieldOf<T, Comparable>>(field: F, first?: boolean): SingleOutputStreamOperator<T>;
}

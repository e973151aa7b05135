/**
 * Compares a column with what the footer says of it. Many files have no checksums, and damaged bytes often still decode: values outside of the column's bounds,
 * or nulls that are too many, are how such damage shows. Damage that stays within the bounds of a file without checksums cannot be seen by anyone.
 */
import type { ColumnMetaData, SchemaElement } from 'hyparquet/src/types.js';
import { meaningOf } from './parquet-columns.ts';
import type { Column } from './parquet-rows.ts';

const TIME_SLACK_MS = 1; // bounds are rounded towards zero, values down

export function checkStatistics(values: Column, element: SchemaElement, metadata: ColumnMetaData | undefined): void {
  const statistics = metadata?.statistics;
  if (statistics === undefined || !isComparable(element)) return;
  const slack = meaningOf(element) === 'time' ? TIME_SLACK_MS : 0;
  const least = boundOf(statistics.min_value);
  const greatest = boundOf(statistics.max_value);
  if (least === undefined || greatest === undefined) return;
  const [min, max] = [least - slack, greatest + slack];
  let nulls = 0;
  for (let row = 0; row < values.length; row += 1) {
    const value = values[row] as number | bigint | null | undefined;
    if (value === null || value === undefined) nulls += 1;
    else if (value < min || value > max)
      throw new Error(`row ${row} of the group has ${value}, outside of the bounds ${least} to ${greatest} that the footer states`);
  }
  const { null_count: expected } = statistics;
  if (expected !== undefined && BigInt(nulls) !== expected) throw new Error(`it has ${nulls} nulls where the footer says ${expected}`);
}

/** Numbers whose order is that of their bytes' type: no unsigned ones, no decimals, and of floats only those that are ordered. */
function isComparable(element: SchemaElement): boolean {
  if (element.repetition_type === 'REPEATED' || element.converted_type?.startsWith('UINT') === true) return false;
  if (element.logical_type?.type === 'INTEGER' && !element.logical_type.isSigned) return false;
  const meaning = meaningOf(element);
  return (element.type === 'INT32' || element.type === 'INT64') && (meaning === 'plain' || meaning === 'time');
}

/** As a double: rounded outwards by nothing that matters, since values are compared with it exactly only below 2^53. */
function boundOf(value: unknown): number | undefined {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.getTime();
  const number = typeof value === 'bigint' || typeof value === 'number' ? Number(value) : undefined;
  return number !== undefined && Number.isSafeInteger(number) ? number : undefined;
}

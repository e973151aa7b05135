import { UsageError } from '@millrace/core/base/errors';
import type { PlainFunction } from '../contract/operator.ts';
import { show } from './function-checks.ts';

/** Positions pick elements of a tuple, names fields of a record. */
export function projection(fields: readonly PropertyKey[]): PlainFunction {
  if (fields.length === 0) throw new UsageError('project got no fields. Name at least one.');
  if (fields.every((field) => typeof field === 'number')) return elements(fields);
  const wrong = fields.find((field) => typeof field !== 'string');
  if (wrong !== undefined) throw new UsageError(`project got ${show(wrong)}. Give names of fields, or positions in a tuple.`);
  return named(fields as readonly string[]);
}

function elements(positions: readonly number[]): PlainFunction {
  const wrong = positions.find((position) => !Number.isInteger(position) || position < 0);
  if (wrong !== undefined)
    throw new UsageError(`project got the position ${wrong}. Give whole numbers from 0: positions in a tuple count from there.`);
  return (value) => positions.map((position) => (value as readonly unknown[])[position]);
}

function named(names: readonly string[]): PlainFunction {
  return (value) => {
    const record = value as Readonly<Record<string, unknown>>;
    const picked: Record<string, unknown> = {};
    for (const name of names) if (Object.hasOwn(record, name)) picked[name] = record[name];
    return picked;
  };
}

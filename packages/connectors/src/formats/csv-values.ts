/** Values of declared types out of the texts of CSV fields. An empty field that is not quoted is null where the type allows it, absent where the field may be. */
import { UsageError } from '@millrace/core/base/errors';
import type { TypeDescription } from '@millrace/core/types/type-information';
import type { CsvField } from './csv-line.ts';
import { Mismatch } from './mismatch.ts';
import { bigintOf, bytesOf, doubleOfText, instantOf, integerOfText, isInteger } from './scalars.ts';

export type CsvValueReader = (field: CsvField) => unknown;

/** Throws a `Mismatch`. `nullText` is what stands for null; the empty text also where it is not quoted. */
export function csvValueReader(description: TypeDescription, column: string, nullText: string): CsvValueReader {
  const { kind } = description;
  if (isInteger(kind)) return ({ text }) => integerOfText(kind, text);
  switch (kind) {
    case 'string':
    case 'shape':
      return ({ text }) => text;
    case 'float':
    case 'double':
      return ({ text }) => doubleOfText(text);
    case 'bigint':
      return ({ text }) => bigintOf(text);
    case 'boolean':
      return ({ text }) => booleanOf(text);
    case 'date':
      return ({ text }) => instantOf(text);
    case 'bytes':
      return ({ text }) => bytesOf(text);
    case 'literal':
      return ({ text }) => literalOfText(description.values, text);
    case 'nullable': {
      const inner = csvValueReader(description.type, column, nullText);
      return (field) => (!field.quoted && field.text === nullText ? null : inner(field));
    }
    default:
      throw new UsageError(
        `The CSV column '${column}' is declared as '${kind}', and a CSV field holds one scalar. Declare a scalar, or STRING and parse it yourself.`,
      );
  }
}

function booleanOf(text: string): boolean {
  if (text === 'true' || text === 'TRUE' || text === 'True') return true;
  if (text === 'false' || text === 'FALSE' || text === 'False') return false;
  throw Mismatch.expected('true or false', text);
}

function literalOfText(values: readonly unknown[], text: string): unknown {
  const found = values.find((value) => String(value) === text);
  if (found === undefined) throw Mismatch.expected(`one of ${values.map(String).join(', ')}`, text);
  return found;
}

import { digestOfText } from '../codegen/digest.ts';
import type { TypeDescription } from './type-information.ts';

/** The description of what nobody declared. */
export const SHAPE: TypeDescription = { kind: 'shape' };

/** Equal for descriptions of equal bytes, on every machine: fields of the description itself are sorted, the fields of a row keep their order; what was learned counts nothing. */
export function digestOf(description: TypeDescription): string {
  return digestOfText(JSON.stringify(description, sortedKeys));
}

function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).filter(([name]) => name !== 'learned');
  return Object.fromEntries(entries.sort(([left], [right]) => (left < right ? -1 : 1)));
}

const NAMES: Record<string, string> = {
  string: 'STRING',
  boolean: 'BOOLEAN',
  bigint: 'BIG_INT',
  bytes: 'BYTES',
  null: 'NULL',
  undefined: 'UNDEFINED',
  date: 'INSTANT',
};

/**
 * The type in one line, for messages and plans: `ROW<id LONG, note STRING?, tags LIST<STRING>>`. `?` marks what may be absent, ` | NULL` what may be null; `SHAPE<…>` is what
 * was learned.
 */
export function describeType(description: TypeDescription): string {
  switch (description.kind) {
    case 'row':
      return `ROW<${description.fields.map((field) => `${field.name} ${describeType(field.type)}${field.optional ? '?' : ''}`).join(', ')}>`;
    case 'tuple':
      return `TUPLE<${description.elements.map(describeType).join(', ')}>`;
    case 'list':
    case 'set':
      return `${description.kind.toUpperCase()}<${describeType(description.element)}>`;
    case 'map':
      return `MAP<${describeType(description.key)}, ${describeType(description.value)}>`;
    case 'record':
      return `RECORD<${describeType(description.value)}>`;
    case 'nullable':
      return `${describeType(description.type)} | NULL`;
    case 'literal':
      return description.values.map((value) => JSON.stringify(value)).join(' | ');
    case 'union':
      return description.types.map(describeType).join(' | ');
    case 'typed-array':
      return description.element;
    case 'shape':
      return description.learned === undefined ? 'SHAPE' : `SHAPE<${describeType(description.learned)}>`;
    default:
      return describeScalar(description);
  }
}

function describeScalar(description: TypeDescription & { readonly logical?: string }): string {
  const name = NAMES[description.kind] ?? description.kind.toUpperCase();
  const { logical, precision, scale } = description as { logical?: string; precision?: number; scale?: number };
  if (logical === undefined || logical === USUAL[description.kind]) return name;
  const digits = [precision, scale].filter((digit) => digit !== undefined).join(', ');
  return digits === '' ? logical : `${logical}(${digits})`;
}

/** The logical kind that `Types` gives a physical one; describing it would only repeat the name. */
export const USUAL: Record<string, string | undefined> = {
  byte: 'TINYINT',
  short: 'SMALLINT',
  int: 'INTEGER',
  long: 'BIGINT',
  float: 'FLOAT',
  double: 'DOUBLE',
  date: 'TIMESTAMP_LTZ',
};

/** How the fields of a row or the elements of a tuple lie: first those of fixed size, together, then the others; both in the order of the description. */
import type { FieldDescription, TypeDescription } from './type-information.ts';

export interface PlacedField {
  readonly name: string;
  /** Where among the fields; tuples are read back by it. */
  readonly index: number;
  readonly type: TypeDescription;
  readonly optional: boolean;
  /** From the beginning of the fixed part; of a field of varying size, −1. */
  readonly offset: number;
}

export interface Layout {
  readonly fields: readonly PlacedField[];
  readonly fixed: readonly PlacedField[];
  readonly varying: readonly PlacedField[];
  readonly fixedBytes: number;
}

/** Bytes of a value of this kind; 0 if they vary. */
export function fixedBytesOf(type: TypeDescription): number {
  switch (type.kind) {
    case 'boolean':
    case 'byte':
    case 'null':
    case 'undefined':
      return 1;
    case 'short':
      return 2;
    case 'int':
      return 4;
    case 'long':
    case 'float':
    case 'double':
    case 'date':
      return 8;
    default:
      return 0;
  }
}

export function layoutOf(fields: readonly FieldDescription[]): Layout {
  let fixedBytes = 0;
  const placed = fields.map((field, index): PlacedField => {
    const size = field.optional ? 0 : fixedBytesOf(field.type);
    const offset = size === 0 ? -1 : fixedBytes;
    fixedBytes += size;
    return { name: field.name, index, type: field.type, optional: field.optional === true, offset };
  });
  return {
    fields: placed,
    fixed: placed.filter((field) => field.offset >= 0),
    varying: placed.filter((field) => field.offset < 0),
    fixedBytes,
  };
}

export function layoutOfTuple(elements: readonly TypeDescription[]): Layout {
  return layoutOf(elements.map((type, index) => ({ name: String(index), type })));
}

/** An optional field begins with one of these. */
export const ABSENT = 0;
export const PRESENT = 1;
export const UNDEFINED = 2;

/**
 * Shapes of undeclared records on the wire. A value begins with one tag byte. Tags from `FIRST_SHAPE` on are objects of a known shape and carry its number;
 * `DEFINE` tells a new shape before the first object that has it.
 */
export const NULL = 0;
export const UNDEFINED = 1;
export const FALSE = 2;
export const TRUE = 3;
export const INT = 4;
export const DOUBLE = 5;
export const STRING = 6;
export const BIG_INT = 7;
export const DATE = 8;
export const ARRAY = 9;
export const MAP = 10;
export const SET = 11;
export const TYPED_ARRAY = 12;
export const DEFINE = 13;
/** An object of a shape whose number does not fit the tag: 16 bits follow. */
export const OBJECT = 14;
/** An object written as a map of its fields, and the same without a prototype. */
export const ENTRIES = 15;
export const BARE_ENTRIES = 16;
/** In arrays only: how many elements are not there. */
export const HOLES = 17;
export const FIRST_SHAPE = 128;

/** What a field of a shape held so far. `ANY` is written with a tag of its own; the others without. */
export const ANY_FIELD = 0;
export const INT_FIELD = 1;
export const NUMBER_FIELD = 2;
export const STRING_FIELD = 3;
export const BOOLEAN_FIELD = 4;
export type FieldKind = 0 | 1 | 2 | 3 | 4;

export const FIELD_BYTES: readonly number[] = [0, 4, 8, 0, 1];

export interface ShapeDefinition {
  readonly id: number;
  readonly keys: readonly string[];
  readonly kinds: readonly FieldKind[];
  /** Made by Object.create(null). */
  readonly bare: boolean;
}

/** Objects with more fields are dictionaries whatever they are used for. */
export const MAX_KEYS = 1_000;
/** A decoder takes no more shapes than this from one writer: the writer's own bound is far below. */
export const MAX_SHAPES = 0x1_0000;

export interface FieldPlace {
  readonly name: string;
  readonly index: number;
  readonly kind: FieldKind;
  readonly offset: number; // within the fixed part, −1 if not in it
}

export interface ShapeLayout {
  readonly fields: readonly FieldPlace[];
  readonly fixed: readonly FieldPlace[];
  readonly varying: readonly FieldPlace[];
  readonly fixedBytes: number;
}

/** As in rows: fields of fixed size first, together. */
export function layoutOfShape(definition: ShapeDefinition): ShapeLayout {
  let fixedBytes = 0;
  const fields = definition.keys.map((name, index): FieldPlace => {
    const kind = definition.kinds[index]!;
    const size = FIELD_BYTES[kind]!;
    const offset = size === 0 ? -1 : fixedBytes;
    fixedBytes += size;
    return { name, index, kind, offset };
  });
  return { fields, fixed: fields.filter((field) => field.offset >= 0), varying: fields.filter((field) => field.offset < 0), fixedBytes };
}

export function isInt(value: number): boolean {
  return (value | 0) === value && !Object.is(value, -0);
}

export function fieldKindOf(value: unknown): FieldKind {
  switch (typeof value) {
    case 'number':
      return isInt(value) ? INT_FIELD : NUMBER_FIELD;
    case 'string':
      return STRING_FIELD;
    case 'boolean':
      return BOOLEAN_FIELD;
    default:
      return ANY_FIELD;
  }
}

export function widerKind(left: FieldKind, right: FieldKind): FieldKind {
  if (left === right) return left;
  const numbers = left !== ANY_FIELD && right !== ANY_FIELD && left <= NUMBER_FIELD && right <= NUMBER_FIELD;
  return numbers ? NUMBER_FIELD : ANY_FIELD;
}

export function takesField(kind: FieldKind, value: unknown): boolean {
  return widerKind(kind, fieldKindOf(value)) === kind;
}

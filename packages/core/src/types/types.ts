import { UsageError } from '../base/errors.ts';
import { DescribedType, descriptionOf, OptionalType } from './described-type.ts';
import { SHAPE } from './descriptions.ts';
import { describeSchema, type JsonSchema, type StandardSchema, validatorOfSchema } from './schema.ts';
import type {
  AnyTypeInformation,
  FieldDescription,
  LogicalKind,
  OptionalTypeInformation,
  TypeDescription,
  TypeInformation,
} from './type-information.ts';

export { descriptionOf, typeInformationOf, validatorOf } from './described-type.ts';
export type { JsonSchema, StandardSchema } from './schema.ts';

/** The type of the values that `I` describes. */
export type TypeOf<I extends AnyTypeInformation> = I extends TypeInformation<infer T> ? T : never;

export interface RowFields {
  readonly [field: string]: AnyTypeInformation;
}

export type Simplify<T> = { [P in keyof T]: T[P] } & {};

export type RowOf<F extends RowFields> = Simplify<
  { [P in keyof F as F[P] extends { readonly optional: true } ? never : P]: TypeOf<F[P]> } & {
    [P in keyof F as F[P] extends { readonly optional: true } ? P : never]?: TypeOf<F[P]>;
  }
>;

/** How a job declares the types of its records, keys and state. What is not declared is learned from the records (`Types.shape`). */
export interface TypesFactory {
  readonly STRING: TypeInformation<string>;
  readonly BOOLEAN: TypeInformation<boolean>;
  /** A whole number of 8 bits, −128 … 127. */
  readonly BYTE: TypeInformation<number>;
  /** A whole number of 16 bits, −32768 … 32767. */
  readonly SHORT: TypeInformation<number>;
  /** A whole number of 32 bits, −2³¹ … 2³¹ − 1. */
  readonly INT: TypeInformation<number>;
  /** A safe integer, ±(2⁵³ − 1); anything else is refused with its place. Use BIG_INT beyond. */
  readonly LONG: TypeInformation<number>;
  /** A FLOAT for tables. Written as DOUBLE is: whether an edge is chained must not change a value. */
  readonly FLOAT: TypeInformation<number>;
  readonly DOUBLE: TypeInformation<number>;
  readonly BIG_INT: TypeInformation<bigint>;
  readonly INSTANT: TypeInformation<Date>;
  readonly BYTES: TypeInformation<Uint8Array>;
  /** A plain object with these fields and no others; it is read back with its fields in this order. */
  row<F extends RowFields>(fields: F): TypeInformation<RowOf<F>>;
  tuple<const F extends readonly AnyTypeInformation[]>(...fields: F): TypeInformation<{ -readonly [I in keyof F]: TypeOf<F[I]> }>;
  list<T>(element: TypeInformation<T>): TypeInformation<T[]>;
  set<T>(element: TypeInformation<T>): TypeInformation<Set<T>>;
  map<N, V>(key: TypeInformation<N>, value: TypeInformation<V>): TypeInformation<Map<N, V>>;
  /** A field of a row that may be absent. */
  optional<T>(type: TypeInformation<T>): OptionalTypeInformation<T>;
  nullable<T>(type: TypeInformation<T>): TypeInformation<T | null>;
  literal<const L extends readonly (string | number | boolean | null)[]>(...values: L): TypeInformation<L[number]>;
  /** A value is written as the first of these types that takes it. */
  union<const F extends readonly AnyTypeInformation[]>(...types: F): TypeInformation<TypeOf<F[number]>>;
  /** A zod 4 schema or a JSON Schema, from which a codec is generated, or any other Standard Schema. Sources validate with it, too. */
  schema<T>(schema: StandardSchema<T>): TypeInformation<T>;
  schema<T = unknown>(schema: JsonSchema): TypeInformation<T>;
  /** Nothing declared: the codec learns the shapes that occur. */
  shape<T>(): TypeInformation<T>;
}

export const Types: TypesFactory = {
  STRING: new DescribedType({ kind: 'string' }),
  BOOLEAN: new DescribedType({ kind: 'boolean' }),
  BYTE: numeric('byte', 'TINYINT'),
  SHORT: numeric('short', 'SMALLINT'),
  INT: numeric('int', 'INTEGER'),
  LONG: numeric('long', 'BIGINT'),
  FLOAT: numeric('float', 'FLOAT'),
  DOUBLE: numeric('double', 'DOUBLE'),
  BIG_INT: new DescribedType({ kind: 'bigint' }),
  INSTANT: new DescribedType({ kind: 'date', logical: 'TIMESTAMP_LTZ', precision: 3 }),
  BYTES: new DescribedType({ kind: 'bytes' }),
  row: (fields) => new DescribedType({ kind: 'row', fields: describeFields(fields) }),
  tuple: (...elements) => new DescribedType({ kind: 'tuple', elements: elements.map(descriptionOf) }),
  list: (element) => new DescribedType({ kind: 'list', element: descriptionOf(element) }),
  set: (element) => new DescribedType({ kind: 'set', element: descriptionOf(element) }),
  map: (key, value) => new DescribedType({ kind: 'map', key: descriptionOf(key), value: descriptionOf(value) }),
  optional: (type) => new OptionalType(descriptionOf(type)),
  nullable: (type) => new DescribedType({ kind: 'nullable', type: descriptionOf(type) }),
  literal: (...values) => new DescribedType(describeLiteral(values)),
  union: (...types) => new DescribedType(describeUnion(types)),
  schema: <T>(schema: StandardSchema<T> | JsonSchema): TypeInformation<T> =>
    new DescribedType<T>(describeSchema(schema), validatorOfSchema<T>(schema)),
  shape: () => new DescribedType(SHAPE),
};

function numeric(kind: 'byte' | 'short' | 'int' | 'long' | 'float' | 'double', logical: LogicalKind): TypeInformation<number> {
  return new DescribedType<number>({ kind, logical });
}

function describeFields(fields: RowFields): FieldDescription[] {
  return Object.entries(fields).map(([name, type]) => {
    const described = { name, type: descriptionOf(type) };
    return type instanceof OptionalType || (type as { optional?: unknown }).optional === true
      ? { ...described, optional: true }
      : described;
  });
}

function describeLiteral(values: readonly (string | number | boolean | null)[]): TypeDescription {
  if (values.length === 0)
    throw new UsageError('Types.literal() needs at least one value: a type without values describes nothing. Give it one.');
  for (const value of values) {
    if (typeof value === 'number' && !Number.isFinite(value))
      throw new UsageError(
        `Types.literal(${value}): a literal is a string, a finite number, a boolean or null. Use Types.DOUBLE for numbers that need not be finite.`,
      );
  }
  return { kind: 'literal', values };
}

/** The most types of a union: which of them a value has is told by one byte. */
const UNION_LIMIT = 256;

function describeUnion(types: readonly AnyTypeInformation[]): TypeDescription {
  if (types.length === 0 || types.length > UNION_LIMIT)
    throw new UsageError(
      `Types.union() takes 1 to ${UNION_LIMIT} types, not ${types.length}. Leave the type out, or make the union of fewer.`,
    );
  return { kind: 'union', types: types.map(descriptionOf) };
}

/** Whether a value can be written, without writing it. What codecs refuse is refused here with its path; also what they would lose without noticing. */
import { describeType } from './descriptions.ts';
import { declaredField, isPlain, kindOf, ownField } from './plain.ts';
import { ALLOWED, type Refusal, refusal, refusalError, stepTo, stepToKey, within } from './refusal.ts';
import { takesScalar, WHOLE } from './scalars.ts';
import type { FieldDescription, TypeDescription } from './type-information.ts';
import { typedArrayIndex } from './typed-arrays.ts';
import { rootRefusal } from './undeclared-checks.ts';

/** Throws the error for a value that does not fit; returns when it does. */
export function checkValue(description: TypeDescription, value: unknown): void {
  const found = refusalOf(description, value);
  if (found !== undefined) throw refusalError(found, describeType(description));
}

export function refusalOf(description: TypeDescription, value: unknown): Refusal | undefined {
  switch (description.kind) {
    case 'string':
    case 'bigint':
      return typeof value === description.kind ? undefined : misfit(description, value);
    case 'bytes':
      return value instanceof Uint8Array && typedArrayIndex(value) >= 0 ? undefined : misfit(description, value);
    case 'typed-array':
      return isTypedArray(description.element, value) ? undefined : misfit(description, value);
    case 'row':
      return rowRefusal(description, value);
    case 'tuple':
      return tupleRefusal(description, value);
    case 'list':
      return Array.isArray(value) ? elementsRefusal(description.element, value) : misfit(description, value);
    case 'set':
      return isA(value, Set) ? elementsRefusal(description.element, [...value]) : misfit(description, value);
    case 'map':
      return isA(value, Map) ? mapRefusal(description, value as Map<unknown, unknown>) : misfit(description, value);
    case 'record':
      return typeof value === 'object' && value !== null && isPlain(value)
        ? recordRefusal(description.value, value)
        : misfit(description, value);
    case 'nullable':
      return value === null ? undefined : refusalOf(description.type, value);
    case 'literal':
      return description.values.includes(value as string) ? undefined : misfit(description, value);
    case 'union':
      return description.types.some((type) => refusalOf(type, value) === undefined) ? undefined : misfit(description, value);
    case 'shape':
      return rootRefusal(value);
    default:
      return takesScalar(description.kind, value) ? undefined : misfit(description, value);
  }
}

/** Instances of subclasses would come back as instances of the class itself. */
function isA<T>(value: unknown, maker: new () => T): value is T {
  return value instanceof maker && Object.getPrototypeOf(value) === maker.prototype;
}

export function isTypedArray(element: string, value: unknown): boolean {
  return (
    ArrayBuffer.isView(value) &&
    typedArrayIndex(value) >= 0 &&
    (value as unknown as { [Symbol.toStringTag]: string })[Symbol.toStringTag] === element
  );
}

function misfit(description: TypeDescription, value: unknown): Refusal {
  const whole = description.kind === 'long' || description.kind === 'int' || description.kind === 'short' || description.kind === 'byte';
  const range = whole ? `, which takes whole numbers from ${WHOLE[description.kind][0]} to ${WHOLE[description.kind][1]}` : '';
  const next = whole && typeof value === 'number' ? ' Declare DOUBLE, or BIG_INT for larger ones, if such values are meant.' : '';
  return refusal(kindOf(value), `Declared is ${describeType(description)}${range}.${next}`);
}

type Row = Extract<TypeDescription, { kind: 'row' }>;

function rowRefusal(row: Row, value: unknown): Refusal | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !isPlain(value)) return misfit(row, value);
  for (const field of row.fields) {
    const found = fieldRefusal(field, value);
    if (found !== undefined) return within(stepTo(field.name), found);
  }
  return surplusRefusal(row, value);
}

function fieldRefusal(field: FieldDescription, value: object): Refusal | undefined {
  const content = declaredField(value, field.name);
  if (content === undefined) {
    if (field.optional) return undefined;
    if (!Object.hasOwn(value, field.name)) {
      return refusal(
        'missing',
        `Declared is ${describeType(field.type)}. Set the field, or declare it with Types.optional() if it may be absent.`,
      );
    }
  }
  return refusalOf(field.type, content);
}

/** A field that the row does not have would be there on a chained edge and gone behind the network. */
function surplusRefusal(row: Row, value: object): Refusal | undefined {
  const keys = Object.keys(value);
  if (keys.length <= row.fields.length && Object.getOwnPropertySymbols(value).length === 0) {
    if (keys.every((key) => row.fields.some((field) => field.name === key))) return undefined;
  }
  const surplus = keys.find((key) => !row.fields.some((field) => field.name === key));
  if (surplus === undefined) return symbolRefusal(value);
  const seen = `a field that ${describeType(row)} does not have`;
  return within(stepTo(surplus), refusal(seen, 'It would be lost. Add it to the declared row, or emit an object without it.'));
}

export function symbolRefusal(value: object): Refusal | undefined {
  const symbol = Object.getOwnPropertySymbols(value)[0];
  return symbol === undefined ? undefined : within(`[${String(symbol)}]`, refusal('a field whose key is a symbol', ALLOWED));
}

type Tuple = Extract<TypeDescription, { kind: 'tuple' }>;

function tupleRefusal(tuple: Tuple, value: unknown): Refusal | undefined {
  if (!Array.isArray(value) || value.length !== tuple.elements.length) return misfit(tuple, value);
  for (let index = 0; index < value.length; index++) {
    const found = refusalOf(tuple.elements[index]!, value[index]);
    if (found !== undefined) return within(`[${index}]`, found);
  }
  return undefined;
}

function elementsRefusal(element: TypeDescription, values: readonly unknown[]): Refusal | undefined {
  for (let index = 0; index < values.length; index++) {
    const found = refusalOf(element, values[index]);
    if (found !== undefined) return within(`[${index}]`, found);
  }
  return undefined;
}

function mapRefusal(map: Extract<TypeDescription, { kind: 'map' }>, value: Map<unknown, unknown>): Refusal | undefined {
  for (const [key, content] of value) {
    const found = refusalOf(map.key, key);
    if (found !== undefined) return within('.keys()', found);
    const inside = refusalOf(map.value, content);
    if (inside !== undefined) return within(stepToKey(key), inside);
  }
  return undefined;
}

function recordRefusal(type: TypeDescription, value: object): Refusal | undefined {
  for (const key of Object.keys(value)) {
    const found = refusalOf(type, ownField(value, key));
    if (found !== undefined) return within(stepTo(key), found);
  }
  return symbolRefusal(value);
}

/** A deep copy that shares nothing mutable with the value. Only values that codecs take: what they refuse is refused here, too. */
import { defineField, isPlain, ownField } from './plain.ts';
import { refused } from './refusal.ts';
import { asBytes, type TypedArray, typedArrayIndex } from './typed-arrays.ts';
import { MAX_DEPTH } from './undeclared-checks.ts';

export function copyValue(value: unknown): unknown {
  return copyAt(value, 0);
}

function copyAt(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return copyPrimitive(value);
  if (depth > MAX_DEPTH) throw refused();
  if (Array.isArray(value)) return copyArray(value, depth);
  if (isPlain(value)) return copyObject(value, depth);
  return copyBuiltIn(value, depth);
}

function copyPrimitive(value: unknown): unknown {
  if (typeof value === 'function' || typeof value === 'symbol') throw refused();
  return value;
}

function copyArray(values: readonly unknown[], depth: number): unknown[] {
  if (Object.getPrototypeOf(values) !== Array.prototype) throw refused();
  const copies = values.slice(); // keeps what is missing missing
  for (let index = 0; index < copies.length; index++) {
    const value = copies[index];
    if (value !== undefined) copies[index] = copyAt(value, depth + 1);
  }
  return copies;
}

function copyObject(value: object, depth: number): object {
  if (Object.getPrototypeOf(value) === null) return copyFields(Object.assign(Object.create(null) as object, value), depth);
  return copyFields({ ...value }, depth); // V8 clones the whole object at once: 83 -> 38 ns for two numbers, 172 -> 62 ns for six fields
}

/** `copy` has the fields of the original; those that are objects are copied in their place. */
function copyFields(copy: object, depth: number): object {
  for (const key in copy) {
    const content = ownField(copy, key);
    if (typeof content === 'object' && content !== null && Object.hasOwn(copy, key)) defineField(copy, key, copyAt(content, depth + 1));
    else copyPrimitive(content);
  }
  return copy;
}

function copyBuiltIn(value: object, depth: number): unknown {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Date.prototype) return new Date((value as Date).getTime());
  if (prototype === Map.prototype) {
    const copy = new Map<unknown, unknown>();
    for (const [key, content] of value as Map<unknown, unknown>) copy.set(copyAt(key, depth + 1), copyAt(content, depth + 1));
    return copy;
  }
  if (prototype === Set.prototype) {
    const copy = new Set<unknown>();
    for (const element of value as Set<unknown>) copy.add(copyAt(element, depth + 1));
    return copy;
  }
  if (ArrayBuffer.isView(value) && typedArrayIndex(value) >= 0) return copyView(value as TypedArray);
  throw refused();
}

/** Never a pooled or shared memory: a Buffer's slice would be a view of the same bytes. */
function copyView(value: TypedArray): unknown {
  const bytes = Uint8Array.prototype.slice.call(asBytes(value));
  const maker = value.constructor as {
    new (buffer: ArrayBufferLike): TypedArray;
    from?(buffer: ArrayBufferLike): TypedArray;
    readonly name: string;
  };
  return maker.name === 'Buffer' ? maker.from!(bytes.buffer) : new maker(bytes.buffer);
}

/** The encoder that walks the description: the specification of the wire format, and what runs where code cannot be generated. */
import type { BytesWriter } from '../bytes/bytes-writer.ts';
import { isTypedArray, refusalOf } from './checks.ts';
import { ABSENT, fixedBytesOf, type Layout, layoutOf, layoutOfTuple, type PlacedField, PRESENT, UNDEFINED } from './layout.ts';
import { declaredField, isPlain, isRow, ownField } from './plain.ts';
import { refused } from './refusal.ts';
import { putScalar, type ScalarDescription, takesScalar } from './scalars.ts';
import type { ShapeWriter } from './shape-writer.ts';
import { writeString } from './strings.ts';
import type { TypeDescription } from './type-information.ts';
import { asBytes, type TypedArray, typedArrayIndex } from './typed-arrays.ts';
import { writeBigInt, writeByte, writeBytes, writeLength } from './wire.ts';

/** Appends a value that it takes, throws what `refused` makes for another. `shapes` is the encoder's knowledge of undeclared parts. */
export type WriteValue = (value: unknown, output: BytesWriter, shapes: ShapeWriter) => void;

export function interpretedWriter(description: TypeDescription): WriteValue {
  switch (description.kind) {
    case 'string':
      return (value, output) => (typeof value === 'string' ? writeString(value, output) : refuse());
    case 'bigint':
      return (value, output) => (typeof value === 'bigint' ? writeBigInt(value, output) : refuse());
    case 'bytes':
      return (value, output) => (value instanceof Uint8Array && typedArrayIndex(value) >= 0 ? writeBytes(value, output) : refuse());
    case 'typed-array':
      return (value, output) => (isTypedArray(description.element, value) ? writeBytes(asBytes(value as TypedArray), output) : refuse());
    case 'row':
      return rowWriter(layoutOf(description.fields), isRow);
    case 'tuple':
      return rowWriter(
        layoutOfTuple(description.elements),
        (value) => Array.isArray(value) && value.length === description.elements.length,
      );
    case 'list':
      return listWriter(description.element);
    case 'set':
      return setWriter(interpretedWriter(description.element));
    case 'map':
      return mapWriter(interpretedWriter(description.key), interpretedWriter(description.value));
    case 'record':
      return recordWriter(interpretedWriter(description.value));
    case 'nullable':
      return nullableWriter(interpretedWriter(description.type));
    case 'literal':
      return literalWriter(description.values);
    case 'union':
      return unionWriter(description.types);
    case 'shape':
      return (value, output, shapes) => shapes.write(value, output);
    default:
      return scalarWriter(description);
  }
}

function refuse(): never {
  throw refused();
}

function scalarWriter(description: ScalarDescription): WriteValue {
  const size = fixedBytesOf(description);
  return (value, output) => {
    if (!takesScalar(description.kind, value)) refuse();
    output.ensure(size);
    putScalar(description.kind, value, output.view, output.position);
    output.position += size;
  };
}

/** Fixed fields under one `ensure`, then the others. A row without fields is one byte, so that no value is of no bytes (see `readLength`). */
function rowWriter(layout: Layout, isRow: (value: unknown) => boolean): WriteValue {
  const writers = layout.varying.map((field) => interpretedWriter(field.type));
  return (value, output, shapes) => {
    if (!isRow(value)) refuse();
    if (layout.fields.length === 0) writeByte(0, output);
    output.ensure(layout.fixedBytes);
    for (const field of layout.fixed) {
      const { kind } = field.type as ScalarDescription;
      const content = declaredField(value as object, field.name);
      if (!takesScalar(kind, content)) refuse();
      putScalar(kind, content, output.view, output.position + field.offset);
    }
    output.position += layout.fixedBytes;
    layout.varying.forEach((field, index) => {
      writeField(value as object, field, (content) => writers[index]!(content, output, shapes), output);
    });
  };
}

function writeField(value: object, field: PlacedField, write: (content: unknown) => void, output: BytesWriter): void {
  const content = declaredField(value, field.name);
  if (!field.optional) {
    write(content);
    return;
  }
  const state = content !== undefined ? PRESENT : Object.hasOwn(value, field.name) ? UNDEFINED : ABSENT;
  writeByte(state, output);
  if (state === PRESENT) write(content);
}

/** Undeclared elements are the shape writer's: arrays of them may have holes. */
function listWriter(element: TypeDescription): WriteValue {
  if (element.kind === 'shape') return (value, output, shapes) => (Array.isArray(value) ? shapes.writeElements(value, output) : refuse());
  const write = interpretedWriter(element);
  return (value, output, shapes) => {
    if (!Array.isArray(value)) refuse();
    const values = value as readonly unknown[];
    writeLength(values.length, output);
    for (let index = 0; index < values.length; index++) write(values[index], output, shapes);
  };
}

function setWriter(write: WriteValue): WriteValue {
  return (value, output, shapes) => {
    if (!(value instanceof Set) || Object.getPrototypeOf(value) !== Set.prototype) refuse();
    const values = value as ReadonlySet<unknown>;
    writeLength(values.size, output);
    for (const element of values) write(element, output, shapes);
  };
}

function mapWriter(writeKey: WriteValue, writeContent: WriteValue): WriteValue {
  return (value, output, shapes) => {
    if (!(value instanceof Map) || Object.getPrototypeOf(value) !== Map.prototype) refuse();
    const entries = value as ReadonlyMap<unknown, unknown>;
    writeLength(entries.size, output);
    for (const [key, content] of entries) {
      writeKey(key, output, shapes);
      writeContent(content, output, shapes);
    }
  };
}

function recordWriter(write: WriteValue): WriteValue {
  return (value, output, shapes) => {
    if (typeof value !== 'object' || value === null || !isPlain(value)) refuse();
    const keys = Object.keys(value as object);
    writeLength(keys.length, output);
    for (const key of keys) {
      writeString(key, output);
      write(ownField(value as object, key), output, shapes);
    }
  };
}

function nullableWriter(write: WriteValue): WriteValue {
  return (value, output, shapes) => {
    writeByte(value === null ? 0 : 1, output);
    if (value !== null) write(value, output, shapes);
  };
}

/** The index of the value: a byte where that is enough. */
function literalWriter(values: readonly unknown[]): WriteValue {
  const indexes = new Map(values.map((value, index) => [value, index]));
  return (value, output) => {
    const index = indexes.get(value);
    if (index === undefined) refuse();
    else if (values.length <= 256) writeByte(index, output);
    else writeLength(index, output);
  };
}

function unionWriter(types: readonly TypeDescription[]): WriteValue {
  const writers = types.map(interpretedWriter);
  return (value, output, shapes) => {
    const index = unionIndex(types, value);
    writeByte(index, output);
    writers[index]!(value, output, shapes);
  };
}

/** The first type that takes the value. */
export function unionIndex(types: readonly TypeDescription[], value: unknown): number {
  for (let index = 0; index < types.length; index++) if (refusalOf(types[index]!, value) === undefined) return index;
  throw refused();
}

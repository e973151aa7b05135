/** The decoder that walks the description; the twin of `interpreter-encoder.ts`. What bytes say is checked before anything is allocated for it. */
import type { BytesReader } from '../bytes/bytes-reader.ts';
import { ABSENT, fixedBytesOf, type Layout, layoutOf, layoutOfTuple, type PlacedField, PRESENT } from './layout.ts';
import { defineField } from './plain.ts';
import { getScalar, type ScalarDescription } from './scalars.ts';
import type { ShapeReader } from './shape-reader.ts';
import { damaged, readString } from './strings.ts';
import type { TypeDescription } from './type-information.ts';
import { readElements, typedArrayConstructor } from './typed-arrays.ts';
import { readBigInt, readByte, readBytes, readFieldState, readLength, readNullMark, take } from './wire.ts';

export type ReadValue = (input: BytesReader, shapes: ShapeReader) => unknown;

export function interpretedReader(description: TypeDescription): ReadValue {
  switch (description.kind) {
    case 'string':
      return readString;
    case 'bigint':
      return readBigInt;
    case 'bytes':
      return readBytes;
    case 'typed-array': {
      const maker = typedArrayConstructor(description.element);
      return (input) => readElements(maker, input);
    }
    case 'row':
      return rowReader(layoutOf(description.fields));
    case 'tuple':
      return tupleReader(layoutOfTuple(description.elements));
    case 'list':
      return listReader(description.element);
    case 'set':
      return setReader(interpretedReader(description.element));
    case 'map':
      return mapReader(interpretedReader(description.key), interpretedReader(description.value));
    case 'record':
      return recordReader(interpretedReader(description.value));
    case 'nullable':
      return nullableReader(interpretedReader(description.type));
    case 'literal':
      return literalReader(description.values);
    case 'union':
      return unionReader(description.types.map(interpretedReader));
    case 'shape':
      return (input, shapes) => shapes.read(input);
    default:
      return scalarReader(description);
  }
}

function scalarReader(description: ScalarDescription): ReadValue {
  const size = fixedBytesOf(description);
  return (input) => getScalar(description.kind, input, take(input, size));
}

const NOTHING = Symbol('absent');

/** The contents by place in the description, whatever their order in the bytes. */
function contentsReader(layout: Layout): (input: BytesReader, shapes: ShapeReader) => unknown[] {
  const readers = layout.varying.map((field) => fieldReader(field, interpretedReader(field.type)));
  return (input, shapes) => {
    if (layout.fields.length === 0) take(input, 1);
    const contents: unknown[] = layout.fields.map(() => undefined);
    const start = take(input, layout.fixedBytes);
    for (const field of layout.fixed)
      contents[field.index] = getScalar((field.type as ScalarDescription).kind, input, start + field.offset);
    layout.varying.forEach((field, index) => {
      contents[field.index] = readers[index]!(input, shapes);
    });
    return contents;
  };
}

function fieldReader(field: PlacedField, read: ReadValue): ReadValue {
  if (!field.optional) return read;
  return (input, shapes) => {
    const state = readFieldState(input);
    if (state === ABSENT) return NOTHING;
    return state === PRESENT ? read(input, shapes) : undefined;
  };
}

function rowReader(layout: Layout): ReadValue {
  const read = contentsReader(layout);
  return (input, shapes) => {
    const contents = read(input, shapes);
    const row: Record<string, unknown> = {};
    for (const field of layout.fields) if (contents[field.index] !== NOTHING) defineField(row, field.name, contents[field.index]);
    return row;
  };
}

function tupleReader(layout: Layout): ReadValue {
  return contentsReader(layout);
}

function listReader(element: TypeDescription): ReadValue {
  if (element.kind === 'shape') return (input, shapes) => shapes.readElements(input);
  const read = interpretedReader(element);
  return (input, shapes) => {
    const length = readLength(input, 1);
    const values: unknown[] = [];
    for (let index = 0; index < length; index++) values.push(read(input, shapes));
    return values;
  };
}

function setReader(read: ReadValue): ReadValue {
  return (input, shapes) => {
    const size = readLength(input, 1);
    const values = new Set<unknown>();
    for (let index = 0; index < size; index++) values.add(read(input, shapes));
    return values;
  };
}

function mapReader(readKey: ReadValue, readContent: ReadValue): ReadValue {
  return (input, shapes) => {
    const size = readLength(input, 2);
    const entries = new Map<unknown, unknown>();
    for (let index = 0; index < size; index++) {
      const key = readKey(input, shapes);
      entries.set(key, readContent(input, shapes));
    }
    return entries;
  };
}

function recordReader(read: ReadValue): ReadValue {
  return (input, shapes) => {
    const size = readLength(input, 2);
    const record = {};
    for (let index = 0; index < size; index++) {
      const key = readString(input);
      defineField(record, key, read(input, shapes));
    }
    return record;
  };
}

function nullableReader(read: ReadValue): ReadValue {
  return (input, shapes) => (readNullMark(input) === 0 ? null : read(input, shapes));
}

function literalReader(values: readonly unknown[]): ReadValue {
  return (input) => {
    const index = values.length <= 256 ? readByte(input) : readLength(input, 0);
    if (index >= values.length) throw damaged(input, `there is no literal ${index} of ${values.length}`);
    return values[index];
  };
}

function unionReader(readers: readonly ReadValue[]): ReadValue {
  return (input, shapes) => {
    const index = readByte(input);
    const read = readers[index];
    if (read === undefined) throw damaged(input, `there is no type ${index} in a union of ${readers.length}`);
    return read(input, shapes);
  };
}

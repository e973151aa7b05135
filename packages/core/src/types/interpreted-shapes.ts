/** The code of one shape without generating any: what `shape-generator.ts` must equal. */
import type { BytesReader } from '../bytes/bytes-reader.ts';
import type { BytesWriter } from '../bytes/bytes-writer.ts';
import { defineField, isPlain, ownField } from './plain.ts';
import { booleanAt } from './scalars.ts';
import type { ReadShape, ShapeReader } from './shape-reader.ts';
import type { WrittenShape } from './shape-table.ts';
import type { ShapeWriter } from './shape-writer.ts';
import {
  FIRST_SHAPE,
  type FieldPlace,
  INT_FIELD,
  layoutOfShape,
  NUMBER_FIELD,
  OBJECT,
  type ShapeDefinition,
  STRING_FIELD,
  takesField,
} from './shapes.ts';
import { readString, writeString } from './strings.ts';
import { take } from './wire.ts';

/** The bytes of the tag of an object. */
export function tagBytes(id: number): number {
  return FIRST_SHAPE + id < 256 ? 1 : 3;
}

export function interpretedShape(definition: ShapeDefinition): WrittenShape {
  const layout = layoutOfShape(definition);
  const predicted: (WrittenShape | undefined)[] = layout.varying.map(() => undefined);
  return {
    definition,
    write(value: object, output: BytesWriter, shapes: ShapeWriter): boolean {
      if (!hasShape(value, definition)) return false;
      writeTag(definition.id, output);
      output.ensure(layout.fixedBytes);
      for (const field of layout.fixed) putField(field, ownField(value, field.name), output.view, output.position + field.offset);
      output.position += layout.fixedBytes;
      layout.varying.forEach((field, index) => {
        const content = ownField(value, field.name);
        if (field.kind === STRING_FIELD) writeString(content as string, output);
        else predicted[index] = shapes.writeField(content, output, predicted[index]);
      });
      return true;
    },
  };
}

function hasShape(value: object, definition: ShapeDefinition): boolean {
  if (!isPlain(value) || (Object.getPrototypeOf(value) === null) !== definition.bare) return false;
  let index = 0;
  for (const key in value) if (key !== definition.keys[index++]) return false;
  if (index !== definition.keys.length) return false;
  return definition.keys.every((key, at) => takesField(definition.kinds[at]!, ownField(value, key)));
}

function writeTag(id: number, output: BytesWriter): void {
  output.ensure(3);
  if (tagBytes(id) === 1) {
    output.bytes[output.position++] = FIRST_SHAPE + id;
    return;
  }
  output.bytes[output.position] = OBJECT;
  output.view.setUint16(output.position + 1, id, true);
  output.position += 3;
}

function putField(field: FieldPlace, content: unknown, view: DataView, position: number): void {
  if (field.kind === INT_FIELD) view.setInt32(position, content as number, true);
  else if (field.kind === NUMBER_FIELD) view.setFloat64(position, content as number, true);
  else view.setUint8(position, content === true ? 1 : 0);
}

export function interpretedShapeReader(definition: ShapeDefinition): ReadShape {
  const layout = layoutOfShape(definition);
  return {
    read(input: BytesReader, shapes: ShapeReader): object {
      const start = take(input, layout.fixedBytes);
      const contents: unknown[] = [];
      for (const field of layout.fixed) contents[field.index] = getField(field, input, start + field.offset);
      for (const field of layout.varying) contents[field.index] = field.kind === STRING_FIELD ? readString(input) : shapes.read(input);
      const value = (definition.bare ? Object.create(null) : {}) as object;
      for (const field of layout.fields) defineField(value, field.name, contents[field.index]);
      return value;
    },
  };
}

function getField(field: FieldPlace, input: BytesReader, position: number): unknown {
  if (field.kind === INT_FIELD) return input.view.getInt32(position, true);
  if (field.kind === NUMBER_FIELD) return input.view.getFloat64(position, true);
  return booleanAt(input, position);
}

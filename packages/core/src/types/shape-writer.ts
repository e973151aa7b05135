import type { BytesWriter } from '../bytes/bytes-writer.ts';
import { isPlain, ownField } from './plain.ts';
import { refused } from './refusal.ts';
import type { ShapeTable, WrittenShape } from './shape-table.ts';
import {
  ANY_FIELD,
  ARRAY,
  BARE_ENTRIES,
  BIG_INT,
  DATE,
  DEFINE,
  DOUBLE,
  ENTRIES,
  FALSE,
  HOLES,
  INT,
  isInt,
  MAP,
  MAX_KEYS,
  NULL,
  SET,
  type ShapeDefinition,
  STRING,
  TRUE,
  TYPED_ARRAY,
  UNDEFINED,
} from './shapes.ts';
import { writeString } from './strings.ts';
import { type TypedArray, typedArrayIndex, writeTypedArray } from './typed-arrays.ts';
import { MAX_DEPTH } from './undeclared-checks.ts';
import { writeBigInt, writeByte, writeLength } from './wire.ts';

/** The root counts as one level here. */
const DEPTH_LIMIT = MAX_DEPTH + 1;

/**
 * Writes undeclared values. Each object is written by the code of its shape; the shape it probably has is the one seen last at the same place.
 *
 * Owns: the shapes that its decoder has been told (`ShapeTable`). One per encoder, used by one thread.
 *
 * S1 a shape is told before the first object that has it, and never again.
 * S2 code of a shape writes either the whole object or nothing: it says whether it did.
 * S3 generated and interpreted code make the same bytes, because every decision about shapes is taken here.
 */
export class ShapeWriter {
  readonly #table: ShapeTable;
  #depth = 0;
  #predicted: WrittenShape | undefined = undefined;

  constructor(table: ShapeTable) {
    this.#table = table;
  }

  /** A value at the root, or under a declared part. */
  write(value: unknown, output: BytesWriter): void {
    if (typeof value === 'object' && value !== null && this.#predicted?.write(value, output, this)) return;
    this.#predicted = this.writeField(value, output, this.#predicted);
  }

  /** After a value was refused half way: the depth is that of a fresh start again. */
  begin(): void {
    this.#depth = 0;
  }

  /** Writes one value and returns the shape to try first on the next one from the same place. */
  writeField(value: unknown, output: BytesWriter, predicted: WrittenShape | undefined): WrittenShape | undefined {
    if (typeof value === 'object' && value !== null) {
      if (++this.#depth > DEPTH_LIMIT) throw refused();
      const shape = predicted?.write(value, output, this) ? predicted : this.#writeObject(value, output, predicted);
      this.#depth--;
      return shape;
    }
    writePrimitive(value, output);
    return predicted;
  }

  #writeObject(value: object, output: BytesWriter, predicted: WrittenShape | undefined): WrittenShape | undefined {
    if (Array.isArray(value)) return this.#writeArray(value, output, predicted);
    if (isPlain(value)) return this.#writePlain(value, output);
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Date.prototype) writeDate(value as Date, output);
    else if (prototype === Map.prototype) this.#writeMap(value as Map<unknown, unknown>, output);
    else if (prototype === Set.prototype) this.#writeSet(value as Set<unknown>, output);
    else if (ArrayBuffer.isView(value)) writeView(value, output);
    else throw refused();
    return predicted;
  }

  #writePlain(value: object, output: BytesWriter): WrittenShape | undefined {
    const keys = Object.keys(value);
    const bare = Object.getPrototypeOf(value) === null;
    const shape = keys.length > MAX_KEYS ? undefined : this.#table.find(keys, bare);
    if (shape?.write(value, output, this)) return shape;
    // A new list of keys, or one with contents of other kinds than so far.
    const learned = keys.length > MAX_KEYS ? undefined : this.#table.learn(keys, bare, value);
    if (learned === undefined) {
      this.#writeEntries(value, keys, bare, output);
      return undefined;
    }
    writeDefinition(learned.definition, output);
    if (!learned.write(value, output, this)) this.#writeEntries(value, keys, bare, output);
    return learned;
  }

  #writeEntries(value: object, keys: readonly string[], bare: boolean, output: BytesWriter): void {
    writeByte(bare ? BARE_ENTRIES : ENTRIES, output);
    writeLength(keys.length, output);
    let predicted: WrittenShape | undefined;
    for (const key of keys) {
      writeString(key, output);
      predicted = this.writeField(ownField(value, key), output, predicted);
    }
  }

  #writeArray(values: readonly unknown[], output: BytesWriter, predicted: WrittenShape | undefined): WrittenShape | undefined {
    if (Object.getPrototypeOf(values) !== Array.prototype) throw refused();
    writeByte(ARRAY, output);
    return this.writeElements(values, output, predicted);
  }

  /** The length and the elements; what is not there is told apart from undefined. */
  writeElements(values: readonly unknown[], output: BytesWriter, predicted?: WrittenShape): WrittenShape | undefined {
    const length = values.length;
    writeLength(length, output);
    let shape = predicted;
    for (let index = 0; index < length; index++) {
      const value = values[index];
      if (value === undefined && !(index in values)) index = writeHoles(values, index, output);
      else shape = this.writeField(value, output, shape);
    }
    return shape;
  }

  #writeMap(entries: ReadonlyMap<unknown, unknown>, output: BytesWriter): void {
    writeByte(MAP, output);
    writeLength(entries.size, output);
    let keyShape: WrittenShape | undefined;
    let shape: WrittenShape | undefined;
    for (const [key, content] of entries) {
      keyShape = this.writeField(key, output, keyShape);
      shape = this.writeField(content, output, shape);
    }
  }

  #writeSet(values: ReadonlySet<unknown>, output: BytesWriter): void {
    writeByte(SET, output);
    writeLength(values.size, output);
    let shape: WrittenShape | undefined;
    for (const value of values) shape = this.writeField(value, output, shape);
  }
}

function writePrimitive(value: unknown, output: BytesWriter): void {
  switch (typeof value) {
    case 'string':
      writeByte(STRING, output);
      writeString(value, output);
      return;
    case 'number':
      writeNumber(value, output);
      return;
    case 'boolean':
      writeByte(value ? TRUE : FALSE, output);
      return;
    case 'undefined':
      writeByte(UNDEFINED, output);
      return;
    case 'bigint':
      writeByte(BIG_INT, output);
      writeBigInt(value, output);
      return;
    default:
      if (value !== null) throw refused();
      writeByte(NULL, output);
  }
}

function writeNumber(value: number, output: BytesWriter): void {
  output.ensure(9);
  const position = output.position;
  if (isInt(value)) {
    output.bytes[position] = INT;
    output.view.setInt32(position + 1, value, true);
    output.position = position + 5;
  } else {
    output.bytes[position] = DOUBLE;
    output.view.setFloat64(position + 1, value, true);
    output.position = position + 9;
  }
}

function writeDate(value: Date, output: BytesWriter): void {
  output.ensure(9);
  output.bytes[output.position] = DATE;
  output.view.setFloat64(output.position + 1, value.getTime(), true);
  output.position += 9;
}

function writeView(value: ArrayBufferView, output: BytesWriter): void {
  const index = typedArrayIndex(value);
  if (index < 0) throw refused();
  writeByte(TYPED_ARRAY, output);
  writeTypedArray(value as TypedArray, index, output);
}

/** From `index`, where an element is missing, to the last one missing in a row; returns that one's index. */
function writeHoles(values: readonly unknown[], index: number, output: BytesWriter): number {
  let end = index + 1;
  while (end < values.length && !(end in values)) end++;
  writeByte(HOLES, output);
  writeLength(end - index, output);
  return end - 1;
}

function writeDefinition(definition: ShapeDefinition, output: BytesWriter): void {
  output.ensure(6);
  output.bytes[output.position] = DEFINE;
  output.view.setUint16(output.position + 1, definition.id, true);
  output.bytes[output.position + 3] = definition.bare ? 1 : 0;
  output.view.setUint16(output.position + 4, definition.keys.length, true);
  output.position += 6;
  definition.keys.forEach((key, index) => {
    writeString(key, output);
    writeByte(definition.kinds[index] ?? ANY_FIELD, output);
  });
}

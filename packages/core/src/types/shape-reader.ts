import type { BytesReader } from '../bytes/bytes-reader.ts';
import { defineField } from './plain.ts';
import {
  ARRAY,
  BARE_ENTRIES,
  BIG_INT,
  BOOLEAN_FIELD,
  DATE,
  DEFINE,
  DOUBLE,
  ENTRIES,
  FALSE,
  FIRST_SHAPE,
  type FieldKind,
  HOLES,
  INT,
  MAP,
  MAX_KEYS,
  NULL,
  OBJECT,
  SET,
  type ShapeDefinition,
  STRING,
  TRUE,
  TYPED_ARRAY,
  UNDEFINED,
} from './shapes.ts';
import { damaged, readString } from './strings.ts';
import { readTypedArray } from './typed-arrays.ts';
import { MAX_DEPTH } from './undeclared-checks.ts';
import { readBigInt, readByte, readLength, take } from './wire.ts';

/** Code that reads the objects of one shape, behind their tag. */
export interface ReadShape {
  read(input: BytesReader, shapes: ShapeReader): object;
}

/** What a writer may nest, and one level that it counts differently. */
const DEPTH_LIMIT = MAX_DEPTH + 2;

/**
 * Reads what a `ShapeWriter` wrote, in the same order. One per decoder.
 *
 * Owns: the shapes that it was told. Bytes may come from outside: every length is held against what is left, every number against what is known.
 */
export class ShapeReader {
  readonly #make: (definition: ShapeDefinition) => ReadShape;
  readonly #shapes: ReadShape[] = [];
  #depth = 0;

  constructor(make: (definition: ShapeDefinition) => ReadShape) {
    this.#make = make;
  }

  begin(): void {
    this.#depth = 0;
  }

  read(input: BytesReader): unknown {
    let tag = readByte(input);
    while (tag === DEFINE) {
      this.#define(input);
      tag = readByte(input);
    }
    return this.#readTagged(tag, input);
  }

  #readTagged(tag: number, input: BytesReader): unknown {
    if (tag >= FIRST_SHAPE) return this.#readObject(tag - FIRST_SHAPE, input);
    switch (tag) {
      case NULL:
        return null;
      case UNDEFINED:
        return undefined;
      case FALSE:
        return false;
      case TRUE:
        return true;
      case INT: {
        const position = take(input, 4);
        return input.view.getInt32(position, true);
      }
      case DOUBLE: {
        const position = take(input, 8);
        return input.view.getFloat64(position, true);
      }
      case STRING:
        return readString(input);
      case OBJECT: {
        const position = take(input, 2);
        return this.#readObject(input.view.getUint16(position, true), input);
      }
      default:
        return this.#readContainer(tag, input);
    }
  }

  #readContainer(tag: number, input: BytesReader): unknown {
    switch (tag) {
      case BIG_INT:
        return readBigInt(input);
      case DATE: {
        const position = take(input, 8);
        return new Date(input.view.getFloat64(position, true));
      }
      case ARRAY:
        return this.readElements(input);
      case MAP:
        return this.#readMap(input);
      case SET:
        return this.#readSet(input);
      case TYPED_ARRAY:
        return readTypedArray(input);
      case ENTRIES:
        return this.#readEntries({}, input);
      case BARE_ENTRIES:
        return this.#readEntries(Object.create(null) as object, input);
      default:
        throw damaged(input, `no value begins with byte ${tag}`);
    }
  }

  #enter(input: BytesReader): void {
    if (++this.#depth > DEPTH_LIMIT) throw damaged(input, `values are nested more than ${MAX_DEPTH} levels deep`);
  }

  #readObject(id: number, input: BytesReader): object {
    const shape = this.#shapes[id];
    if (shape === undefined) throw damaged(input, `shape ${id} was not told; ${this.#shapes.length} are known`);
    this.#enter(input);
    const value = shape.read(input, this);
    this.#depth--;
    return value;
  }

  /** The length is no promise of bytes, for elements may be missing; so nothing is allocated for it ahead. */
  readElements(input: BytesReader): unknown[] {
    this.#enter(input);
    const start = take(input, 4);
    const length = input.view.getUint32(start, true);
    const values: unknown[] = [];
    let index = 0;
    while (index < length) {
      if (input.position < input.limit && input.bytes[input.position] === HOLES) index = this.#readHoles(values, length, input);
      else {
        values.push(this.read(input));
        index++;
      }
    }
    this.#depth--;
    return values;
  }

  #readHoles(values: unknown[], length: number, input: BytesReader): number {
    const start = take(input, 5);
    const holes = input.view.getUint32(start + 1, true);
    if (holes === 0 || holes > length - values.length)
      throw damaged(input, `${holes} elements cannot be missing from an array of ${length}`);
    values.length += holes;
    return values.length;
  }

  #readMap(input: BytesReader): Map<unknown, unknown> {
    this.#enter(input);
    const size = readLength(input, 2);
    const entries = new Map<unknown, unknown>();
    for (let index = 0; index < size; index++) {
      const key = this.read(input);
      entries.set(key, this.read(input));
    }
    this.#depth--;
    return entries;
  }

  #readSet(input: BytesReader): Set<unknown> {
    this.#enter(input);
    const size = readLength(input, 1);
    const values = new Set<unknown>();
    for (let index = 0; index < size; index++) values.add(this.read(input));
    this.#depth--;
    return values;
  }

  #readEntries(target: object, input: BytesReader): object {
    this.#enter(input);
    const size = readLength(input, 2);
    for (let index = 0; index < size; index++) {
      const key = readString(input);
      defineField(target, key, this.read(input));
    }
    this.#depth--;
    return target;
  }

  #define(input: BytesReader): void {
    const start = take(input, 5);
    const id = input.view.getUint16(start, true);
    const bare = input.view.getUint8(start + 2) === 1;
    const count = input.view.getUint16(start + 3, true);
    if (id !== this.#shapes.length || count > MAX_KEYS)
      throw damaged(input, `shape ${id} of ${count} fields cannot follow ${this.#shapes.length} shapes`);
    const keys: string[] = [];
    const kinds: FieldKind[] = [];
    for (let index = 0; index < count; index++) {
      keys.push(readString(input));
      const kind = readByte(input);
      if (kind > BOOLEAN_FIELD) throw damaged(input, `a field cannot be of kind ${kind}`);
      kinds.push(kind as FieldKind);
    }
    this.#shapes.push(this.#make({ id, keys, kinds, bare }));
  }
}

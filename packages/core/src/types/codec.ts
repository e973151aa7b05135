import type { BytesReader } from '../bytes/bytes-reader.ts';
import type { BytesWriter } from '../bytes/bytes-writer.ts';
import { canGenerateCode } from '../codegen/compile.ts';
import { checkValue } from './checks.ts';
import { copyValue } from './copy.ts';
import { describeType } from './descriptions.ts';
import { interpretedShape, interpretedShapeReader } from './interpreted-shapes.ts';
import { interpretedReader, type ReadValue } from './interpreter-decoder.ts';
import { interpretedWriter, type WriteValue } from './interpreter-encoder.ts';
import { type ReadShape, ShapeReader } from './shape-reader.ts';
import { type ShapeLimits, ShapeTable, type WrittenShape } from './shape-table.ts';
import { ShapeWriter } from './shape-writer.ts';
import type { ShapeDefinition } from './shapes.ts';
import type { Codec, Decoder, Encoder, TypeDescription } from './type-information.ts';

export interface CodecOptions {
  /** Shapes of undeclared objects that get code of their own; objects of others are written as maps. Default 64. */
  readonly maxShapes?: number;
  /** Called once for a codec, when the first object had to be written as a map. */
  readonly onWarning?: (text: string) => void;
  /** Interpreted codecs are for hosts that forbid `new Function` and for tests; the bytes are the same. Default: generated where that is possible. */
  readonly mode?: 'generated' | 'interpreted';
}

export const MAX_SHAPES_PER_EDGE = 64;

/** The parts that differ between generated and interpreted codecs. */
export interface CodecParts {
  readonly write: WriteValue;
  readonly read: ReadValue;
  readonly shapeWriter: (definition: ShapeDefinition) => WrittenShape;
  readonly shapeReader: (definition: ShapeDefinition) => ReadShape;
}

export function createCodec<T = unknown>(description: TypeDescription, options: CodecOptions = {}): Codec<T> {
  const generate = options.mode === undefined ? canGenerateCode() : options.mode === 'generated';
  return new DescribedCodec<T>(description, generate ? interpretedParts(description) : interpretedParts(description), options);
}

function interpretedParts(description: TypeDescription): CodecParts {
  return {
    write: interpretedWriter(description),
    read: interpretedReader(description),
    shapeWriter: interpretedShape,
    shapeReader: interpretedShapeReader,
  };
}

class DescribedCodec<T> implements Codec<T> {
  readonly description: TypeDescription;
  readonly #parts: CodecParts;
  readonly #limits: ShapeLimits;

  constructor(description: TypeDescription, parts: CodecParts, options: CodecOptions) {
    this.description = description;
    this.#parts = parts;
    this.#limits = limitsOf(description, options);
  }

  createEncoder(): Encoder<T> {
    const shapes = new ShapeWriter(new ShapeTable(this.#limits, this.#parts.shapeWriter));
    return new DescribedEncoder<T>(this.description, this.#parts.write, shapes);
  }

  createDecoder(): Decoder<T> {
    return new DescribedDecoder<T>(this.#parts.read, new ShapeReader(this.#parts.shapeReader));
  }

  copy(value: T): T {
    if (typeof value !== 'object' || value === null) return value;
    try {
      return copyValue(value) as T;
    } catch (error) {
      checkValue(this.description, value);
      throw error;
    }
  }

  check(value: T): void {
    checkValue(this.description, value);
  }
}

function limitsOf(description: TypeDescription, options: CodecOptions): ShapeLimits {
  const maxShapes = options.maxShapes ?? MAX_SHAPES_PER_EDGE;
  let warned = false;
  return {
    maxShapes,
    onExceeded: () => {
      if (warned) return;
      warned = true;
      options.onWarning?.(
        `Records of type ${describeType(description)} have more than ${maxShapes} different lists of fields. Objects with further ones are written field by field, ` +
          'which is slower. If they are dictionaries, use a Map; if they are records, give them the same fields in the same order or declare their type.',
      );
    },
  };
}

class DescribedEncoder<T> implements Encoder<T> {
  readonly #description: TypeDescription;
  readonly #write: WriteValue;
  readonly #shapes: ShapeWriter;

  constructor(description: TypeDescription, write: WriteValue, shapes: ShapeWriter) {
    this.#description = description;
    this.#write = write;
    this.#shapes = shapes;
  }

  write(value: T, output: BytesWriter): void {
    try {
      this.#shapes.begin();
      this.#write(value, output, this.#shapes);
    } catch (error) {
      // The code that refuses does not know where in the record it is; the check finds the place.
      checkValue(this.#description, value);
      throw error;
    }
  }
}

class DescribedDecoder<T> implements Decoder<T> {
  readonly #read: ReadValue;
  readonly #shapes: ShapeReader;

  constructor(read: ReadValue, shapes: ShapeReader) {
    this.#read = read;
    this.#shapes = shapes;
  }

  read(input: BytesReader): T {
    this.#shapes.begin();
    return this.#read(input, this.#shapes) as T;
  }
}

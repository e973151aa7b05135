import type { BytesReader } from '../bytes/bytes-reader.ts';
import { canGenerateCode } from '../codegen/compile.ts';
import { checkValue } from './checks.ts';
import { copyValue } from './copy.ts';
import { type DecoderFactory, generateDecoder } from './decoder-generator.ts';
import { describeType } from './descriptions.ts';
import { type EncoderFactory, generateEncoder } from './encoder-generator.ts';
import { interpretedShape, interpretedShapeReader } from './interpreted-shapes.ts';
import { interpretedReader } from './interpreter-decoder.ts';
import { interpretedWriter } from './interpreter-encoder.ts';
import { generateShape, generateShapeReader } from './shape-generator.ts';
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

/** What differs between generated and interpreted codecs. */
interface CodecParts {
  readonly encoder: EncoderFactory;
  readonly decoder: DecoderFactory;
  readonly shapeWriter: (definition: ShapeDefinition) => WrittenShape;
  readonly shapeReader: (definition: ShapeDefinition) => ReadShape;
}

export function createCodec<T = unknown>(description: TypeDescription, options: CodecOptions = {}): Codec<T> {
  const generate = options.mode === undefined ? canGenerateCode() : options.mode === 'generated';
  return new DescribedCodec<T>(description, generate ? generatedParts(description) : interpretedParts(description), options);
}

function generatedParts(description: TypeDescription): CodecParts {
  return {
    encoder: generateEncoder(description),
    decoder: generateDecoder(description),
    shapeWriter: generateShape,
    shapeReader: generateShapeReader,
  };
}

function interpretedParts(description: TypeDescription): CodecParts {
  const write = interpretedWriter(description);
  const read = interpretedReader(description);
  return {
    encoder: (shapes, explain) => (value, output) => {
      try {
        write(value, output, shapes);
      } catch (error) {
        shapes.begin();
        throw explain(value, error);
      }
    },
    decoder: (shapes) => (input) => {
      shapes.begin();
      return read(input, shapes);
    },
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

  /** The function itself is the method: a call of it from a generated chain has one target. */
  createEncoder(): Encoder<T> {
    const shapes = new ShapeWriter(new ShapeTable(this.#limits, this.#parts.shapeWriter));
    return { write: this.#parts.encoder(shapes, this.#explain) };
  }

  createDecoder(): Decoder<T> {
    return { read: this.#parts.decoder(new ShapeReader(this.#parts.shapeReader)) as (input: BytesReader) => T };
  }

  /** The code that refuses does not know where in the record it is; the check finds the place, and throws. */
  readonly #explain = (value: unknown, error: unknown): unknown => {
    checkValue(this.description, value);
    return error;
  };

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

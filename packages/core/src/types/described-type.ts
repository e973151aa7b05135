import { DataError, UsageError } from '../base/errors.ts';
import { BytesReader } from '../bytes/bytes-reader.ts';
import { BytesWriter } from '../bytes/bytes-writer.ts';
import { createCodec } from './codec.ts';
import { describeType, SHAPE } from './descriptions.ts';
import type { AnyTypeInformation, Codec, SimpleVersionedSerializer, TypeDescription, TypeInformation } from './type-information.ts';

/** Of the serializer below. A new wire format gets a new number and keeps reading this one. */
const VERSION = 1;

/** A symbol of the process, not of this module: a job's bundle may hold a second copy of it. */
const DESCRIBED = Symbol.for('millrace.described-type');

export type Validator<T> = (value: unknown) => T;

interface Described {
  readonly description: TypeDescription;
  readonly validate: Validator<unknown> | undefined;
}

/** Every `TypeInformation` that `Types` makes: a description, and a validator if a schema came with it. */
export class DescribedType<T> implements TypeInformation<T> {
  readonly typeName: string;
  readonly [DESCRIBED]: Described;

  constructor(description: TypeDescription, validate?: Validator<T>) {
    this.typeName = describeType(description);
    this[DESCRIBED] = { description, validate };
  }

  createSerializer(): SimpleVersionedSerializer<T> {
    return new CodecSerializer<T>(createCodec<T>(this[DESCRIBED].description));
  }
}

/** Marks a field of a row that may be absent. */
export class OptionalType<T> extends DescribedType<T> {
  readonly optional = true;
}

/** Nothing declared is the shape codec's work. */
export function descriptionOf(type: AnyTypeInformation | undefined): TypeDescription {
  return type === undefined ? SHAPE : describedBy(type).description;
}

export function typeInformationOf<T = unknown>(description: TypeDescription): TypeInformation<T> {
  return new DescribedType<T>(description);
}

/** What `Types.schema` brought along: returns the value as the schema gives it, or throws a `DataError` that says what the schema found. */
export function validatorOf<T>(type: TypeInformation<T> | undefined): Validator<T> | undefined {
  return type === undefined ? undefined : (describedBy(type).validate as Validator<T> | undefined);
}

function describedBy(type: AnyTypeInformation): Described {
  const described = (type as Partial<DescribedType<unknown>>)[DESCRIBED];
  if (described !== undefined) return described;
  throw new UsageError(
    `This type (${String(type.typeName)}) was not made by Types, so how its values are written is unknown. Build it from Types.row, Types.schema or their kin, ` +
      'or leave the type out: the shapes of the records are then learned.',
  );
}

/** Each value on its own: what an undeclared value needs to be read again is inside its bytes. */
class CodecSerializer<T> implements SimpleVersionedSerializer<T> {
  readonly version = VERSION;
  readonly #codec: Codec<T>;

  constructor(codec: Codec<T>) {
    this.#codec = codec;
  }

  serialize(value: T): Uint8Array {
    const output = new BytesWriter(new Uint8Array(64));
    this.#codec.createEncoder().write(value, output);
    return output.toBytes();
  }

  deserialize(bytes: Uint8Array, version: number): T {
    if (version !== VERSION)
      throw new DataError(
        `A value was written by version ${version} of the codec for ${describeType(this.#codec.description)}; this one reads version ${VERSION}. Read it with the version of Millrace that wrote it.`,
      );
    const input = new BytesReader(bytes);
    const value = this.#codec.createDecoder().read(input);
    if (input.remaining !== 0)
      throw new DataError(
        `${input.remaining} bytes follow the value of type ${describeType(this.#codec.description)}: the bytes are of another type, or damaged. Give the type that they were written with.`,
      );
    return value;
  }
}

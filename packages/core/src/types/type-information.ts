/**
 * What is known of a record's type, and the codec contract that follows from it.
 *
 * A `TypeInformation` is what users hold (`Types.LONG`, `Types.row({...})`); a `TypeDescription` is its plain, serializable content, which travels in the
 * job graph and is stored beside state; a `Codec` is the runnable made of it. Flink: "Data Types & Serialization".
 */
import type { BytesReader } from '../bytes/bytes-reader.ts';
import type { BytesWriter } from '../bytes/bytes-writer.ts';

/** Logical kinds that share a physical form, for the Table layer: a LONG is a BIGINT, an INSTANT a TIMESTAMP_LTZ(3). */
export type LogicalKind =
  | 'TINYINT'
  | 'SMALLINT'
  | 'INTEGER'
  | 'BIGINT'
  | 'FLOAT'
  | 'DOUBLE'
  | 'DECIMAL'
  | 'TIMESTAMP'
  | 'TIMESTAMP_LTZ'
  | 'DATE'
  | 'TIME';

/** Plain JSON, closed union, versioned by the codec that writes it. `nullable` is a wrapper so that every kind can have it. */
export type TypeDescription =
  | { readonly kind: 'string' | 'bigint' | 'bytes' }
  | { readonly kind: 'boolean' | 'null' | 'undefined' }
  | { readonly kind: 'date'; readonly logical?: LogicalKind; readonly precision?: number }
  | {
      readonly kind: 'byte' | 'short' | 'int' | 'long' | 'float' | 'double';
      readonly logical?: LogicalKind;
      readonly precision?: number;
      readonly scale?: number;
    }
  | { readonly kind: 'typed-array'; readonly element: string } // the constructor's name, `Float64Array`
  | { readonly kind: 'row'; readonly fields: readonly FieldDescription[] }
  | { readonly kind: 'tuple'; readonly elements: readonly TypeDescription[] }
  | { readonly kind: 'list' | 'set'; readonly element: TypeDescription }
  | { readonly kind: 'map'; readonly key: TypeDescription; readonly value: TypeDescription }
  | { readonly kind: 'record'; readonly value: TypeDescription } // a plain object used as a dictionary: any keys
  | { readonly kind: 'nullable'; readonly type: TypeDescription }
  | { readonly kind: 'literal'; readonly values: readonly (string | number | boolean | null)[] }
  | { readonly kind: 'union'; readonly types: readonly TypeDescription[] }
  /** Nothing declared: the codec learns the shapes that occur. `learned`: what they were, of values that are stored; no codec looks at it. */
  | { readonly kind: 'shape'; readonly learned?: TypeDescription };

export interface FieldDescription {
  readonly name: string;
  readonly type: TypeDescription;
  readonly optional?: boolean; // may be absent, which differs from undefined and from null
}

export interface AnyTypeInformation {
  readonly typeName: string;
}

export interface TypeInformation<in out T> extends AnyTypeInformation {
  createSerializer(): SimpleVersionedSerializer<T>;
}

export interface OptionalTypeInformation<in out T> extends TypeInformation<T> {
  readonly optional: true;
}

export interface SimpleVersionedSerializer<T> {
  readonly version: number;
  serialize(value: T): Uint8Array;
  deserialize(bytes: Uint8Array, version: number): T;
}

/**
 * Writes and reads the values of one edge or one state. Stateless itself; the shapes of undeclared records are learned by each encoder and told in band,
 * once, to the decoder at the other end, so both are made per channel and used by one thread.
 */
export interface Codec<T> {
  readonly description: TypeDescription;
  createEncoder(): Encoder<T>;
  createDecoder(): Decoder<T>;
  /** A deep copy that shares nothing mutable with `value`; returns primitives as they are. */
  copy(value: T): T;
  /** Throws a `DataError` that names the path (`$.inner.x`) and the value when `value` cannot be written. Writes nothing. */
  check(value: T): void;
}

export interface Encoder<T> {
  /** Appends `value`. What it throws for a value that cannot be restored names the path to it; the writer's position is then undefined. */
  write(value: T, output: BytesWriter): void;
}

export interface Decoder<T> {
  read(input: BytesReader): T;
}

/**
 * How the entries of a keyed state are written and read, by its schema alone. An entry is the key, the namespace where the state has namespaces, and the value:
 *
 * - of a list: the number of elements and the elements; of a map: the number of names, and name and value of each;
 * - of timers: the time, 8 bytes; else one value.
 *
 * With a time to live every value, element and value of a name is followed by the time of its last use, 8 bytes. Numbers are little-endian; counts are lengths of
 * core/types/wire. The encoders of one block know nothing of other blocks.
 */
import type { BytesReader } from '@millrace/core/bytes/bytes-reader';
import type { BytesWriter } from '@millrace/core/bytes/bytes-writer';
import { createCodec } from '@millrace/core/types/codec';
import type { Codec, Decoder, Encoder, TypeDescription } from '@millrace/core/types/type-information';
import { readLength, take, writeLength } from '@millrace/core/types/wire';
import type { KeyedStateSchema } from '../../checkpoint/state-handles.ts';

/** A value with the time of its last use, milliseconds since the epoch. */
export class Timed<V> {
  value: V;
  time: number;

  constructor(value: V, time: number) {
    this.value = value;
    this.time = time;
  }
}

/**
 * What entries carry: a list's is an array, a map's an array of pairs (an iterable when it is written), a timer's its time, any other one value. Where the schema has a
 * time to live, every single value is `Timed`.
 */
export interface EntryEncoder {
  write(key: unknown, namespace: unknown, value: unknown, output: BytesWriter): void;
}

export interface EntryDecoder {
  /** Reads one entry; what it was stands in the fields until the next. */
  read(input: BytesReader): void;
  key: unknown;
  namespace: unknown;
  value: unknown;
}

type WriteValue = (value: unknown, output: BytesWriter) => void;
type ReadValue = (input: BytesReader) => unknown;

/** The names of a map in the order of their first insertion. */
export interface MapEntries {
  readonly size: number;
  entries(): Iterable<readonly [unknown, unknown]>;
}

/** Made once for a state; encoders and decoders are made for each block. */
export class EntryCodec {
  readonly #schema: KeyedStateSchema;
  readonly #key: Codec<unknown>;
  readonly #namespace: Codec<unknown> | undefined;
  readonly #name: Codec<unknown> | undefined;
  readonly #value: Codec<unknown> | undefined;

  constructor(schema: KeyedStateSchema) {
    this.#schema = schema;
    this.#key = createCodec(schema.keyType);
    this.#namespace = codecOf(schema.namespaceType);
    this.#name = codecOf(schema.nameType);
    this.#value = codecOf(schema.valueType);
  }

  createEncoder(): EntryEncoder {
    const keys = this.#key.createEncoder();
    const namespaces = this.#namespace?.createEncoder();
    const writeValue = this.#valueWriter();
    return {
      write(key, namespace, value, output) {
        keys.write(key, output);
        namespaces?.write(namespace, output);
        writeValue(value, output);
      },
    };
  }

  createDecoder(): EntryDecoder {
    const keys = this.#key.createDecoder();
    const namespaces = this.#namespace?.createDecoder();
    const readValue = this.#valueReader();
    return {
      key: undefined,
      namespace: undefined,
      value: undefined,
      read(input) {
        this.key = keys.read(input);
        this.namespace = namespaces?.read(input);
        this.value = readValue(input);
      },
    };
  }

  #valueWriter(): WriteValue {
    if (this.#value === undefined) return writeTime;
    const values = this.#value.createEncoder();
    const write: WriteValue = this.#schema.hasTtl === true ? timedWriter(values) : values.write.bind(values);
    if (this.#schema.kind === 'list') return listWriter(write);
    return this.#name === undefined ? write : mapWriter(this.#name.createEncoder(), write);
  }

  #valueReader(): ReadValue {
    if (this.#value === undefined) return readTime;
    const values = this.#value.createDecoder();
    const read: ReadValue = this.#schema.hasTtl === true ? timedReader(values) : values.read.bind(values);
    if (this.#schema.kind === 'list') return listReader(read);
    return this.#name === undefined ? read : mapReader(this.#name.createDecoder(), read);
  }
}

function codecOf(description: TypeDescription | undefined): Codec<unknown> | undefined {
  return description === undefined ? undefined : createCodec(description);
}

function writeTime(value: unknown, output: BytesWriter): void {
  output.ensure(8);
  output.view.setFloat64(output.position, value as number, true);
  output.position += 8;
}

function readTime(input: BytesReader): number {
  const position = take(input, 8);
  return input.view.getFloat64(position, true);
}

function timedWriter(values: Encoder<unknown>): WriteValue {
  return (timed, output) => {
    values.write((timed as Timed<unknown>).value, output);
    writeTime((timed as Timed<unknown>).time, output);
  };
}

function timedReader(values: Decoder<unknown>): ReadValue {
  return (input) => new Timed(values.read(input), readTime(input));
}

function listWriter(write: WriteValue): WriteValue {
  return (list, output) => {
    writeLength((list as unknown[]).length, output);
    for (const element of list as unknown[]) write(element, output);
  };
}

function listReader(read: ReadValue): ReadValue {
  return (input) => {
    const list: unknown[] = [];
    for (let left = readLength(input, 1); left > 0; left--) list.push(read(input));
    return list;
  };
}

function mapWriter(names: Encoder<unknown>, write: WriteValue): WriteValue {
  return (map, output) => {
    writeLength((map as MapEntries).size, output);
    for (const [name, value] of (map as MapEntries).entries()) {
      names.write(name, output);
      write(value, output);
    }
  };
}

function mapReader(names: Decoder<unknown>, read: ReadValue): ReadValue {
  return (input) => {
    const entries: [unknown, unknown][] = [];
    for (let left = readLength(input, 1); left > 0; left--) {
      const name = names.read(input);
      entries.push([name, read(input)]);
    }
    return entries;
  };
}

/** Writes and reads the lists of operator state: one block for each list, one element after another; of a broadcast map, name and value of each entry. */
import { DataError, isMillraceError } from '@millrace/core/base/errors';
import { BytesWriter } from '@millrace/core/bytes/bytes-writer';
import type { BytesReader } from '@millrace/core/bytes/bytes-reader';
import { createCodec } from '@millrace/core/types/codec';
import type { OperatorStateHandle, OperatorStateSchema, StateBlock, StreamHandle } from '../../checkpoint/state-handles.ts';
import { ContentDigest } from './content-digest.ts';
import { refusedState } from './describe-state.ts';
import { type LoadedList, readAll } from './restored-states.ts';
import { ListLearner } from './schema-learner.ts';
import { partOfStream, type SnapshotOutput } from './snapshot-output.ts';
import { type Convert, migrationOf } from './type-migration.ts';
import { describeType } from '@millrace/core/types/descriptions';

type WriteElement = (element: unknown, output: BytesWriter) => void;
type ReadElement = (input: BytesReader) => unknown;

/** One list on its way into a checkpoint. Its elements are the list's own array, which nobody changes any more, or pairs of a broadcast map. */
export class ListBlock {
  readonly schema: OperatorStateSchema;
  readonly #elements: readonly unknown[];
  readonly #output = new BytesWriter(new Uint8Array(64));
  readonly #write: WriteElement;
  readonly #digest: ContentDigest | undefined;
  readonly #learner: ListLearner;
  #next = 0;
  #block: StateBlock | undefined = undefined;

  constructor(schema: OperatorStateSchema, elements: readonly unknown[]) {
    this.schema = schema;
    this.#elements = elements;
    this.#write = writerOf(schema);
    this.#digest = schema.mode === 'broadcast' ? ContentDigest.of([schema.nameType, schema.elementType]) : undefined;
    this.#learner = new ListLearner(schema);
  }

  /** Encodes up to so many elements; what is left of the budget, 0 while there is more to do. */
  advance(budgetElements: number, to: SnapshotOutput): number {
    let left = budgetElements;
    for (; left > 0 && this.#next < this.#elements.length; left--) this.#writeNext();
    if (this.#next < this.#elements.length) return 0;
    this.#block ??= to.add(this.#output.bytes.subarray(0, this.#output.position), this.#elements.length);
    return left;
  }

  handle(stream: StreamHandle): OperatorStateHandle {
    const block = this.#block as StateBlock;
    const part = partOfStream(stream, [block]);
    const digest = this.#digest === undefined ? {} : { contentDigest: this.#digest.value };
    const { schema } = this.#learner;
    return { schema, stream: part.stream, block: { ...(part.blocks[0] as StateBlock) }, from: 0, to: block.count, ...digest };
  }

  #writeNext(): void {
    const from = this.#output.position;
    try {
      const element = this.#elements[this.#next];
      this.#write(element, this.#output);
      this.#digest?.add(this.#output.bytes.subarray(from, this.#output.position));
      this.#learner.element(element);
      this.#next += 1;
    } catch (error) {
      if (!isMillraceError(error)) throw error;
      throw new DataError(`Operator state '${this.schema.name}' cannot be written to the checkpoint: ${error.message}`, { cause: error });
    }
  }
}

/** A list that was restored and that nobody has asked for: its block goes on as it is. */
export class CarriedList {
  readonly schema: OperatorStateSchema;
  readonly #loaded: LoadedList;
  #block: StateBlock | undefined = undefined;

  constructor(loaded: LoadedList) {
    this.schema = loaded.handle.schema;
    this.#loaded = loaded;
  }

  advance(budgetElements: number, to: SnapshotOutput): number {
    this.#block ??= to.add(this.#loaded.bytes, this.#loaded.handle.block.count);
    return budgetElements;
  }

  handle(stream: StreamHandle): OperatorStateHandle {
    const part = partOfStream(stream, [this.#block as StateBlock]);
    const { from, to } = this.#loaded.handle;
    return { schema: this.schema, stream: part.stream, block: { ...(part.blocks[0] as StateBlock) }, from, to };
  }
}

function writerOf({ elementType, nameType }: OperatorStateSchema): WriteElement {
  const values = createCodec(elementType).createEncoder();
  if (nameType === undefined) return (element, output) => values.write(element, output);
  const names = createCodec(nameType).createEncoder();
  return (entry, output) => {
    names.write((entry as [unknown, unknown])[0], output);
    values.write((entry as [unknown, unknown])[1], output);
  };
}

function readerOf({ elementType, nameType }: OperatorStateSchema): ReadElement {
  const values = createCodec(elementType).createDecoder();
  if (nameType === undefined) return (input) => values.read(input);
  const names = createCodec(nameType).createDecoder();
  return (input) => {
    const name = names.read(input);
    return [name, values.read(input)];
  };
}

/** The elements of this subtask, as the wanted schema has them; pairs of a broadcast map. */
export function readLists(loaded: readonly LoadedList[], wanted: OperatorStateSchema): unknown[] {
  const elements: unknown[] = [];
  for (const { handle, bytes } of loaded) {
    const { schema, block, from, to } = handle;
    const convert = convertOf(schema, wanted);
    const read = readerOf(schema);
    let index = 0;
    readAll(bytes, block.count, `operator state '${schema.name}'`, (input) => {
      const element = read(input);
      if (index >= from && index < to) elements.push(convert === undefined ? element : convert(element));
      index += 1;
    });
  }
  return elements;
}

function convertOf(stored: OperatorStateSchema, wanted: OperatorStateSchema): Convert | undefined {
  if (stored.mode !== wanted.mode) throw refused(stored, wanted, undefined);
  const values = migrationOf(stored.elementType, wanted.elementType, wanted.nameType === undefined ? 'element' : 'value');
  if (!values.isPossible) throw refused(stored, wanted, values.difference);
  if (stored.nameType === undefined || wanted.nameType === undefined) return values.convert;
  const names = migrationOf(stored.nameType, wanted.nameType, 'name');
  if (!names.isPossible) throw refused(stored, wanted, names.difference);
  if (names.convert === undefined && values.convert === undefined) return undefined;
  const name = names.convert ?? same;
  const value = values.convert ?? same;
  return (entry) => [name((entry as [unknown, unknown])[0]), value((entry as [unknown, unknown])[1])];
}

function same(value: unknown): unknown {
  return value;
}

function refused(stored: OperatorStateSchema, wanted: OperatorStateSchema, difference: string | undefined): Error {
  return refusedState(wanted.name, describe(stored), describe(wanted), difference);
}

function describe({ kind, mode, nameType, elementType }: OperatorStateSchema): string {
  const types = nameType === undefined ? describeType(elementType) : `${describeType(nameType)} to ${describeType(elementType)}`;
  return kind === 'broadcast-map' ? `broadcast state of ${types}` : `a ${mode} list of ${types}`;
}

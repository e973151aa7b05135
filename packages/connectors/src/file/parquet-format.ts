import { setImmediate as nextTurn } from 'node:timers/promises';
import { DataError, UsageError } from '@millrace/core/base/errors';
import { didYouMean } from '@millrace/core/config/nearest';
import type { FileStatus } from '@millrace/core/fs/file-system';
import { descriptionOf } from '@millrace/core/types/types';
import type { FieldDescription, TypeInformation } from '@millrace/core/types/type-information';
import type { BadRecordPolicy, Batch } from '@millrace/streaming/builtin/file/batch';
import type { FilePart, FileSplit } from '@millrace/streaming/builtin/file/file-split';
import type { BulkFormat } from './file-source.ts';
import { describeColumn, valueReaderOf, type ValueReader } from './parquet-columns.ts';
import { type ParquetColumn, ParquetFile, withFile } from './parquet-file.ts';
import { type Column, type RowMaker, rowMaker } from './parquet-rows.ts';

export interface ParquetFormatOptions {
  /** Which columns are read, where no type says it. Default: all. */
  readonly columns?: readonly string[];
}

/** A column that is read, and how. */
interface Selected {
  readonly column: ParquetColumn;
  readonly read: ValueReader;
}

interface OpenFile {
  readonly path: string;
  readonly file: Promise<ParquetFile>;
}

/**
 * Rows of Parquet files: row groups are splits, and only the columns of the declared row (or of `columns`) are read. For `FileSource.forBulkFileFormat`.
 * Pages may be compressed by snappy, gzip, zstd, brotli or lz4. A value that its declared type does not allow fails the job under every policy.
 */
export class ParquetFormat<T> implements BulkFormat<T> {
  readonly type: TypeInformation<T> | undefined;
  readonly #fields: readonly FieldDescription[] | undefined;
  readonly #columns: readonly string[] | undefined;
  readonly #makers = new Map<string, RowMaker>();
  #open: OpenFile | undefined; // the file read last

  constructor(type?: TypeInformation<T>, options: ParquetFormatOptions = {}) {
    const description = descriptionOf(type);
    if (description.kind !== 'row' && description.kind !== 'shape') {
      throw new UsageError(
        `ParquetFormat got the type ${type?.typeName}. Parquet files have rows: give Types.row({ … }) with the columns to read.`,
      );
    }
    this.type = type;
    this.#fields = description.kind === 'row' ? description.fields : undefined;
    this.#columns = options.columns;
  }

  async partsOf(status: FileStatus): Promise<readonly FilePart[]> {
    const file = await ParquetFile.open(status.path);
    this.#select(file); // a column that is missing is found before the first row is read
    const parts: FilePart[] = [];
    let start = 0;
    for (const [part, group] of file.rowGroups.entries()) {
      const end = start + Number(group.total_compressed_size ?? group.total_byte_size);
      if (group.num_rows > 0n) parts.push({ start, end, part });
      start = end;
    }
    return parts;
  }

  async *read(split: FileSplit, _policy: BadRecordPolicy): AsyncIterable<Batch<T>> {
    const file = await this.#fileOf(split.path);
    const selected = this.#select(file);
    const columns: Column[] = [];
    await withFile(split.path, async (bytes) => {
      for (const { column, read } of selected) {
        columns.push(
          converted(await file.readColumn(bytes, split.part, column), read, (row, cause) =>
            file.failure(split.part, column.name, cause, row),
          ),
        );
        await nextTurn(); // a column of a row group is tens of milliseconds of work: the slot's other tasks come first
      }
    });
    const get = this.#maker(selected)(columns) as (index: number) => T;
    yield { size: file.rowsOf(split.part), get, weightBytes: split.end - split.start, bad: [] };
  }

  #fileOf(path: string): Promise<ParquetFile> {
    if (this.#open?.path !== path) this.#open = { path, file: ParquetFile.open(path) };
    return this.#open.file;
  }

  #select(file: ParquetFile): readonly Selected[] {
    const byName = new Map(file.columns.map((column) => [column.name, column]));
    if (this.#fields !== undefined) return this.#fields.flatMap((field) => selectField(file, byName, field));
    return (this.#columns ?? [...byName.keys()]).map((name) => {
      const column = byName.get(name) ?? missing(file, name);
      return { column, read: valueReaderOf(describeColumn(column.element), column.element) };
    });
  }

  #maker(selected: readonly Selected[]): RowMaker {
    const names = selected.map(({ column }) => column.name);
    const key = JSON.stringify(names);
    const maker = this.#makers.get(key) ?? rowMaker(names);
    this.#makers.set(key, maker);
    return maker;
  }
}

function selectField(file: ParquetFile, byName: ReadonlyMap<string, ParquetColumn>, field: FieldDescription): readonly Selected[] {
  const column = byName.get(field.name);
  if (column === undefined) {
    if (field.optional === true) return [];
    return missing(file, field.name);
  }
  return [{ column, read: valueReaderOf(field.type, column.element) }];
}

function missing(file: ParquetFile, name: string): never {
  const known = file.columns.map((column) => `'${column.name}'`).join(', ');
  throw new DataError(
    `'${file.path}' has no column '${name}'. It has ${known}.${didYouMean(
      name,
      file.columns.map((column) => column.name),
    )} Declare a field that may be missing with Types.optional(…).`,
    { reason: 'bad-record' },
  );
}

function converted(values: Column, read: ValueReader, failure: (row: number, cause: unknown) => DataError): Column {
  const result: unknown[] = [];
  let row = 0;
  try {
    for (; row < values.length; row += 1) result.push(read(values[row]));
  } catch (cause) {
    throw failure(row, cause);
  }
  return result;
}

/** One Parquet file: its footer, and the columns of its row groups. What the decoder finds wrong becomes a `DataError` that says where. */
import { gunzipSync } from 'node:zlib';
import * as zlib from 'node:zlib';
import { DataError, isMillraceError } from '@millrace/core/base/errors';
import type { RandomAccessFile } from '@millrace/core/fs/file-system';
import { fileSystemOf } from '@millrace/core/fs/file-systems';
import type { AsyncBuffer, Compressors, FileMetaData, RowGroup, SchemaElement } from 'hyparquet/src/types.js';
import { meaningOf, PARSERS } from './parquet-columns.ts';
import type { Column } from './parquet-rows.ts';
import { checkStatistics } from './parquet-statistics.ts';

export interface ParquetColumn {
  readonly name: string;
  /** As the file declares it; the decoder sees it without annotations that it would read less exactly than we do. */
  readonly element: SchemaElement;
}

export class ParquetFile {
  readonly path: string;
  readonly rowGroups: readonly RowGroup[];
  /** The top level of the schema. */
  readonly columns: readonly ParquetColumn[];
  readonly #metadata: FileMetaData;
  readonly #decoder: Decoder;

  private constructor(path: string, metadata: FileMetaData, decoder: Decoder) {
    this.path = path;
    this.rowGroups = metadata.row_groups;
    this.columns = decoder.parquetSchema(metadata).children.map(({ element }) => ({ name: element.name, element }));
    this.#metadata = { ...metadata, schema: metadata.schema.map(withoutDecimal) };
    this.#decoder = decoder;
  }

  static async open(path: string): Promise<ParquetFile> {
    const decoder = await loadDecoder();
    return withFile(path, async (file) => {
      if (file.size === 0)
        throw new DataError(`'${path}' is empty, so it is no Parquet file. Write it again, or filter it out.`, { reason: 'file-damaged' });
      try {
        return new ParquetFile(path, await decoder.parquetMetadataAsync(bufferOf(file)), decoder);
      } catch (cause) {
        if (isMillraceError(cause)) throw cause;
        throw new DataError(`'${path}' is no Parquet file, or its footer is damaged: ${textOf(cause)}. Fetch or write the file again.`, {
          cause,
          reason: 'file-damaged',
        });
      }
    });
  }

  firstRowOf(rowGroup: number): number {
    return this.rowGroups.slice(0, rowGroup).reduce((rows, group) => rows + Number(group.num_rows), 0);
  }

  rowsOf(rowGroup: number): number {
    return Number(this.rowGroups[rowGroup]?.num_rows ?? 0);
  }

  /** The values of one column in one row group: null or undefined where there is none. */
  async readColumn(file: RandomAccessFile, rowGroup: number, column: ParquetColumn): Promise<Column> {
    const rowStart = this.firstRowOf(rowGroup);
    const rows = this.rowsOf(rowGroup);
    const chunks: Column[] = [];
    try {
      await this.#decoder.parquetRead({
        file: bufferOf(file),
        metadata: this.#metadata,
        columns: [column.name],
        rowStart,
        rowEnd: rowStart + rows,
        compressors: this.#decoder.compressors,
        parsers: PARSERS,
        utf8: false,
        geoparquet: false,
        onChunk: (chunk) => chunks.push(chunk.columnData),
      });
      const values = checkLength(joined(chunks), rows);
      checkStatistics(values, column.element, this.#chunkOf(rowGroup, column.name));
      return values;
    } catch (cause) {
      throw this.failure(rowGroup, column.name, cause);
    }
  }

  /** Undefined for nested columns, which have several. */
  #chunkOf(rowGroup: number, column: string) {
    return this.rowGroups[rowGroup]?.columns.find(
      ({ meta_data: metadata }) => metadata?.path_in_schema.length === 1 && metadata.path_in_schema[0] === column,
    )?.meta_data;
  }

  failure(rowGroup: number, column: string, cause: unknown, row?: number): DataError {
    const where = `'${this.path}', row group ${rowGroup} (of ${this.rowGroups.length}, from 0), column '${column}'${row === undefined ? '' : `, row ${row} of the group (from 0)`}`;
    const what = row === undefined ? 'cannot be decoded, so a page of it is damaged: ' : '';
    return new DataError(`${where}: ${what}${textOf(cause)}.${row === undefined ? ' Fetch or write the file again.' : ''}`, {
      cause,
      reason: row === undefined ? 'file-damaged' : 'bad-record',
    });
  }
}

export async function withFile<T>(path: string, work: (file: RandomAccessFile) => Promise<T>): Promise<T> {
  const file = await fileSystemOf(path).open(path);
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}

interface Decoder {
  readonly parquetMetadataAsync: typeof import('hyparquet').parquetMetadataAsync;
  readonly parquetSchema: typeof import('hyparquet').parquetSchema;
  readonly parquetRead: typeof import('hyparquet').parquetRead;
  readonly compressors: Compressors;
}

/** Loaded when the first Parquet file is opened: programs that read none do not pay for it at their start. */
async function loadDecoder(): Promise<Decoder> {
  const [{ parquetMetadataAsync, parquetRead, parquetSchema }, { compressors }] = await Promise.all([
    import('hyparquet'),
    import('hyparquet-compressors'),
  ]);
  const native: Compressors = { GZIP: (input) => gunzipSync(input) };
  const { zstdDecompressSync } = zlib as { zstdDecompressSync?: (input: Uint8Array) => Uint8Array }; // Node 22.15 and later
  if (zstdDecompressSync !== undefined) native.ZSTD = (input) => zstdDecompressSync(input);
  return { parquetMetadataAsync, parquetRead, parquetSchema, compressors: { ...compressors, ...native } };
}

function bufferOf(file: RandomAccessFile): AsyncBuffer {
  return { byteLength: file.size, slice: async (start, end = file.size) => (await file.read(start, end)).buffer };
}

/** The decoder makes doubles of decimals; without the annotation it leaves their digits alone. */
function withoutDecimal(element: SchemaElement): SchemaElement {
  if (element.type === undefined || meaningOf(element) !== 'decimal') return element;
  const { converted_type: _converted, logical_type: _logical, ...bare } = element;
  return bare;
}

function joined(chunks: readonly Column[]): Column {
  const [only] = chunks;
  if (chunks.length === 1 && only !== undefined) return only;
  const values: unknown[] = [];
  for (const chunk of chunks) for (let index = 0; index < chunk.length; index += 1) values.push(chunk[index]);
  return values;
}

function checkLength(values: Column, rows: number): Column {
  if (values.length !== rows) throw new Error(`it has ${values.length} values where the footer says ${rows}`);
  return values;
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

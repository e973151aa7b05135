import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Types } from '@millrace/core/types/types';
import { runSource } from '@millrace/streaming/builtin/source-harness';
import { FileSource, ParquetFormat } from './index.ts';
import type { ColumnMetaData } from 'hyparquet/src/types.js';
import { checkStatistics } from './parquet-statistics.ts';
import { generatedRowMaker, interpretedRowMaker } from './parquet-rows.ts';

const flights = fileURLToPath(new URL('../../../../node_modules/vega-datasets/data/flights-3m.parquet', import.meta.url));
const Flight = Types.row({ origin: Types.STRING, delay: Types.LONG, date: Types.INSTANT });

describe('ParquetFormat', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-parquet-'));
  });
  after(() => rm(folder, { recursive: true }));

  async function damaged(name: string, change: (bytes: Uint8Array) => Uint8Array): Promise<string> {
    const path = join(folder, name);
    await writeFile(path, change(Uint8Array.from(await readFile(flights))));
    return path;
  }
  const read = <T>(format: ParquetFormat<T>, path: string, readers = 1) =>
    runSource(FileSource.forBulkFileFormat(format, path).build(), { readers });

  it('reads all 3,000,000 flights in order, with the declared columns only', async () => {
    const { records, splits } = await read(new ParquetFormat(Flight), flights);
    const all = records[0] ?? [];
    assert.equal(all.length, 3_000_000);
    assert.equal(splits.length, 11);
    assert.deepEqual(Object.keys(all[0] ?? {}), ['origin', 'delay', 'date']);
    assert.ok(
      all.every((flight, index) => index === 0 || flight.date >= (all[index - 1] as typeof flight).date),
      'sorted by date, as the file is',
    );
    assert.ok(all.every((flight) => Number.isSafeInteger(flight.delay) && /^[A-Z0-9]{3}$/.test(flight.origin)));
  });

  it('names the columns there are for one that is missing', async () => {
    await assert.rejects(read(new ParquetFormat(Types.row({ carrier: Types.STRING })), flights), {
      message: `'${flights}' has no column 'carrier'. It has 'date', 'delay', 'distance', 'origin', 'destination'. Declare a field that may be missing with Types.optional(…).`,
    });
    await assert.rejects(read(new ParquetFormat(Types.row({ origin: Types.LONG })), flights), {
      message: /row group 0 \(of 11, from 0\), column 'origin', row 0 of the group \(from 0\): expected a number, found "LAS"/,
    });
    assert.throws(() => new ParquetFormat(Types.LONG), { kind: 'usage', message: /Parquet files have rows/ });
  });

  it('says which footer or page is damaged', async () => {
    const cut = await damaged('cut.parquet', (bytes) => bytes.subarray(0, bytes.byteLength - 100));
    await assert.rejects(read(new ParquetFormat(Flight), cut), {
      kind: 'data',
      reason: 'file-damaged',
      message: new RegExp(`^'${cut}' is no Parquet file, or its footer is damaged: `),
    });
    const footer = await damaged('footer.parquet', (bytes) => bytes.fill(0xff, bytes.byteLength - 3_000, bytes.byteLength - 500));
    await assert.rejects(read(new ParquetFormat(Flight), footer), { kind: 'data', reason: 'file-damaged' });
    const page = await damaged('page.parquet', (bytes) => bytes.fill(0xff, 59_990, 60_200)); // the data page of the first row group's first column
    await assert.rejects(read(new ParquetFormat(Flight), page), {
      kind: 'data',
      reason: 'file-damaged',
      message: new RegExp(`^'${page}', row group 0 \\(of 11, from 0\\), column 'date': cannot be decoded, so a page of it is damaged: `),
    });
    const empty = await damaged('empty.parquet', () => new Uint8Array(0));
    await assert.rejects(read(new ParquetFormat(Flight), empty), {
      message: `'${empty}' is empty, so it is no Parquet file. Write it again, or filter it out.`,
    });
  });

  it('takes values outside of what the footer states for damage', () => {
    const element = { name: 'n', type: 'INT64', repetition_type: 'OPTIONAL' } as const;
    const metadata = (null_count: bigint) => ({ statistics: { min_value: -5n, max_value: 9n, null_count } }) as unknown as ColumnMetaData;
    checkStatistics([-5n, null, 9n, 0n], element, metadata(1n));
    assert.throws(() => checkStatistics([0n, 10n], element, metadata(0n)), {
      message: 'row 1 of the group has 10, outside of the bounds -5 to 9 that the footer states',
    });
    assert.throws(() => checkStatistics([0n, null], element, metadata(0n)), { message: 'it has 1 nulls where the footer says 0' });
  });

  it('makes the same rows with generated code as without', () => {
    const names = ['a', 'user-id', '__proto__', 'class', 'columns', 'index', '0'];
    const columns = names.map((_name, column) => [column, column + 0.5]);
    for (const index of [0, 1]) {
      const rows = [generatedRowMaker, interpretedRowMaker].map((make) =>
        Object.entries(make(names)(columns)(index) as object).sort(([a], [b]) => (a < b ? -1 : 1)),
      );
      assert.deepEqual(rows[0], rows[1]);
      assert.equal(rows[0]?.length, names.length);
    }
  });
});

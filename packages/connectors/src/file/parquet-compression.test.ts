// Goal: pages of every compression that is promised are read. Method: the same 2,000 rows in three row groups, written by another library with snappy and with
// gzip, compared with the formula they were made by (zstd: the flights of parquet-format.test.ts).
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Types } from '@millrace/core/types/types';
import { runSource } from '@millrace/streaming/builtin/source-harness';
import { FileSource, ParquetFormat } from './index.ts';

const Reading = Types.row({ id: Types.LONG, city: Types.STRING, celsius: Types.DOUBLE, ok: Types.BOOLEAN, at: Types.INSTANT });
const CITIES = ['Oslo', 'Lima', 'Pune', 'Ürümqi'];
const expected = Array.from({ length: 2_000 }, (_, id) => ({
  id,
  city: CITIES[id % 4],
  celsius: id / 8 - 50,
  ok: id % 3 === 0,
  at: new Date(1_700_000_000_000 + id * 1_000),
}));

for (const compression of ['snappy', 'gzip']) {
  it(`reads pages compressed with ${compression}, row group by row group`, async () => {
    const path = fileURLToPath(new URL(`../../src/file/testdata/cities-${compression}.parquet`, import.meta.url));
    const { records, splits } = await runSource(FileSource.forBulkFileFormat(new ParquetFormat(Reading), path).build(), { readers: 1 });
    assert.equal(splits.length, 3, 'one split for each row group');
    assert.deepEqual(records[0], expected);
  });
}

// Goal: the quickstart's totals are right. Method: count the same Parquet file in plain Node with the watermark rules written out, compare every airport and hour.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { linesBelow, millrace, root, temporaryFolder } from './support/run-millrace.mjs';

const HOUR = 3_600_000;
const input = join(root, 'node_modules/vega-datasets/data/flights-3m.parquet');

/** One reader takes the row groups in order; a watermark follows every 1000th record of each, the greatest time in that row group less 18 hours and 1 ms. */
async function count() {
  const file = await asyncBufferFromFile(input);
  const { row_groups: groups } = await parquetMetadataAsync(file);
  const hours = new Map();
  let late = 0;
  let watermark = Number.NEGATIVE_INFINITY;
  let rowStart = 0;
  for (const group of groups) {
    const rowEnd = rowStart + Number(group.num_rows);
    const rows = await parquetReadObjects({ file, compressors, columns: ['date', 'delay', 'origin'], rowStart, rowEnd });
    let greatest = Number.NEGATIVE_INFINITY;
    rows.forEach(({ date, delay, origin }, index) => {
      const at = date.getTime() + Number(delay) * 60_000;
      const start = Math.floor(at / HOUR) * HOUR;
      if (start + HOUR - 1 + 6 * HOUR <= watermark) late += 1;
      else hours.set(`${origin} ${start}`, (hours.get(`${origin} ${start}`) ?? 0) + 1);
      greatest = Math.max(greatest, at);
      if ((index + 1) % 1_000 === 0) watermark = Math.max(watermark, greatest - 18 * HOUR - 1);
    });
    rowStart = rowEnd;
  }
  return { hours, late, total: rowStart };
}

test('the quickstart counts every flight of the file, each hour of each airport as an independent count does', async (t) => {
  const output = temporaryFolder(t);
  const { code, stdout, stderr } = await millrace(['run', 'examples/quickstart/flights.ts', '--', '--input', input, '--output', output]);
  assert.equal(code, 0, stderr);
  const expected = await count();
  const hours = new Map();
  for (const line of linesBelow(join(output, 'hours'))) {
    const { airport, hour, flights } = JSON.parse(line);
    hours.set(`${airport} ${hour}`, Math.max(hours.get(`${airport} ${hour}`) ?? 0, flights));
  }
  assert.equal(linesBelow(join(output, 'late')).length, expected.late);
  assert.equal(
    [...hours.values()].reduce((sum, flights) => sum + flights, expected.late),
    expected.total,
  );
  assert.deepEqual(new Map([...hours].sort()), new Map([...expected.hours].sort()));
  assert.match(stdout, /^3,000,000 flights in /m);
});

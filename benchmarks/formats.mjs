// Reading flights from a file of JSON lines, of CSV and of Parquet (the three million flights of `vega-datasets`). The text files are made first, once for each run.
import { createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { figures, runJob } from './run-job.mjs';

const PARQUET = fileURLToPath(new URL('../node_modules/vega-datasets/data/flights-3m.parquet', import.meta.url));
const PARQUET_RECORDS = 3_000_000;

export async function run({ slots = 1, records = 1_000_000 }) {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  try {
    const json = await written(join(folder, 'flights.jsonl'), records, (n) => JSON.stringify(flight(n)));
    const csv = await written(
      join(folder, 'flights.csv'),
      records,
      (n) => Object.values(flight(n)).join(','),
      Object.keys(flight(0)).join(','),
    );
    const runs = [];
    for (const [format, file, count] of [
      ['json', json, records],
      ['csv', csv, records],
      ['parquet', PARQUET, PARQUET_RECORDS],
    ]) {
      const outcome = await runJob('read-file', { slots, args: ['--format', format, '--file', file] });
      const { recordsPerSecond, seconds, cpuSeconds } = figures(count, outcome);
      runs.push({
        format,
        records: count,
        recordsPerSecond,
        mibPerSecond: Math.round(statSync(file).size / 2 ** 20 / seconds),
        cpuSeconds,
      });
    }
    return { slots, runs };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const AIRPORTS = ['ATL', 'ORD', 'DFW', 'LAX', 'PHX', 'DEN', 'IAH', 'LAS'];

function flight(n) {
  const mixed = Math.imul(n, 0x9e3779b1) >>> 0;
  return {
    date: 978_307_200_000 + n * 10_000,
    delay: (mixed % 300) - 60,
    origin: AIRPORTS[mixed & 7],
    destination: AIRPORTS[(mixed >>> 5) & 7],
    distance: mixed % 2500,
  };
}

async function written(file, records, line, header) {
  const out = createWriteStream(file);
  if (header !== undefined) out.write(`${header}\n`);
  for (let n = 0; n < records; ) {
    let text = '';
    for (const end = Math.min(records, n + 10_000); n < end; n++) text += `${line(n)}\n`;
    if (!out.write(text)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'close');
  return file;
}

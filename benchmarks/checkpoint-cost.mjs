// What a checkpoint every second costs `keyed-window` with a million keys in every window: the job without checkpoints and with them in turn, several times.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { figures, runJob } from './run-job.mjs';

const PAIRS = 3;

export async function run({ slots = 2, records = 40_000_000 }) {
  const without = [];
  const withCheckpoints = [];
  for (let pair = 0; pair < PAIRS; pair++) {
    without.push(figures(records, await runJob('keyed-state', { slots, args: ['--records', String(records)] })));
    const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
    const options = ['--checkpoint-dir', directory, '--checkpoint-interval', '1 s'];
    withCheckpoints.push(figures(records, await runJob('keyed-state', { slots, options, args: ['--records', String(records)] })));
    rmSync(directory, { recursive: true });
  }
  const cpu = (runs) => median(runs.map(({ cpuSeconds }) => cpuSeconds));
  const rate = (runs) => median(runs.map(({ recordsPerSecond }) => recordsPerSecond));
  return {
    slots,
    records,
    cpuSeconds: cpu(withCheckpoints),
    cpuSecondsWithout: cpu(without),
    recordsPerSecond: rate(withCheckpoints),
    recordsPerSecondWithout: rate(without),
    costOfThroughput: Number((1 - rate(withCheckpoints) / rate(without)).toFixed(3)),
    costOfCpu: Number((cpu(withCheckpoints) / cpu(without) - 1).toFixed(3)),
  };
}

function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

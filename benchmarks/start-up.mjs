// From the command to the first record at the sink: node, command line, bundle, TaskManager process, slots, job.
import { runJob } from './run-job.mjs';

const RECORDS_PER_JOB = 10; // jobs/start-up.ts

export async function run({ slots = 1, records = 5 }) {
  const firstRecordMs = [];
  const start = performance.now();
  for (let round = 0; round < records; round += 1) {
    await runJob('start-up', { slots, onFirstOutput: (ms) => firstRecordMs.push(Math.round(ms)) });
  }
  const seconds = Number(((performance.now() - start) / 1000).toFixed(3));
  firstRecordMs.sort((a, b) => a - b);
  return {
    slots,
    rounds: records,
    records: records * RECORDS_PER_JOB,
    seconds,
    recordsPerSecond: Math.round((records * RECORDS_PER_JOB) / seconds),
    firstRecordMs: { min: firstRecordMs[0], median: firstRecordMs[records >> 1], max: firstRecordMs.at(-1) },
  };
}

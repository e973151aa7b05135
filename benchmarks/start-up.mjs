// From the command to the first record at the sink: node, command line, bundle, TaskManager process, slots, job.
import { runJob } from './run-job.mjs';

export async function run({ slots = 1, records = 5 }) {
  const firstRecordMs = [];
  for (let round = 0; round < records; round += 1) {
    await runJob('start-up', { slots, onFirstOutput: (ms) => firstRecordMs.push(Math.round(ms)) });
  }
  firstRecordMs.sort((a, b) => a - b);
  return {
    slots,
    rounds: records,
    firstRecordMs: { min: firstRecordMs[0], median: firstRecordMs[records >> 1], max: firstRecordMs.at(-1) },
  };
}

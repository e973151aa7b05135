// The records of keyed-window in windows of ten seconds that start every 100 ms: one hundred windows for each record.
import { figures, runJob } from './run-job.mjs';

export async function run({ slots = 2, records = 20_000_000, strings }) {
  const outcome = await runJob('sliding-window', { slots, args: ['--records', String(records), ...(strings ? ['--strings'] : [])] });
  return { slots, strings, ...figures(records, outcome) };
}

// Bids of four numbers, keyed by auction, counted in windows of one second of event time: the work of the design's prototype, through the whole engine.
import { figures, runJob } from './run-job.mjs';

export async function run({ slots = 2, records = 20_000_000, strings }) {
  const outcome = await runJob('keyed-window', { slots, args: ['--records', String(records), ...(strings ? ['--strings'] : [])] });
  return { slots, strings, ...figures(records, outcome) };
}

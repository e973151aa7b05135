// Source → N map and filter steps → sink in one task: what a step of a fused chain costs.
import { runJob } from './run-job.mjs';

export async function run({ slots = 1, records = 20_000_000 }) {
  const steps = {};
  for (const count of [1, 6, 12]) {
    const { report, cpuSeconds } = await runJob('chain', { slots, args: ['--records', String(records), '--steps', String(count)] });
    steps[count] = {
      seconds: report.netRuntimeMs / 1000,
      recordsPerSecond: Math.round(records / (report.netRuntimeMs / 1000)),
      cpuSeconds,
    };
  }
  const nsPerStep = Number((((steps[12].seconds - steps[1].seconds) / 11 / records) * 1e9).toFixed(2));
  return {
    slots,
    records,
    seconds: steps[6].seconds,
    recordsPerSecond: steps[6].recordsPerSecond,
    cpuSeconds: steps[6].cpuSeconds,
    nsPerStep,
    details: steps,
  };
}

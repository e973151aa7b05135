// Observed minus ideal emission time at fixed rates, milliseconds (Hazelcast Jet's method): one keyed shuffle, and q5 with 10 000 keys by 500 ms and by 20 ms.
import { runJob } from './run-job.mjs';

const WARM_UP_SECONDS = 5;
const SHUFFLES = [{ rate: 200_000 }, { rate: 200_000, 'buffer-timeout': 0 }, { rate: 1_000_000 }];
const WINDOWS = [
  { rate: 200_000, size: 10_000, slide: 500 },
  { rate: 1_000_000, size: 1_000, slide: 20 },
];

/** `--records` is the seconds of each run. */
export async function run({ slots = 2, records: seconds = 20 }) {
  const runs = [];
  for (const setting of SHUFFLES) runs.push(await measured('latency', 'one shuffle', { slots, seconds, setting }));
  for (const setting of WINDOWS) runs.push(await measured('latency-q5', 'q5', { slots, seconds, setting }));
  return { slots, seconds, runs };
}

async function measured(job, name, { slots, seconds, setting }) {
  const flags = { ...setting, seconds, 'warm-up': WARM_UP_SECONDS };
  const { output, cpuSeconds } = await runJob(job, {
    slots,
    args: Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, String(value)]),
  });
  return { job: name, ...setting, ...JSON.parse(output.trimEnd().split('\n').at(-2)), cpuSeconds };
}

// An exchange by itself: 1 to 1, 2 to 2 and 4 to 4 subtasks, by size of record.
import { figures, runJob } from './run-job.mjs';

const SHAPES = [1, 2, 4];
const BYTES = [32, 160, 1000];

export async function run({ slots, records }) {
  const runs = [];
  for (const parallelism of slots === undefined ? SHAPES : [slots])
    for (const bytes of BYTES) {
      const count = records ?? (bytes > 500 ? 3_000_000 : 10_000_000);
      const outcome = await runJob('shuffle', { slots: parallelism, args: ['--records', String(count), '--bytes', String(bytes)] });
      const { recordsPerSecond, cpuSeconds } = figures(count, outcome);
      runs.push({
        shape: `${parallelism}->${parallelism}`,
        bytes,
        recordsPerSecond,
        mibPerSecond: Math.round((recordsPerSecond * bytes) / 2 ** 20),
        cpuSeconds,
      });
    }
  return { slots, records, runs };
}

// One job after another in one process: what stays of them? `node --expose-gc tests/soak/many-jobs.mjs [jobs]` tells, every 50 jobs, the heap of this process, which has
// the coordinators, and what it and its TaskManager have resident. See docs/back-pressure.md.
import { setTimeout as delay } from 'node:timers/promises';
import { writeHeapSnapshot } from 'node:v8';
import { submit } from 'millrace';
import { residentBytes } from './resident.mjs';

const EVERY = Number(process.env.EVERY ?? 50);
const MEBIBYTE = 1024 * 1024;
const jobs = Number(process.argv[2] ?? 1_000);
const snapshots = process.env.SNAPSHOTS; // a folder: for who looks for what is kept
const module = new URL('job.ts', import.meta.url);
const mebibytes = (bytes) => Number((bytes / MEBIBYTE).toFixed(1));

let first;
for (let job = 1; job <= jobs; job += 1) {
  const client = await submit(module, ['--program', 'small'], { 'parallelism.default': 2 });
  await client.getJobExecutionResult();
  if (job % EVERY !== 0) continue;
  await delay(100); // what ends in the background has ended
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  const all = residentBytes(process.pid);
  const figures = {
    jobs: job,
    heapMiB: mebibytes(heapUsed + external),
    residentMiB: mebibytes(all.own),
    allResidentMiB: mebibytes(all.total),
  };
  first ??= figures;
  console.log(JSON.stringify({ ...figures, growth: Number((figures.allResidentMiB / first.allResidentMiB - 1).toFixed(3)) }));
  if (snapshots !== undefined && (job === EVERY || job === jobs)) writeHeapSnapshot(`${snapshots}/after-${job}.heapsnapshot`);
}

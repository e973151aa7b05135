import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { cpuSeconds } from './process-figures.mjs';

const command = fileURLToPath(new URL('../packages/cluster/bin/millrace.js', import.meta.url));

/** Runs one of `jobs/` by `millrace run --json`; resolves to its report, the CPU seconds of all its processes and the wall time of the command. */
export async function runJob(name, { slots = 1, args = [], options = [], onFirstOutput = () => {} }) {
  const file = fileURLToPath(new URL(`jobs/${name}.ts`, import.meta.url));
  const before = cpuSeconds();
  const start = performance.now();
  const child = spawn(
    process.execPath,
    [command, 'run', file, '--json', '--slots', String(slots), '--parallelism', String(slots), ...options, '--', ...args],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let output = '';
  child.stdout.on('data', (chunk) => {
    if (output === '') onFirstOutput(performance.now() - start);
    output += chunk;
  });
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  if (code !== 0) throw new Error(`millrace run ${name} ended with ${code}`);
  const wallSeconds = (performance.now() - start) / 1000;
  const report = JSON.parse(output.trimEnd().split('\n').at(-1));
  const after = cpuSeconds();
  return { output, report, wallSeconds, cpuSeconds: after === undefined ? undefined : Number((after - before).toFixed(2)) };
}

/** The figures that every engine benchmark reports. */
export function figures(records, { report, wallSeconds, cpuSeconds: cpu }) {
  const seconds = report.netRuntimeMs / 1000;
  return {
    records,
    seconds,
    recordsPerSecond: Math.round(records / seconds),
    wallSeconds: Number(wallSeconds.toFixed(3)),
    cpuSeconds: cpu,
  };
}

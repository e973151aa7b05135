// Runs what strains the flow of records, and says what the processes needed: `npm run soak -- [program …] [--seconds N] [--count N]`. See docs/back-pressure.md.
import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { residentBytes } from './resident.mjs';

const command = fileURLToPath(new URL('../../packages/cluster/bin/millrace.js', import.meta.url));
const job = fileURLToPath(new URL('job.ts', import.meta.url));
const SAMPLE_MS = 1_000;
const MEBIBYTE = 1024 * 1024;

/** What each program is run with, and whether it ends by itself. */
const PROGRAMS = {
  'slow-sink': { endless: true },
  'slow-sink-same-slot': { endless: true },
  'iterable-exchange': { count: 10_000_000 },
  'iterable-same-slot': { count: 10_000_000 },
  'collector-exchange': { count: 10_000_000 },
  'collector-same-slot': { count: 10_000_000 },
  'collector-chain': { count: 10_000_000 },
  'large-record-exchange': {},
  'large-record-chain': {},
  'side-output-records': { count: 100_000 },
  'side-output-tags': { count: 1_000 },
  subtasks: { count: 2_000, parallelism: 2 },
};

async function run(name, { seconds, count }) {
  const settings = PROGRAMS[name];
  const records = count ?? settings.count;
  const options = ['--json', '--slots', '2', '--parallelism', String(settings.parallelism ?? 1)];
  const args = ['--program', name, ...(records === undefined ? [] : ['--count', String(records)])];
  const began = performance.now();
  const child = spawn(process.execPath, [command, 'run', job, ...options, '--', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
  let ended = false;
  const end = new Promise((resolve) => child.on('close', resolve)).then((code) => {
    ended = true;
    return code;
  });
  const samples = [];
  let canceledMs;
  while (!ended) {
    await Promise.race([end, delay(SAMPLE_MS)]);
    const bytes = ended ? undefined : residentBytes(child.pid)?.total;
    if (bytes !== undefined) samples.push(Math.round(bytes / MEBIBYTE));
    if (!settings.endless || canceledMs !== undefined || performance.now() - began < seconds * 1000) continue;
    canceledMs = performance.now();
    child.kill('SIGINT');
  }
  const code = await end;
  const now = performance.now();
  const seen = output
    .split('\n')
    .filter((line) => line.includes('"written"'))
    .at(-1);
  return {
    program: name,
    ...(records === undefined ? {} : { count: records }),
    exitCode: code,
    seconds: Number(((now - began) / 1000).toFixed(1)),
    ...(canceledMs === undefined ? {} : { cancelMs: Math.round(now - canceledMs) }),
    seen: seen === undefined ? undefined : JSON.parse(seen.slice(seen.indexOf('{'))),
    residentMiB: { tenth: samples[Math.floor(samples.length / 10)], most: Math.max(...samples), last: samples.at(-1) },
  };
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: 'string', default: '20' }, count: { type: 'string' } },
});
for (const name of positionals.length === 0 ? Object.keys(PROGRAMS) : positionals) {
  if (!Object.hasOwn(PROGRAMS, name)) throw new Error(`no program '${name}': they are ${Object.keys(PROGRAMS).join(', ')}`);
  const count = values.count === undefined ? undefined : Number(values.count);
  console.log(JSON.stringify(await run(name, { seconds: Number(values.seconds), count })));
}

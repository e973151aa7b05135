// `npm run chaos -- --kills N [--seed S]`: a job under `kill -9`. Its command, or the TaskManager's process alone, is killed at random times; a killed command is started again with
// `--restore latest`, until the input is done. What is then in the output is compared with a plain computation, and with a run that nobody disturbed.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { seededRandom } from '../../packages/core/dist/base/random.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const command = join(root, 'packages/cluster/bin/millrace.js');
const job = join(root, 'tests/chaos/job.ts');

const RATE = 20_000; // records a second while it is being killed
const LIFE_MS = { least: 900, most: 3_500 }; // from the start of a command to the next kill
/** Of input for each kill: about as much as a life of mean length can work off, or the input would end before the kills. */
const SECONDS_BETWEEN_KILLS = 2;
const CHECKPOINT_INTERVAL = '150 ms';
const QUIET_LIMIT_MS = 120_000; // without a kill the rest of the input takes less

const HELP = `npm run chaos -- [--kills N] [--seed S] [--keep]

  --kills N  how often something is killed (default 20)
  --seed S   of the times and the victims (default: random, printed)
  --keep     leaves the output and the checkpoints where they are, and says where

Ends with one line, 'K kills, X lost, Y doubled', and with 1 unless X and Y are 0.`;

function options() {
  const { values } = parseArgs({
    options: {
      kills: { type: 'string', default: '20' },
      seed: { type: 'string' },
      keep: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    console.log(HELP);
    process.exit(0);
  }
  return {
    kills: wholeNumber('--kills', values.kills, 0),
    seed: values.seed === undefined ? (Date.now() & 0x7fffffff) >>> 0 : wholeNumber('--seed', values.seed, 0),
    keep: values.keep === true,
  };
}

function wholeNumber(name, text, least) {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < least) {
    console.error(`chaos: ${name} is '${text}'. Give a whole number from ${least} on.`);
    process.exit(2);
  }
  return number;
}

/** A run of the command. `taskManager()` is the process id of its child, once there is one. */
function start(args) {
  const child = spawn(process.execPath, [command, 'run', job, ...args], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, NO_COLOR: '1' },
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr = (stderr + text).slice(-4000)));
  const ended = new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal, stderr })));
  return { child, ended, taskManager: () => childrenOf(child.pid)[0] };
}

function childrenOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  } catch {
    return []; // gone meanwhile, or no Linux
  }
}

function killHard(pid) {
  try {
    process.kill(pid, 'SIGKILL');
    return true;
  } catch {
    return false;
  }
}

function arguments_(folder, records, rate, restore) {
  const checkpoints = ['--checkpoint-dir', join(folder, 'checkpoints'), '--checkpoint-interval', CHECKPOINT_INTERVAL];
  const job = ['--records', String(records), '--rate', String(rate), '--output', join(folder, 'out')];
  return ['--parallelism', '2', ...checkpoints, ...(restore ? ['--restore', 'latest'] : []), '--', ...job];
}

/** Every line of every finished file below, with how often it is there. */
function linesIn(folder) {
  const lines = new Map();
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile() || entry.name.startsWith('.')) continue;
    for (const line of readFileSync(join(entry.parentPath, entry.name), 'utf8').split('\n'))
      if (line !== '') lines.set(line, (lines.get(line) ?? 0) + 1);
  }
  return lines;
}

/** What the job must write, without the job. */
function expectedLines(records) {
  const totals = new Map();
  const windows = new Map();
  const add = (map, key, value) => {
    const found = map.get(key) ?? { count: 0, sum: 0 };
    found.count += 1;
    found.sum += value;
    map.set(key, found);
  };
  for (let n = 0; n < records; n++) {
    const key = (n * 31) % 101;
    add(totals, `{"key":${key},`, n % 1009);
    add(windows, `{"key":${key % 10},"start":${n - (n % 1000)},`, n % 1009);
  }
  return [...totals, ...windows].map(([begin, { count, sum }]) => `${begin}"count":${count},"sum":${sum}}`);
}

function compare(expected, found) {
  let lost = 0;
  let doubled = 0;
  for (const line of expected) {
    const times = found.get(line) ?? 0;
    if (times === 0) lost += 1;
    else doubled += times - 1;
  }
  const known = new Set(expected);
  const foreign = [...found].filter(([line]) => !known.has(line));
  for (const [line, times] of foreign.slice(0, 5)) console.log(`  not expected (${times} times): ${line}`);
  return { lost, doubled: doubled + foreign.reduce((sum, [, times]) => sum + times, 0) };
}

async function undisturbed(folder, records) {
  const { code, stderr } = await start(arguments_(folder, records, 0, false)).ended;
  if (code !== 0) throw new Error(`the run without kills ended with ${code}:\n${stderr}`);
  return linesIn(join(folder, 'out'));
}

/** Returns how many kills there were: fewer than asked for when the input ended before. */
async function disturbed(folder, records, kills, random) {
  let done = 0;
  for (let attempt = 0; ; attempt++) {
    const run = start(arguments_(folder, records, RATE, attempt > 0));
    const end = await killed(run, kills - done, random);
    done += end.kills;
    if (end.code === 0) return done;
    if (end.signal !== 'SIGKILL') throw new Error(`after ${done} kills the command ended with ${end.code ?? end.signal}:\n${end.stderr}`);
    process.stdout.write(`\r${done} of ${kills} kills`);
  }
}

/** Until the command has ended: by itself, or because it was its turn. Its TaskManager may be killed several times before. */
async function killed(run, left, random) {
  let kills = 0;
  while (kills < left) {
    const lifeMs = LIFE_MS.least + random.nextInt(LIFE_MS.most - LIFE_MS.least);
    const ended = await Promise.race([run.ended, delay(lifeMs)]);
    if (ended !== undefined) return { ...ended, kills };
    const child = random.nextInt(3) === 0 ? run.taskManager() : undefined;
    if (!killHard(child ?? run.child.pid)) continue;
    kills += 1;
    if (child === undefined) return { ...(await run.ended), kills };
  }
  const timeout = delay(QUIET_LIMIT_MS, 'late', { ref: false });
  const ended = await Promise.race([run.ended, timeout]);
  if (ended === 'late') {
    killHard(run.child.pid);
    throw new Error(`the job has not ended ${QUIET_LIMIT_MS} ms after the last kill`);
  }
  return { ...ended, kills };
}

const { kills, seed, keep } = options();
const folder = mkdtempSync(join(tmpdir(), 'millrace-chaos-'));
const records = RATE * Math.max(2, Math.ceil(kills * SECONDS_BETWEEN_KILLS));
console.log(`chaos: ${kills} kills, ${records} records, seed ${seed}`);
let isClean = false;
try {
  const expected = expectedLines(records);
  const quiet = compare(expected, await undisturbed(join(folder, 'undisturbed'), records));
  if (quiet.lost + quiet.doubled > 0) throw new Error(`the run without kills lost ${quiet.lost} and doubled ${quiet.doubled} lines`);
  const done = await disturbed(join(folder, 'killed'), records, kills, seededRandom(seed));
  const { lost, doubled } = compare(expected, linesIn(join(folder, 'killed/out')));
  isClean = lost + doubled === 0 && done === kills;
  console.log(`\n${done} kills, ${lost} lost, ${doubled} doubled`);
  if (done < kills) console.error(`The input ended after ${done} kills; ${kills} were asked for.`);
} catch (error) {
  console.error(`\nchaos failed: ${error.message}`);
}
if (keep) console.log(`left in ${folder}`);
else rmSync(folder, { recursive: true, force: true });
if (!isClean) console.error(`To repeat it: npm run chaos -- --kills ${kills} --seed ${seed}`);
process.exit(isClean ? 0 : 1);

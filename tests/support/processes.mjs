import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { root, temporaryFolder } from './run-millrace.mjs';

const command = join(root, 'packages/cluster/bin/millrace.js');
const POLL_MS = 10;
const LIMIT_MS = 60_000;
/** Longer than any process of a test takes, whatever else the machine does: one that still runs then never ends. */
const LIFE_LIMIT_MS = 600_000;

/** What most programs of the tests begin with. */
export const PRELUDE =
  "import { StreamExecutionEnvironment } from 'millrace';\nconst env = StreamExecutionEnvironment.getExecutionEnvironment();\n";

/**
 * A folder with files in which programs find the workspace's packages. All processes that are started there know each other by a mark in their environment,
 * and have a folder of their own for temporary files. None of them outlives its test, however that ends.
 */
export function workshop(t, files) {
  const mark = `MILLRACE_TEST_MARK=${randomUUID()}`;
  const started = [];
  // Before the folder is removed: what still writes into it would make that fail, hooks behind one that fails are not called, and a job without an end is waited for.
  t.after(() => endAll(started, mark));
  const folder = temporaryFolder(t);
  const temporary = join(folder, 'temporary');
  mkdirSync(temporary);
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const start = (args) => {
    const one = new Started(args, { folder, mark, temporary });
    started.push(one);
    return one;
  };
  return {
    folder,
    write: (name, content) => writeFileSync(join(folder, name), content),
    start,
    run: (...args) => start([command, 'run', ...args]).ended,
    startRun: (...args) => start([command, 'run', ...args]),
    processes: () => processesWith(mark),
    /** The command lines of processes and the files that are left. Ends of processes are seen a moment late: a parent that was killed cannot wait. */
    leftovers: async () => {
      await until(
        () => processesWith(mark).length === 0,
        () => `still running: ${JSON.stringify(processesWith(mark))}`,
      );
      return readdirSync(temporary);
    },
  };
}

/** A process with what it has written so far. */
class Started {
  stdout = '';
  stderr = '';

  constructor(args, { folder, mark, temporary }) {
    const [name, value] = mark.split('=');
    const env = { ...process.env, [name]: value, TMPDIR: temporary, NO_COLOR: '1' };
    this.process = spawn(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of ['stdout', 'stderr']) this.process[stream].setEncoding('utf8').on('data', (text) => (this[stream] += text));
    this.ended = new Promise((resolve, reject) => {
      const limit = setTimeout(() => {
        this.process.kill('SIGKILL');
        reject(new Error(this.#endless(args)));
      }, LIFE_LIMIT_MS);
      this.process.on('error', (error) => {
        clearTimeout(limit);
        reject(error);
      });
      this.process.on('close', (code, signal) => {
        clearTimeout(limit);
        resolve({ code, signal, stdout: this.stdout, stderr: this.stderr });
      });
    });
    this.ended.catch(() => {}); // who waits for it hears of it
  }

  /** A process may have ended while one that it started still has its streams. */
  #endless(args) {
    const { exitCode, signalCode } = this.process;
    const how = exitCode === null && signalCode === null ? 'still runs' : `has ended (${exitCode ?? signalCode}), but not its streams,`;
    return `${args.join(' ')} ${how} after ${LIFE_LIMIT_MS / 1000} s. Its output: ${this.stdout}; its errors: ${this.stderr}`;
  }

  /** Waits until the process has written this to one of its streams. */
  says(text) {
    return until(
      () => this.stdout.includes(text) || this.stderr.includes(text),
      () => `never said '${text}' but: ${this.stdout}${this.stderr}`,
    );
  }
}

async function endAll(started, mark) {
  for (const { process: each } of started) each.kill('SIGKILL');
  await Promise.allSettled(started.map(({ ended }) => ended));
  // A TaskManager ends when it sees that its parent is gone.
  if (existsSync('/proc'))
    await until(
      () => processesWith(mark).length === 0,
      () => `still running: ${JSON.stringify(processesWith(mark))}`,
    );
}

/** Waits for what only the outside can show; gives up with what `otherwise` says. */
export async function until(condition, otherwise) {
  const deadline = performance.now() + LIMIT_MS;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(otherwise());
    await delay(POLL_MS);
  }
}

function processesWith(mark) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        return environment.includes(mark) && command[0] !== '' ? [{ pid: Number(pid), command: command.join(' ') }] : [];
      } catch {
        return []; // it has ended meanwhile, or is another user's
      }
    });
}

import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { root, temporaryFolder } from './run-millrace.mjs';

const command = join(root, 'packages/cluster/bin/millrace.js');
const POLL_MS = 10;
const LIMIT_MS = 60_000;

/** What most programs of the tests begin with. */
export const PRELUDE =
  "import { StreamExecutionEnvironment } from 'millrace';\nconst env = StreamExecutionEnvironment.getExecutionEnvironment();\n";

/**
 * A folder with files in which programs find the workspace's packages. All processes that are started there know each other by a mark in their environment,
 * and have a folder of their own for temporary files.
 */
export function workshop(t, files) {
  const folder = temporaryFolder(t);
  const temporary = join(folder, 'temporary');
  mkdirSync(temporary);
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const mark = `MILLRACE_TEST_MARK=${randomUUID()}`;
  return {
    folder,
    write: (name, content) => writeFileSync(join(folder, name), content),
    start: (args) => new Started(args, { folder, mark, temporary }),
    run: (...args) => new Started([command, 'run', ...args], { folder, mark, temporary }).ended,
    startRun: (...args) => new Started([command, 'run', ...args], { folder, mark, temporary }),
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
      this.process.on('error', reject);
      this.process.on('close', (code, signal) => resolve({ code, signal, stdout: this.stdout, stderr: this.stderr }));
    });
  }

  /** Waits until the process has written this to one of its streams. */
  says(text) {
    return until(
      () => this.stdout.includes(text) || this.stderr.includes(text),
      () => `never said '${text}' but: ${this.stdout}${this.stderr}`,
    );
  }
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

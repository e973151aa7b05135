/** Gives a slot the code of a job: runs the program again, in the client's place, up to the job's `execute` (architecture D7). */
import { dirname } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { isMillraceError, UsageError } from '@millrace/core/base/errors';
import type { JobInformation, ProgramDescriptor } from '@millrace/runtime/protocol/deployment';
import type { JobBindings } from '@millrace/streaming/graph/job-graph';
import { BindingExecutor } from './binding-executor.ts';
import { prepareBundle } from './program-host.ts';
import { runInScope } from './program-scope.ts';

let nextRun = 0;

/**
 * `bundlePath` is the file with the bundle whose hash the program names. Each `instance` is a fresh run with objects of its own; subtasks of one vertex that
 * share a thread take one each. Rejects with the error of a program that throws, that ends early, or whose graph is not the submitted one.
 */
export async function bindProgram(job: JobInformation, bundlePath: string, instance: number): Promise<JobBindings> {
  const { program } = job;
  const argv = [process.execPath, program.file, ...program.args];
  process.setSourceMapsEnabled(true);
  adoptEnvironment(program);
  // Functions run in turns of the slot's loop, outside of the program's scope; a slot's thread serves one program at a time.
  if (!isMainThread) process.argv = argv;
  const executor = new BindingExecutor(job);
  // A thread may have bound another job of the program, or an earlier attempt of this one: the module cache must not answer with that run.
  const url = `${await prepareBundle(bundlePath, program.file, instance)}&job=${job.jobId}&run=${nextRun++}`;
  const run = runInScope({ executor, argv, muted: true }, () => import(url) as Promise<unknown>);
  run.then(
    // A program may reach `execute` in a promise that its top level does not await: it has until nothing is left to run.
    () => whenIdle(() => executor.fail(executor.missing())),
    (error: unknown) => executor.fail(startFailure(error, program)),
  );
  return executor.bindings;
}

/** Slots see the client's environment and working directory, whatever started their process. */
function adoptEnvironment({ environment, workingDirectory }: ProgramDescriptor): void {
  if (!isMainThread) {
    for (const name of Object.keys(process.env)) if (!Object.hasOwn(environment, name)) delete process.env[name];
    Object.assign(process.env, environment);
  }
  if (process.cwd() === workingDirectory) return;
  if (isMainThread) process.chdir(workingDirectory);
  else
    throw new UsageError(
      `A slot runs in ${process.cwd()}, but the program was started in ${workingDirectory}. Start the program where it is to run.`,
      {
        reason: 'working-directory',
      },
    );
}

function startFailure(error: unknown, { file }: ProgramDescriptor): unknown {
  if (isMillraceError(error)) return error;
  const text = error instanceof Error ? error.message : String(error);
  const position = error instanceof Error ? firstPosition(error.stack ?? '', dirname(file)) : undefined;
  return new UsageError(
    `The program threw in a slot before it reached the job: ${text}${position === undefined ? '' : ` (${position})`}. It did not do so in the client: make what it depends on the same in both, or compute it once with env.constant(() => …).`,
    { cause: error, reason: 'program' },
  );
}

/** `job.ts:12:5` of the first frame that lies below the program's directory. */
export function firstPosition(stack: string, directory: string): string | undefined {
  for (const line of stack.split('\n')) {
    const at = line.indexOf(`${directory}/`);
    if (at >= 0 && !line.includes('/node_modules/')) return /^[^\s)]+:\d+:\d+/.exec(line.slice(at + directory.length + 1))?.[0];
  }
  return undefined;
}

/** A program that waits for something outside (a timer, a file, a fetch) is given this long in all before it is called ended. */
const START_LIMIT_MS = 30_000;

function whenIdle(action: () => void): void {
  setTimeout(action, START_LIMIT_MS).unref();
}

/**
 * `node job.js` and `npx tsx job.ts`: a program that is started without the CLI gets a mini cluster on its first `execute`, and the process ends by itself
 * when the job has ended. The program is the file that Node was started with, because it is what the slots have to run again.
 */
import { existsSync } from 'node:fs';
import { sep } from 'node:path';
import { UsageError } from '@millrace/core/base/errors';
import type { ProgramListener } from '@millrace/streaming/api/execution-context';
import type { Executor } from '@millrace/streaming/graph/executor';
import { compileConfiguration } from './client-configuration.ts';
import { quietFailures } from './failure-report.ts';
import { silentMonitor } from './job-monitor.ts';
import { createLocalProgram, likelySlots } from './local-program.ts';
import { isHostedBy } from './program-scope.ts';

let executor: Executor | undefined;

/** Made on the first use in a process, so that importing the API costs nothing. */
export function mainProgramExecutor(): Executor {
  executor ??= createMainProgramExecutor();
  return executor;
}

/**
 * Looks at a program from its first environment on: what it does not catch is told as a message and the place in its code, and when it ends without having
 * executed anything, a line says so.
 */
export function watchMainProgram(): ProgramListener {
  let compiled = false;
  let watching = false;
  return {
    environment() {
      if (watching || !isHostedBy(mainProgramExecutor)) return;
      watching = true;
      quietFailures(process.cwd());
      process.once('beforeExit', () => {
        if (!compiled) warn('the program made an environment and ended: nothing was executed. Call env.execute() at its end.');
      });
    },
    compiled() {
      compiled = true;
    },
  };
}

function warn(message: string): void {
  process.stderr.write(`millrace: ${message}\n`);
}

function createMainProgramExecutor(): Executor {
  const file = mainFile(process.argv[1]);
  const workingDirectory = process.cwd();
  const configuration = compileConfiguration({ workingDirectory, environment: process.env });
  for (const warning of configuration.warnings) warn(warning);
  const program = createLocalProgram({
    file,
    args: process.argv.slice(2),
    workingDirectory,
    environment: process.env,
    configuration,
    singleThread: false,
    monitor: { ...silentMonitor, warn },
  });
  quietFailures(workingDirectory);
  program.clusters.prepare(likelySlots(configuration));
  return program.executor;
}

function mainFile(path: string | undefined): string {
  if (path !== undefined && existsSync(path) && !path.includes(`${sep}node_modules${sep}`)) return path;
  const started = path === undefined ? 'no program file' : `'${path}'`;
  throw new UsageError(
    `This process was started with ${started}, which cannot be run again in the slots of a job. Start the job's own file with 'millrace run' or 'node', ` +
      "or start it from here with submit(new URL('./job.ts', import.meta.url), args).",
    { reason: 'no-program' },
  );
}

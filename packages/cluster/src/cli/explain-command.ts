/**
 * `millrace explain`: runs a program as `run` does, on nothing, and shows what its jobs would be.
 *
 * E1 standard output belongs to the explanation; what the program prints goes to standard error.
 * E2 whatever ends the program, `finish` runs once: what is known is shown, a failure is told, and the exit code set.
 */
import { TerminalError, UsageError } from '@millrace/core/base/errors';
import pc from 'picocolors';
import { bundleProgram, resolveProgram } from '../client/bundle.ts';
import { writeClientBundle } from '../client/client-bundle.ts';
import { describeFailure } from '../client/failure-report.ts';
import { EXTERNAL_PACKAGES } from '../client/options.ts';
import { setHostExecutor } from '../client/program-scope.ts';
import { configureCommand } from './command-configuration.ts';
import { isShown, type LogLevel } from '@millrace/core/base/log';
import type { ExplainOptions } from './command-line.ts';
import { EXIT_BROKEN_PIPE, EXIT_OK, exitCodeOf } from './exit-code.ts';
import { ExplainExecutor } from './explain-executor.ts';
import { explanationText } from './explain-text.ts';
import { messageOf } from './run-report.ts';
import { onSignals } from './signals.ts';

export async function explainProgram(file: string, args: readonly string[], options: ExplainOptions): Promise<void> {
  const explanation = new Explanation(file, options);
  process.on('uncaughtException', (error) => explanation.finish({ error }));
  try {
    await explanation.start(args);
  } catch (error) {
    explanation.finish({ error });
  }
}

type End = { readonly error?: unknown; readonly exitCode?: number };

class Explanation {
  readonly #file: string;
  readonly #options: ExplainOptions;
  readonly #workingDirectory = process.cwd();
  readonly #write = process.stdout.write.bind(process.stdout);
  #executor = new ExplainExecutor({});
  #finished = false;

  constructor(file: string, options: ExplainOptions) {
    this.#file = file;
    this.#options = options;
    process.stdout.write = process.stderr.write.bind(process.stderr);
    process.stdout.on('error', () => process.exit(EXIT_BROKEN_PIPE));
    onSignals((exitCode) => this.finish({ exitCode }));
  }

  async start(args: readonly string[]): Promise<void> {
    const configuration = configureCommand(this.#options, this.#workingDirectory);
    for (const warning of configuration.warnings) this.#log('warn', warning);
    const path = resolveProgram(this.#file, this.#workingDirectory);
    const settings = { workingDirectory: this.#workingDirectory, externalPackages: configuration.get(EXTERNAL_PACKAGES) };
    const bundle = await bundleProgram(path, settings);
    for (const warning of bundle.warnings) this.#log('warn', warning);
    const url = await writeClientBundle(bundle, path);
    process.argv = [process.execPath, path, ...args];
    process.setSourceMapsEnabled(true);
    this.#executor = new ExplainExecutor(configuration.entries);
    setHostExecutor(this.#executor);
    let settled = false;
    // The program may still come to a job after its module has been evaluated: it is done when nothing is left to do.
    process.on('beforeExit', () => this.finish(settled || this.#executor.stoppedAt !== undefined ? {} : { error: stuck(this.#file) }));
    await import(url);
    settled = true;
  }

  finish({ error, exitCode }: End): void {
    if (this.#finished) return;
    this.#finished = true;
    const { jobs, stoppedAt } = this.#executor;
    const failure = error ?? (jobs.length > 0 || exitCode !== undefined ? undefined : withoutJob());
    const notes = notesOf(stoppedAt, failure !== undefined && jobs.length > 0);
    this.#write(this.#options.json === true ? this.#json(failure, notes) : this.#text(notes));
    const report = { workingDirectory: this.#workingDirectory, debug: this.#options.logLevel === 'debug' };
    if (failure !== undefined) this.#log('error', describeFailure(failure, report));
    process.exit(exitCode ?? (failure === undefined ? EXIT_OK : exitCodeOf(failure, 0)));
  }

  #json(failure: unknown, notes: readonly string[]): string {
    const { jobs, stoppedAt } = this.#executor;
    const error = failure === undefined ? null : messageOf(failure);
    return `${JSON.stringify({ program: this.#file, jobs, stoppedAt: stoppedAt ?? null, error, notes }, undefined, 2)}\n`;
  }

  #text(notes: readonly string[]): string {
    const style = pc.createColors(process.stdout.isTTY === true && pc.isColorSupported);
    const texts = [...this.#executor.jobs.map((job) => explanationText(job, style)), ...notes.map((note) => `${note}\n`)];
    return texts.join('\n');
  }

  #log(level: LogLevel, message: string): void {
    if (!isShown(level, this.#options.logLevel)) return;
    process.stderr.write(`millrace: ${message}\n`);
  }
}

function notesOf(stoppedAt: string | undefined, threw: boolean): readonly string[] {
  const notes: string[] = [];
  if (stoppedAt !== undefined) {
    notes.push(
      `The program reads the records of the job '${stoppedAt}', which explain does not run: it stops there, and jobs that depend on them are not shown.`,
    );
  }
  if (threw)
    notes.push('The program threw after the jobs above. They have not run: what it expects of them, files for instance, is not there.');
  return notes;
}

function withoutJob(): UsageError {
  return new UsageError('The program ended without starting a job. Call env.execute() in it.', { reason: 'no-job' });
}

function stuck(file: string): TerminalError {
  return new TerminalError(`${file} awaits something at its top level that never comes. Look for a promise that nothing settles.`, {
    reason: 'unsettled',
  });
}

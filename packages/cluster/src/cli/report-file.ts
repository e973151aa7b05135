/** Events and spans of jobs as lines of JSON in a file. They are rare, so each is written at once: whatever ends the process, what was reported is there. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { ConfigError } from '@millrace/core/base/errors';
import type { JobReport, JobReporter } from '../local/job-reports.ts';

export class ReportFile implements JobReporter {
  readonly #path: string;
  readonly #warn: (message: string) => void;
  #file: number | undefined;

  /** Begins the file anew. */
  constructor(path: string, workingDirectory: string, warn: (message: string) => void) {
    this.#path = resolve(workingDirectory, path);
    this.#warn = warn;
    try {
      this.#file = openSync(this.#path, 'w');
    } catch (cause) {
      throw new ConfigError(
        `Events cannot be written to ${this.#path} (--events): ${(cause as Error).message}. Give a file in a directory that is there.`,
        {
          cause,
          reason: 'events',
        },
      );
    }
  }

  report(report: JobReport): void {
    if (this.#file === undefined) return;
    try {
      writeSync(this.#file, `${JSON.stringify(report)}\n`);
    } catch (error) {
      this.close();
      this.#warn(`events are not written to ${this.#path} any more: ${(error as Error).message}`);
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}

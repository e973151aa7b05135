/** What earlier jobs of a program gave, kept so that the program can be run again in the slots of a later one. */
import { UsageError } from '@millrace/core/base/errors';
import type { RecordedResult } from '@millrace/runtime/protocol/deployment';
import type { JobResult } from '@millrace/streaming/graph/executor';

/** Of all batches that one job sent to its program. They travel to every slot of each later job. */
export const MAX_RECORDED_BYTES = 16 * 1024 * 1024;

export class JobRecording {
  readonly #jobName: string;
  readonly #collected: Uint8Array[] = [];
  #collectedBytes = 0;
  #jobId = '';
  #end: Pick<RecordedResult, 'netRuntimeMs' | 'outcome' | 'message' | 'accumulators'> = { netRuntimeMs: 0, outcome: 'RUNNING' };

  constructor(jobName: string) {
    this.#jobName = jobName;
  }

  submitted(jobId: string): void {
    this.#jobId = jobId;
  }

  collected(bytes: Uint8Array): void {
    this.#collectedBytes += bytes.byteLength;
    if (this.#collectedBytes > MAX_RECORDED_BYTES) this.#collected.length = 0;
    else this.#collected.push(bytes.slice());
  }

  finished({ netRuntimeMs, accumulators = {} }: JobResult): void {
    this.#end = { netRuntimeMs, accumulators, outcome: 'FINISHED' };
  }

  failed(outcome: 'FAILED' | 'CANCELED', message: string): void {
    this.#end = { netRuntimeMs: 0, outcome, message };
  }

  /** Throws when the job sent more than is kept: a later job cannot be bound then. */
  result(): RecordedResult {
    if (this.#collectedBytes > MAX_RECORDED_BYTES) {
      throw new UsageError(
        `The job '${this.#jobName}' sent ${this.#collectedBytes} bytes to its program; at most ${MAX_RECORDED_BYTES} are kept for the jobs after it, ` +
          'in whose slots the program runs again. Collect less, write the result to a file, or make it the last job of the program.',
        { reason: 'recorded-results' },
      );
    }
    return { jobId: this.#jobId, collected: this.#collected, ...this.#end };
  }
}

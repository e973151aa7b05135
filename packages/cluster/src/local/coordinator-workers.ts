/**
 * Coordinator isolates in worker threads: one for each job, and one kept warm for the next.
 *
 * CW1 after `close` of a job's coordinators its listener hears nothing. CW2 an isolate that ends by itself fails its job.
 */
import { Worker } from 'node:worker_threads';
import type {
  CoordinatorListener,
  OperatorCoordinatorProvider,
  OperatorCoordinators,
} from '@millrace/runtime/coordinator/operator-coordinators';
import type { CoordinatorState } from '@millrace/runtime/checkpoint/checkpoint-metadata';
import type { JobInformation } from '@millrace/runtime/protocol/deployment';
import { describeFailure, terminalFailure } from '@millrace/runtime/protocol/failure-description';
import type { BlobDirectory } from './blob-directory.ts';
import { type JobOutput, writeOrDrop } from './standard-streams.ts';
import type { FromCoordinatorWorker, ToCoordinatorWorker } from './worker-messages.ts';

/** Enumerators list files and offsets; what needs more is not theirs to do. */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 512 };
/** How long an enumerator may take to close what it holds. */
const CLOSE_MS = 1_000;

export class CoordinatorWorkers implements OperatorCoordinatorProvider {
  readonly #blobs: BlobDirectory;
  readonly #output: JobOutput;
  readonly #running = new Set<Worker>();
  #warm: Worker | undefined;

  constructor(blobs: BlobDirectory, output: JobOutput) {
    this.#blobs = blobs;
    this.#output = output;
    this.#warm = this.#create();
  }

  start(job: JobInformation, restored: Readonly<Record<string, CoordinatorState>>, listener: CoordinatorListener): OperatorCoordinators {
    const bundlePath = this.#blobs.pathOf(job.program.bundle);
    const worker = this.#warm ?? this.#create();
    this.#warm = undefined;
    let open = true;
    const send = (message: ToCoordinatorWorker) => worker.postMessage(message);
    const ended = (what: string, error?: unknown) => {
      if (!open) return;
      open = false;
      const cause = error === undefined ? undefined : describeFailure(error);
      listener.onFailure(
        terminalFailure('coordinator-lost', `The coordinator isolate of job '${job.jobGraph.name}' ended: ${what}`, cause),
      );
    };
    worker.on('message', (message: FromCoordinatorWorker) => {
      if (message.kind === 'output') writeOrDrop(this.#output, message.stream, message.text);
      else if (open) hand(message, listener);
    });
    worker.on('error', (error) => ended(`an error outside of any enumerator call: ${error.message}`, error));
    worker.on('exit', (code) => ended(`exit code ${code}. Does the program call process.exit()?`));
    send({ kind: 'start', job, bundlePath, restored });
    return {
      handleEvent: (operatorId, subtask, event) => send({ kind: 'event', operatorId, subtask, event }),
      snapshot: (checkpointId) => send({ kind: 'snapshot', checkpointId }),
      notifyCheckpoint: (checkpointId, outcome) => send({ kind: 'notify-checkpoint', checkpointId, outcome }),
      resetSubtask: (operatorId, subtask, checkpointId) => send({ kind: 'reset-subtask', operatorId, subtask, checkpointId }),
      close: () => {
        open = false;
        send({ kind: 'close' });
        setTimeout(() => void worker.terminate(), CLOSE_MS).unref();
      },
    };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running].map((worker) => worker.terminate()));
  }

  #create(): Worker {
    const worker = new Worker(new URL('./coordinator-main.js', import.meta.url), { name: 'coordinator', resourceLimits: RESOURCE_LIMITS });
    this.#running.add(worker);
    worker.on('exit', () => {
      this.#running.delete(worker);
      if (this.#warm === worker) this.#warm = undefined;
    });
    worker.on('error', () => {}); // a warm one that breaks has no job to fail; the next job starts another
    return worker;
  }
}

function hand(message: Exclude<FromCoordinatorWorker, { kind: 'output' }>, listener: CoordinatorListener): void {
  switch (message.kind) {
    case 'event':
      return listener.onReaderEvent(message.operatorId, message.subtask, message.event);
    case 'snapshot':
      return listener.onSnapshot(message.checkpointId, message.operatorId, message.state);
    case 'subtask-reset':
      return listener.onSubtaskReset(message.operatorId, message.subtask);
    case 'backlog':
      return listener.onBacklog(message.operatorId, message.isProcessingBacklog);
    case 'failure':
      return listener.onFailure(message.failure);
  }
}

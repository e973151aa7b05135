/**
 * A slot as a worker thread: a V8 isolate of its own, dropped whole when a job leaves it (architecture D1).
 *
 * Owns the thread. Used by the TaskExecutor as its `SlotHandle`, in the main thread of a TaskManager.
 * K1 messages of a thread that was replaced are never delivered. K2 a thread that ends by itself is replaced and reported, once.
 */
import { Worker } from 'node:worker_threads';
import type { FailureDescription } from '@millrace/runtime/protocol/execution-state';
import { describeFailure, lostFailure } from '@millrace/runtime/protocol/failure-description';
import type { FromSlot, ToSlot } from '@millrace/runtime/protocol/slot-messages';
import type { SlotHandle } from '@millrace/runtime/task/task-executor';
import type { ProfileSettings } from './profile-settings.ts';
import type { JobOutput, StreamName } from './standard-streams.ts';
import type { FromSlotWorker, SlotWorkerData, ToSlotWorker } from './worker-messages.ts';

/** A doorbell needs a cache line; see runtime/network/doorbell. */
const DOORBELL_BYTES = 64;
/** V8's own limit stands well above the soft limit, which fails the job with a message. */
const HARD_LIMIT_FACTOR = 2;
const HARD_LIMIT_EXTRA_MIB = 256;
/** A fresh thread is started so long after a job has left: a process that ends at once does not pay for it. */
const RENEWAL_MS = 100;
const MIB = 1024 * 1024;

export interface SlotWorkerPorts {
  readonly output: JobOutput;
  receive(slot: number, message: FromSlot): void;
  lost(slot: number, failure: FailureDescription): void;
}

export interface SlotWorkerOptions {
  readonly taskManagerId: string;
  readonly slot: number;
  readonly overdraftMemoryBytes: number;
  readonly memoryLimitBytes: number;
  readonly profile?: ProfileSettings | undefined;
  readonly managedMemoryBytes: number;
}

export class SlotWorker implements SlotHandle {
  readonly #options: SlotWorkerOptions;
  readonly #ports: SlotWorkerPorts;
  #doorbell = new SharedArrayBuffer(DOORBELL_BYTES);
  #worker: Worker | undefined;
  #renewal: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: SlotWorkerOptions, ports: SlotWorkerPorts) {
    this.#options = options;
    this.#ports = ports;
    this.#worker = this.#start();
  }

  get doorbell(): SharedArrayBuffer {
    return this.#doorbell;
  }

  post(message: ToSlot): void {
    this.#worker ??= this.#start();
    this.#send(this.#worker, { kind: 'slot', message });
  }

  reset(done: () => void): void {
    const old = this.#worker;
    this.#worker = undefined;
    this.#doorbell = new SharedArrayBuffer(DOORBELL_BYTES);
    this.#renew();
    if (old === undefined) queueMicrotask(done);
    else old.terminate().then(done, done);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#renewal);
    await this.#worker?.terminate();
    this.#worker = undefined;
  }

  #renew(): void {
    clearTimeout(this.#renewal);
    if (this.#closed) return;
    this.#renewal = setTimeout(() => {
      this.#worker ??= this.#start();
    }, RENEWAL_MS);
  }

  #start(): Worker {
    clearTimeout(this.#renewal);
    const { taskManagerId, slot, overdraftMemoryBytes, memoryLimitBytes, managedMemoryBytes, profile } = this.#options;
    const workerData: SlotWorkerData = {
      location: { taskManagerId, slot },
      doorbell: this.#doorbell,
      overdraftMemoryBytes,
      memoryLimitBytes,
      profile,
      managedMemoryBytes,
    };
    const maxOldGenerationSizeMb = Math.ceil((memoryLimitBytes * HARD_LIMIT_FACTOR) / MIB) + HARD_LIMIT_EXTRA_MIB;
    const worker = new Worker(new URL('./slot-main.js', import.meta.url), {
      workerData,
      resourceLimits: { maxOldGenerationSizeMb },
      name: `slot ${slot}`,
    });
    let failure: FailureDescription | undefined;
    worker.on('message', (message: FromSlotWorker) => {
      if (this.#worker === worker) this.#receive(worker, message);
    });
    worker.on('error', (error) => {
      failure = this.#failureOf(error);
    });
    worker.on('exit', (code) => this.#ended(worker, failure ?? this.#exitFailure(code)));
    return worker;
  }

  #receive(worker: Worker, message: FromSlotWorker): void {
    if (message.kind === 'slot') this.#ports.receive(this.#options.slot, message.message);
    else this.#output(worker, message.stream, message.text);
  }

  #output(worker: Worker, stream: StreamName, text: string): void {
    const taken = (failure?: FailureDescription) => this.#send(worker, { kind: 'output-taken', stream, chars: text.length, failure });
    try {
      const wait = this.#ports.output.write(stream, text);
      if (wait === undefined) taken();
      else wait.then(taken.bind(undefined, undefined), (error) => taken(describeFailure(error)));
    } catch (error) {
      taken(describeFailure(error));
    }
  }

  #send(worker: Worker, message: ToSlotWorker): void {
    worker.postMessage(message);
  }

  #ended(worker: Worker, failure: FailureDescription): void {
    if (this.#worker !== worker) return; // K2: it was ended on purpose
    this.#worker = undefined;
    this.#doorbell = new SharedArrayBuffer(DOORBELL_BYTES);
    this.#renew();
    if (!this.#closed) this.#ports.lost(this.#options.slot, failure);
  }

  #failureOf(error: unknown): FailureDescription {
    const cause = describeFailure(error);
    const where = `Slot ${this.#options.slot} of TaskManager ${this.#options.taskManagerId}`;
    if (cause.reason === 'ERR_WORKER_OUT_OF_MEMORY') {
      const limit = Math.round(this.#options.memoryLimitBytes / MIB);
      const advice = 'Keep less in state and in memory, raise the parallelism, or give slots more memory.';
      return lostFailure('slot-out-of-memory', `${where} ran out of memory; its share is ${limit} MiB. ${advice}`, cause);
    }
    return lostFailure('slot-lost', `${where} ended with an error outside of any task: ${cause.message}`, cause);
  }

  #exitFailure(code: number): FailureDescription {
    const where = `Slot ${this.#options.slot} of TaskManager ${this.#options.taskManagerId}`;
    return lostFailure('slot-lost', `${where} ended with exit code ${code}. Does the job call process.exit()?`);
  }
}

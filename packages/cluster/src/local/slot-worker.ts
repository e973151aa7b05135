/**
 * A slot as a worker thread: a V8 isolate of its own, dropped whole when a job leaves it (architecture D1).
 *
 * Owns the thread. Used by the TaskExecutor as its `SlotHandle`, in the main thread of a TaskManager.
 * K1 messages of a thread that was replaced are never delivered. K2 a thread that ends by itself is replaced and reported, once.
 */
import { Worker } from 'node:worker_threads';
import { systemClock } from '@millrace/core/base/clock';
import type { LogSettings } from '@millrace/core/base/log';
import type { FailureDescription } from '@millrace/runtime/protocol/execution-state';
import { describeFailure, lostFailure, terminalFailure } from '@millrace/runtime/protocol/failure-description';
import type { FromSlot, ToSlot } from '@millrace/runtime/protocol/slot-messages';
import { describeReport, type SlotReport } from '@millrace/runtime/protocol/slot-report';
import type { SlotHandle } from '@millrace/runtime/task/task-executor';
import type { ProfileSettings } from './profile-settings.ts';
import { SlotWatch } from './slot-watch.ts';
import type { JobOutput, StreamName } from './standard-streams.ts';
import type { ThreadInspector } from './thread-inspector.ts';
import { type FromSlotWorker, SLOT_REPORT, type SlotWorkerData, type ToSlotWorker } from './worker-messages.ts';

/** A doorbell needs a cache line; see runtime/network/doorbell. */
const DOORBELL_BYTES = 64;
/** V8's own limit stands well above the soft limit, which fails the job with a message: V8 aborts the whole process where one array or map meets its limit. */
const HARD_LIMIT_FACTOR = 4; // a map that grows needs three times its size for a moment
const HARD_LIMIT_EXTRA_MIB = 1024; // what a call may take before the watch has seen it
/** A fresh thread is started so long after a job has left: a process that ends at once does not pay for it. */
const RENEWAL_MS = 100;
const TERMINATE_EVERY_MS = 100;
const MIB = 1024 * 1024;

export interface SlotWorkerPorts {
  readonly output: JobOutput;
  readonly inspector: ThreadInspector;
  receive(slot: number, message: FromSlot): void;
  lost(slot: number, failure: FailureDescription): void;
  /** The slot's thread has not come back for so long. */
  busy(slot: number, report: SlotReport | undefined, sinceMs: number): void;
}

export interface SlotWorkerOptions {
  readonly taskManagerId: string;
  readonly slot: number;
  readonly overdraftMemoryBytes: number;
  readonly memoryLimitBytes: number;
  readonly profile?: ProfileSettings | undefined;
  readonly managedMemoryBytes: number;
  readonly closeTimeoutMs: number;
  readonly watchdogLimitMs: number | undefined;
  readonly systemMetrics?: boolean | undefined;
  readonly logging: LogSettings;
}

export class SlotWorker implements SlotHandle {
  readonly #options: SlotWorkerOptions;
  readonly #ports: SlotWorkerPorts;
  #doorbell = new SharedArrayBuffer(DOORBELL_BYTES);
  #worker: Worker | undefined;
  #renewal: NodeJS.Timeout | undefined;
  #closed = false;
  readonly #activity = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  readonly #watch: SlotWatch;

  constructor(options: SlotWorkerOptions, ports: SlotWorkerPorts) {
    this.#options = options;
    this.#ports = ports;
    this.#watch = this.#createWatch();
    this.#worker = this.#start();
  }

  get doorbell(): SharedArrayBuffer {
    return this.#doorbell;
  }

  post(message: ToSlot): void {
    this.#worker ??= this.#start();
    if (message.type === 'deploy') this.#watch.start();
    this.#send(this.#worker, { kind: 'slot', message });
  }

  examine(settle: (report: SlotReport | undefined) => void): void {
    const worker = this.#worker;
    if (worker === undefined) return settle(undefined);
    this.#ports.inspector.ask(worker.threadId, `globalThis[Symbol.for('${SLOT_REPORT}')]?.(${this.#options.slot})`, (answer) =>
      settle(answer === undefined ? undefined : (JSON.parse(answer) as SlotReport)),
    );
  }

  reset(done: () => void): void {
    const old = this.#takeOut();
    if (old === undefined) queueMicrotask(done);
    else this.#terminate(old).then(done, done);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#renewal);
    this.#watch.stop();
    if (this.#worker !== undefined) await this.#terminate(this.#worker);
    this.#worker = undefined;
  }

  /** The thread that is there is nobody's any more. */
  #takeOut(): Worker | undefined {
    const old = this.#worker;
    this.#worker = undefined;
    this.#doorbell = new SharedArrayBuffer(DOORBELL_BYTES);
    this.#watch.stop();
    this.#renew();
    return old;
  }

  #createWatch(): SlotWatch {
    return new SlotWatch({
      clock: systemClock,
      limitMs: this.#options.watchdogLimitMs,
      turns: () => Atomics.load(this.#activity, 0),
      idleMs: () => this.#worker?.performance.eventLoopUtilization().idle ?? 0,
      examine: (settle) => this.examine(settle),
      busy: (report, sinceMs) => this.#ports.busy(this.#options.slot, report, sinceMs),
      outgrown: (report, what) => this.#end(slotMemoryFailure(report, what)),
    });
  }

  /** The thread would not end by itself. */
  #end(failure: FailureDescription): void {
    const lost = () => this.#ports.lost(this.#options.slot, failure);
    const old = this.#takeOut();
    if (old !== undefined) void this.#terminate(old).then(lost, lost);
  }

  /** More than once: what is evaluated on top of the thread's code may have swallowed a termination (I3 of thread-inspector.ts). */
  async #terminate(worker: Worker): Promise<void> {
    await this.#ports.inspector.answered(worker.threadId);
    const again = setInterval(() => void worker.terminate(), TERMINATE_EVERY_MS);
    await worker.terminate().finally(() => clearInterval(again));
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
    const { closeTimeoutMs, systemMetrics = false, logging } = this.#options;
    const workerData: SlotWorkerData = {
      location: { taskManagerId, slot },
      doorbell: this.#doorbell,
      overdraftMemoryBytes,
      memoryLimitBytes,
      profile,
      managedMemoryBytes,
      activity: this.#activity.buffer as SharedArrayBuffer,
      closeTimeoutMs,
      systemMetrics,
      logging,
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
    this.#takeOut();
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

/** As the memory guard says it, which does not come to speak in a call that does not return. */
function slotMemoryFailure(report: SlotReport, what: string): FailureDescription {
  return terminalFailure('slot-memory', `${what} ${describeReport(report)}`);
}

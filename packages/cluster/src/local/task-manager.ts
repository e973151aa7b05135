/**
 * A TaskManager: a TaskExecutor with its slots, network memory and output. Runs in a child process with a thread for each slot, or whole in the calling thread.
 *
 * TM1 a terminal state of a task goes on only when everything that the slot has written before is on the standard streams: who hears that a job has ended
 *     finds its output complete.
 */
import { systemClock } from '@millrace/core/base/clock';
import type { LogSettings } from '@millrace/core/base/log';
import { NetworkMemory } from '@millrace/runtime/memory/network-memory';
import type { LeaderAddress } from '@millrace/runtime/protocol/control-messages';
import { type FailureDescription, isTerminal } from '@millrace/runtime/protocol/execution-state';
import { describeFailure } from '@millrace/runtime/protocol/failure-description';
import type { RpcService } from '@millrace/runtime/protocol/rpc';
import type { FromSlot } from '@millrace/runtime/protocol/slot-messages';
import type { SlotReport } from '@millrace/runtime/protocol/slot-report';
import { type SlotHandle, TaskExecutor } from '@millrace/runtime/task/task-executor';
import { BlobDirectory } from './blob-directory.ts';
import type { ProfileSettings } from './profile-settings.ts';
import { type JobOutput, writeOrDrop } from './standard-streams.ts';

/** The one text between the processes that is no frame of the router: the TaskManager is to end. */
export const CLOSE = 'close';

/** Plain data: it travels to the child process as its argument. */
export interface TaskManagerConfiguration {
  readonly taskManagerId: string;
  readonly slots: number;
  readonly networkMemoryBytes: number;
  readonly segmentsPerChannel: number;
  readonly overdraftMemoryBytes: number;
  readonly slotMemoryLimitBytes: number;
  /** Of one slot. */
  readonly managedMemoryBytes: number;
  readonly blobDirectory: string;
  readonly resourceManager: LeaderAddress;
  readonly rpcTimeoutMs: number;
  /** Absent: nothing is profiled. */
  readonly profile?: ProfileSettings;
  readonly taskCancellationIntervalMs: number;
  readonly taskCancellationTimeoutMs: number;
  /** A thread of a slot that does not come back for so long is told of; absent: none is. */
  readonly watchdogLimitMs: number | undefined;
  /** Figures of threads, processes and operators are made: somebody reads them. */
  readonly systemMetrics?: boolean;
  readonly logging: LogSettings;
}

export interface TaskManagerPorts {
  readonly rpc: RpcService;
  readonly output: JobOutput;
  createSlot(slot: number, taskManager: SlotListener): ClosableSlot;
}

export interface SlotListener {
  receive(slot: number, message: FromSlot): void;
  lost(slot: number, failure: FailureDescription): void;
  busy(slot: number, report: SlotReport | undefined, sinceMs: number): void;
}

export interface ClosableSlot extends SlotHandle {
  close(): Promise<void>;
}

export class TaskManager implements SlotListener {
  readonly #slots: readonly ClosableSlot[];
  readonly #executor: TaskExecutor;
  readonly #output: JobOutput;
  /** By slot: messages that wait behind output (TM1). */
  readonly #held: FromSlot[][];

  constructor(configuration: TaskManagerConfiguration, ports: TaskManagerPorts) {
    const { taskManagerId, resourceManager, rpcTimeoutMs, segmentsPerChannel } = configuration;
    const { taskCancellationIntervalMs: cancellationIntervalMs } = configuration;
    // Threads first: they start while the rest is made.
    this.#slots = Array.from({ length: configuration.slots }, (_, slot) => ports.createSlot(slot, this));
    this.#held = this.#slots.map(() => []);
    this.#output = ports.output;
    const address = taskManagerAddress(taskManagerId);
    const blobs = new BlobDirectory(configuration.blobDirectory);
    this.#executor = new TaskExecutor(
      { taskManagerId, address, resourceManager, rpcTimeoutMs, segmentsPerChannel, cancellationIntervalMs },
      {
        clock: systemClock,
        rpc: ports.rpc,
        slots: this.#slots,
        memory: NetworkMemory.create(configuration.networkMemoryBytes),
        bundles: { fetch: (hash, settle) => settle(pathOf(blobs, hash)) },
        output: (stream, text) => writeOrDrop(ports.output, stream, text),
      },
    );
  }

  start(onRefused: (failure: FailureDescription) => void): void {
    this.#executor.start(onRefused);
  }

  receive(slot: number, message: FromSlot): void {
    const held = this.#held[slot];
    if (held === undefined) return;
    if (held.length > 0) return void held.push(message);
    const drained = message.type === 'state' && isTerminal(message.state) ? this.#output.drained() : undefined;
    if (drained === undefined) return this.#executor.receiveFromSlot(slot, message);
    held.push(message);
    void drained.then(
      () => this.#letGo(slot, held),
      (error: unknown) => this.#letGo(slot, held, describeFailure(error)),
    );
  }

  lost(slot: number, failure: FailureDescription): void {
    this.#held[slot] = [];
    this.#executor.slotLost(slot, failure);
  }

  busy(slot: number, report: SlotReport | undefined, sinceMs: number): void {
    this.#executor.slotBusy(slot, report, sinceMs);
  }

  /** Ends the slots and waits for the output that is on its way. */
  async close(): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.close()));
    await this.#output.drained()?.catch(() => {}); // no task waits for it any more
  }

  /** A task whose output is lost has not finished. */
  #letGo(slot: number, held: readonly FromSlot[], failure?: FailureDescription): void {
    if (this.#held[slot] !== held) return; // the slot was lost meanwhile
    this.#held[slot] = [];
    const [first, ...rest] = held;
    if (first !== undefined) this.#executor.receiveFromSlot(slot, failure === undefined ? first : failed(first, failure));
    for (const message of rest) this.receive(slot, message);
  }
}

export function taskManagerAddress(taskManagerId: string): string {
  return `taskmanager/${taskManagerId}`;
}

function failed(message: FromSlot, failure: FailureDescription): FromSlot {
  return message.type === 'state' && message.state === 'FINISHED' ? { ...message, state: 'FAILED', failure } : message;
}

function pathOf(blobs: BlobDirectory, hash: string): { readonly path: string } | { readonly failure: FailureDescription } {
  try {
    return { path: blobs.pathOf(hash) };
  } catch (error) {
    return { failure: describeFailure(error) };
  }
}

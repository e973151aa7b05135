/**
 * What must hold in every run (faults.md §2). Told of what happens by disk, transaction store, control plane and user functions; keeps the violations.
 *
 * (b) every record once, none lost, in the order of its split; (e) watermarks do not go back; (f) ids of checkpoints ascend; (g) nothing is visible that no complete checkpoint stands
 * behind; (h) the same of finished files; (j) what a checkpoint refers to is there as long as the checkpoint, and nothing else stays (checkpoint-files.ts). Results as such (a, c) are compared by results.ts, liveness and leftovers (i) by run-seed.ts.
 */

import type { SimulatedDisk } from '@millrace/core/sim/simulated-disk';
import type { CheckpointDetails } from '@millrace/runtime/protocol/control-messages';
import type { FailureDescription } from '@millrace/runtime/protocol/execution-state';
import { CheckpointFiles } from './checkpoint-files.ts';
import type { Trace } from './trace.ts';
import { CHECKPOINTS, OUTPUT } from './world.ts';

/** Thrown in user functions of the simulation's jobs by faults; a failure without it, and not of the disk, is a bug. */
export const INJECTED = 'injected';

/** Reasons of failures that faults bring about. */
const EXPECTED_REASONS = new Set([
  'file-io',
  'file-no-space',
  'file-exists',
  'slot-lost',
  'slot-memory',
  'slot-out-of-memory',
  'task-manager-lost',
  'rpc-timeout',
  'unreachable',
  'checkpoint-damaged',
  'checkpoint-failures',
]);

export class Oracles {
  readonly violations: string[] = [];
  readonly files: CheckpointFiles;
  readonly #trace: Trace;
  /** Counts everything that is noted, so that moments can be compared. */
  #moment = 0;
  #completedAt = 0;
  #latestCompleted = 0;
  #latestEnded = 0;
  readonly #syncedAt = new Map<string, number>();
  readonly #counts = new Map<string, number>();
  readonly #restoring = new Map<string, Map<number, number>>();
  completed = 0;
  restarts = 0;
  /** What is visible may be wrong from here on: the disk has lied, and lost what it said was durable. */
  isForgiving = false;

  constructor(trace: Trace, disk: SimulatedDisk) {
    this.#trace = trace;
    this.files = new CheckpointFiles(disk, (what) => this.violated(what));
  }

  violated(what: string): void {
    if (this.isForgiving && /^\([abfghj]/.test(what)) return;
    this.#trace.note(`VIOLATED ${what}`);
    this.violations.push(what);
  }

  // ---- disk ----

  synced(path: string): void {
    this.#syncedAt.set(path, ++this.#moment);
  }

  renamed(from: string, to: string): void {
    this.#moment += 1;
    if (to.startsWith(CHECKPOINTS) && to.endsWith('/_metadata')) return this.#metadataWritten(to);
    if (!to.startsWith(OUTPUT) || from.endsWith('.cut')) return;
    const syncedAt = this.#syncedAt.get(from) ?? 0;
    if (syncedAt > this.#completedAt) this.violated(`(h) ${to} became visible, and no checkpoint was complete since it was written`);
  }

  #metadataWritten(path: string): void {
    const id = Number(/chk-(\d+)\/_metadata$/.exec(path)?.[1]);
    if (id <= this.#latestCompleted) this.violated(`(f) checkpoint ${id} became complete after ${this.#latestCompleted}`);
    this.files.completed(path);
    this.#latestCompleted = id;
    this.#completedAt = this.#moment;
    this.completed += 1;
  }

  // ---- transactions ----

  get moment(): number {
    return ++this.#moment;
  }

  committed(name: string, preCommittedAt: number | undefined): void {
    if (preCommittedAt === undefined) this.violated(`(g) transaction ${name} was committed and never pre-committed`);
    else if (preCommittedAt > this.#completedAt)
      this.violated(`(g) transaction ${name} was committed, and no checkpoint was complete since its pre-commit`);
  }

  // ---- control plane ----

  checkpointEnded({ id, status }: CheckpointDetails): void {
    if (status === 'COMPLETED' && id < this.#latestEnded) this.violated(`(f) checkpoint ${id} ended after ${this.#latestEnded}`);
    if (status === 'COMPLETED') this.#latestEnded = id;
  }

  /** A failure that nothing has caused. */
  failed(failure: FailureDescription): void {
    for (let each: FailureDescription | undefined = failure; each !== undefined; each = each.cause)
      if (each.message.includes(INJECTED) || EXPECTED_REASONS.has(each.reason)) return;
    this.violated(
      `failed for no reason that was injected: ${failure.message} (${failure.reason})${failure.stack === undefined ? '' : `\n${failure.stack.split('\n').slice(0, 8).join('\n')}`}`,
    );
  }

  // ---- user functions ----

  /** Something that only grows, such as a watermark, of one instance. */
  ascends(what: string, before: number, value: number): void {
    if (value < before) this.violated(`${what} went back from ${before} to ${value}`);
  }

  /** (c) What one subtask had counted when its part of a checkpoint was taken. */
  counted(checkpointId: number, name: string, subtask: number, count: number): void {
    this.#counts.set(`${checkpointId} ${name} ${subtask}`, count);
  }

  /** A process begins without a checkpoint: another job, whose checkpoints count from 1. */
  begunAnew(): void {
    this.#counts.clear();
  }

  /** What all subtasks had counted in it. */
  countedIn(checkpointId: number, name: string): number {
    const counts = [...this.#counts].filter(([key]) => key.startsWith(`${checkpointId} ${name} `));
    return sum(counts.map(([, count]) => count));
  }

  /** `attempt` names the deployment. All subtasks together get the split state, each another part; union state comes to every subtask as a whole. */
  restored(attempt: string, name: string, { was, shared, own, parallelism, subtask }: RestoredCounts): void {
    if (shared !== was) this.violated(`(c) ${name} got ${shared} back as union state, and all had ${was}`);
    const id = `${attempt} ${name}`;
    const counts = this.#restoring.get(id) ?? new Map<number, number>();
    this.#restoring.set(id, counts.set(subtask, own));
    if (counts.size < parallelism) return;
    const is = sum([...counts.values()]);
    if (is !== was) this.violated(`(c) the subtasks of ${name} got ${is} back together, and had ${was}`);
  }
}

export interface RestoredCounts {
  readonly was: number;
  readonly shared: number;
  readonly own: number;
  readonly parallelism: number;
  readonly subtask: number;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

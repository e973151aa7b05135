/** What a TaskExecutor acts through, and what it is told when it is made. */
import type { Clock } from '@millrace/core/base/clock';
import type { NetworkMemory } from '../memory/network-memory.ts';
import type { LeaderAddress } from '../protocol/control-messages.ts';
import type { FailureDescription } from '../protocol/execution-state.ts';
import type { RpcService } from '../protocol/rpc.ts';
import type { ToSlot } from '../protocol/slot-messages.ts';
import type { SlotReport } from '../protocol/slot-report.ts';

/** One slot as the TaskExecutor sees it. */
export interface SlotHandle {
  readonly doorbell: SharedArrayBuffer;
  post(message: ToSlot): void;
  /** Ends the isolate with whatever runs in it and puts a fresh one in its place; `done` when the old one can touch nothing any more. */
  reset(done: () => void): void;
  /** What its thread is doing; undefined where it does not answer in a moment. */
  examine(settle: (report: SlotReport | undefined) => void): void;
}

/** Code of jobs by content hash. */
export interface BundleProvider {
  /** Gives the path of a file whose content has this hash. */
  fetch(hash: string, settle: (outcome: { readonly path: string } | { readonly failure: FailureDescription }) => void): void;
}

export interface TaskExecutorPorts {
  readonly clock: Clock;
  readonly rpc: RpcService;
  readonly slots: readonly SlotHandle[];
  readonly memory: NetworkMemory;
  readonly bundles: BundleProvider;
  output(stream: 'stdout' | 'stderr', text: string): void;
}

export interface TaskExecutorOptions {
  readonly taskManagerId: string;
  readonly address: string;
  readonly resourceManager: LeaderAddress;
  readonly rpcTimeoutMs: number;
  readonly segmentsPerChannel: number;
  /** How often tasks that were cancelled and have not ended are looked at. */
  readonly cancellationIntervalMs: number;
}

/** What a slot needs from the thread that it lives in. */
import type { Clock } from '@millrace/core/base/clock';
import type { LogSettings } from '@millrace/core/base/log';
import type { SpillStorage } from '@millrace/streaming/contract/managed-memory';
import type { StandardStreams } from '@millrace/streaming/contract/sink';
import type { JobBindings } from '@millrace/streaming/graph/job-graph';
import type { StreamHandle } from '../checkpoint/state-handles.ts';
import type { CheckpointStreams } from '../checkpoint/state-streams.ts';
import type { StateStreamReader } from '../checkpoint/stream-reader.ts';
import type { JobInformation, SlotLocation } from '../protocol/deployment.ts';
import type { SpillSink } from '../network/overdraft.ts';
import type { FromSlot } from '../protocol/slot-messages.ts';
import type { MemoryPort } from './memory-guard.ts';
import type { SystemPort } from './slot-figures.ts';
import type { SlotLoopOptions, TaskletLoop } from './slot-loop.ts';

export interface CheckpointFiles {
  readonly streams: CheckpointStreams;
  /** `base` is where relative handles begin. */
  open(handle: StreamHandle, base: string | undefined): Promise<StateStreamReader>;
}

export const DEFAULT_CLOSE_TIMEOUT_MS = 30_000;

export interface SlotPorts {
  readonly location: SlotLocation;
  /** Memory of the slot's doorbell; the other slots have it too. */
  readonly doorbell: SharedArrayBuffer;
  readonly clock: Clock;
  /** Of the thread that the slot is; told with the figures of its tasks. */
  readonly threadId?: number;
  post(message: FromSlot): void;
  /** Runs the program in binding mode. `instance` tells the slots of one thread apart: each gets functions of its own (architecture D7 f). */
  bind(job: JobInformation, bundlePath: string, instance: number): Promise<JobBindings>;
  readonly standardStreams: StandardStreams;
  /** Of what functions log. Default: info, as text. */
  readonly logging?: LogSettings;
  /** Where the slot's parts of checkpoints are written and read. Default: the file systems that their paths name. */
  readonly checkpointFiles?: CheckpointFiles;
  /** False where nobody takes checkpoints, whatever the job says: the last commits are then made at the end of the input. */
  readonly hasCheckpointCoordinator?: boolean;
  /** Of heap and external memory; absent: no limit. */
  readonly memoryLimitBytes?: number;
  /** The slot's share of the managed memory; absent: what one slot has where nothing is configured. */
  readonly managedMemoryBytes?: number;
  /** Opens a file for what managed memory does not hold. Default: among the temporary ones. */
  readonly openSpillStorage?: (name: string) => SpillStorage;
  /** What each channel keeps in memory of what goes beyond its credit, before it uses a spill; absent: the network's default. */
  readonly overdraftMemoryBytes?: number;
  /** Opens a spill for one channel, whose name says whose it is. Default: a file among the temporary ones. */
  readonly openSpill?: (name: string) => SpillSink;
  /** Default: what V8 says of this thread. */
  readonly memory?: MemoryPort;
  /** Counted up at every turn of the slot's loop, for whoever watches the thread from outside (Int32Array); absent: nobody does. */
  readonly activity?: SharedArrayBuffer;
  /** How long the `close` of operators may take; default DEFAULT_CLOSE_TIMEOUT_MS. */
  readonly closeTimeoutMs?: number;
  /** Where somebody reads metrics: figures of thread and process, and those of operators. Absent: none are made. */
  readonly system?: SystemPort | undefined;
  /** Records in each channel between tasks of this slot, a power of two; absent: the network's default. */
  readonly localChannelCapacity?: number;
  /** Default: a `SlotLoop`. The test kit decides itself whose turn it is. */
  readonly createLoop?: (options: SlotLoopOptions) => TaskletLoop;
  /** Gives the event loop a turn. Default: setImmediate. */
  nextTurn?(action: () => void): void;
  /** False: chains are interpreted although code could be generated. */
  readonly generateCode?: boolean;
}

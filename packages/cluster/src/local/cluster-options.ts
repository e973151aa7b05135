/** The options of a local cluster with their defaults, checked and with units resolved. */
import { totalmem } from 'node:os';
import { ConfigError } from '@millrace/core/base/errors';
import {
  deriveMemory,
  describeTaskManagerMemory,
  type TaskManagerMemory,
  UNCONFIGURED_MEMORY,
} from '@millrace/runtime/memory/task-manager-memory';
import type { JobMasterOptions } from '@millrace/runtime/coordinator/job-master';
import type { LocalClusterOptions } from './local-cluster.ts';

const MIB = 1024 * 1024;
const DEFAULT_SEGMENTS_PER_CHANNEL = 8;
/** What all slots together may take of the machine. */
const MEMORY_SHARE = 0.6;
const MIN_SLOT_MEMORY_BYTES = 256 * MIB;
const MAX_DEFAULT_SLOT_MEMORY_BYTES = 4096 * MIB;
const DEFAULT_OVERDRAFT_MEMORY_BYTES = 16 * MIB;
/** The engine and a small program take some ten. */
const LEAST_SLOT_HEAP_BYTES = 16 * MIB;
const MAX_SLOTS = 1_024;
const DEFAULT_CANCELLATION_MS = 30_000;
const DEFAULT_CANCELLATION_INTERVAL_MS = 5_000;
const DEFAULT_WATCHDOG_LIMIT_MS = 10_000;
const DEFAULT_HEARTBEAT_MS = 250; // also how fresh the figures of a running job are
/** Loss of the process is seen at once by its exit; silence means that it hangs. */
const HEARTBEAT_TIMEOUT_MS = 50_000;
const RPC_TIMEOUT_MS = 30_000;

export interface CompiledOptions {
  readonly slots: number;
  readonly memory: TaskManagerMemory;
  readonly networkMemoryBytes: number;
  /** Of one slot. */
  readonly managedMemoryBytes: number;
  readonly segmentsPerChannel: number;
  readonly overdraftMemoryBytes: number;
  readonly slotMemoryLimitBytes: number;
  readonly rpcTimeoutMs: number;
  readonly taskCancellationIntervalMs: number;
  readonly watchdogLimitMs: number | undefined;
  readonly jobMaster: JobMasterOptions;
}

export function compileOptions(options: LocalClusterOptions): CompiledOptions {
  const { slots, heartbeatIntervalMs = DEFAULT_HEARTBEAT_MS } = options;
  if (!Number.isSafeInteger(slots) || slots < 1 || slots > MAX_SLOTS) {
    throw new ConfigError(
      `A TaskManager cannot have ${slots} slots (taskmanager.numberOfTaskSlots, --slots). Give a whole number from 1 to ${MAX_SLOTS}.`,
    );
  }
  const taskCancellationTimeoutMs = options.taskCancellationTimeoutMs ?? DEFAULT_CANCELLATION_MS;
  // What is found out of a task that does not stop stands in the message of the time-out: it is looked at before.
  const intervalMs = options.taskCancellationIntervalMs ?? DEFAULT_CANCELLATION_INTERVAL_MS;
  const watchdogLimitMs = options.watchdogLimitMs ?? DEFAULT_WATCHDOG_LIMIT_MS;
  return {
    taskCancellationIntervalMs: Math.min(intervalMs, Math.ceil(taskCancellationTimeoutMs / 2)),
    watchdogLimitMs: watchdogLimitMs === 0 ? undefined : watchdogLimitMs,
    slots,
    ...compileMemory(slots, options.memory),
    segmentsPerChannel: options.segmentsPerChannel ?? DEFAULT_SEGMENTS_PER_CHANNEL,
    overdraftMemoryBytes: options.overdraftMemoryBytes ?? DEFAULT_OVERDRAFT_MEMORY_BYTES,
    rpcTimeoutMs: RPC_TIMEOUT_MS,
    jobMaster: {
      slotRequestTimeoutMs: options.slotRequestTimeoutMs,
      taskCancellationTimeoutMs,
      rpcTimeoutMs: RPC_TIMEOUT_MS,
      heartbeatIntervalMs,
      heartbeatMissedLimit: Math.ceil(HEARTBEAT_TIMEOUT_MS / heartbeatIntervalMs),
    },
  };
}

type CompiledMemory = Pick<CompiledOptions, 'memory' | 'networkMemoryBytes' | 'managedMemoryBytes' | 'slotMemoryLimitBytes'>;

/** Each slot has the same part of the task heap and of the managed memory. */
function compileMemory(slots: number, settings = UNCONFIGURED_MEMORY): CompiledMemory {
  const memory = deriveMemory(settings);
  const { taskHeapBytes, taskOffHeapBytes, networkBytes, managedBytes } = memory;
  const heap = taskHeapBytes === undefined ? defaultSlotMemory(slots) : Math.floor(taskHeapBytes / slots);
  if (heap < LEAST_SLOT_HEAP_BYTES) throw tooLittleHeap(slots, taskHeapBytes as number, memory);
  return {
    memory,
    networkMemoryBytes: networkBytes,
    managedMemoryBytes: Math.floor(managedBytes / slots),
    slotMemoryLimitBytes: heap + Math.floor(taskOffHeapBytes / slots),
  };
}

function tooLittleHeap(slots: number, heapBytes: number, memory: TaskManagerMemory): ConfigError {
  return new ConfigError(
    `${slots} slots would share ${mebibytes(heapBytes)} of task heap, ${mebibytes(heapBytes / slots)} each; a slot needs at least ${mebibytes(LEAST_SLOT_HEAP_BYTES)}. ` +
      `The memory of the TaskManager is divided into ${describeTaskManagerMemory(memory)}. ` +
      'Raise taskmanager.memory.process.size, taskmanager.memory.flink.size or taskmanager.memory.task.heap.size, lower another part, or have fewer slots.',
    { reason: 'memory-conflict' },
  );
}

function mebibytes(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} mb`;
}

/** For the log: what there is, and what each slot has of it. */
export function describeShares({ slots, memory, slotMemoryLimitBytes, managedMemoryBytes }: CompiledOptions): string {
  const each = `${mebibytes(slotMemoryLimitBytes)} of heap and outside it, ${mebibytes(managedMemoryBytes)} managed`;
  return `${slots} slot${slots === 1 ? '' : 's'}, each with ${each}; memory: ${describeTaskManagerMemory(memory)}`;
}

function defaultSlotMemory(slots: number): number {
  const share = Math.floor((totalmem() * MEMORY_SHARE) / slots);
  return Math.min(MAX_DEFAULT_SLOT_MEMORY_BYTES, Math.max(MIN_SLOT_MEMORY_BYTES, share));
}

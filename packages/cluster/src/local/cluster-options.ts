/** The options of a local cluster with their defaults, checked and with units resolved. */
import { totalmem } from 'node:os';
import { ConfigError } from '@millrace/core/base/errors';
import type { JobMasterOptions } from '@millrace/runtime/coordinator/job-master';
import type { LocalClusterOptions } from './local-cluster.ts';

const MIB = 1024 * 1024;
const DEFAULT_NETWORK_MEMORY_BYTES = 256 * MIB; // pages that no job touches cost nothing
const DEFAULT_SEGMENTS_PER_CHANNEL = 8;
/** What all slots together may take of the machine. */
const MEMORY_SHARE = 0.6;
const MIN_SLOT_MEMORY_BYTES = 256 * MIB;
const MAX_DEFAULT_SLOT_MEMORY_BYTES = 4096 * MIB;
const DEFAULT_OVERDRAFT_MEMORY_BYTES = 16 * MIB;
const MAX_SLOTS = 1_024;
const DEFAULT_CANCELLATION_MS = 30_000;
const DEFAULT_HEARTBEAT_MS = 250; // also how fresh the figures of a running job are
/** Loss of the process is seen at once by its exit; silence means that it hangs. */
const HEARTBEAT_TIMEOUT_MS = 50_000;
const RPC_TIMEOUT_MS = 30_000;

export interface CompiledOptions {
  readonly slots: number;
  readonly networkMemoryBytes: number;
  readonly segmentsPerChannel: number;
  readonly overdraftMemoryBytes: number;
  readonly slotMemoryLimitBytes: number;
  readonly rpcTimeoutMs: number;
  readonly jobMaster: JobMasterOptions;
}

export function compileOptions(options: LocalClusterOptions): CompiledOptions {
  const { slots, heartbeatIntervalMs = DEFAULT_HEARTBEAT_MS } = options;
  if (!Number.isSafeInteger(slots) || slots < 1 || slots > MAX_SLOTS) {
    throw new ConfigError(
      `A TaskManager cannot have ${slots} slots (taskmanager.numberOfTaskSlots, --slots). Give a whole number from 1 to ${MAX_SLOTS}.`,
    );
  }
  return {
    slots,
    networkMemoryBytes: options.networkMemoryBytes ?? DEFAULT_NETWORK_MEMORY_BYTES,
    segmentsPerChannel: options.segmentsPerChannel ?? DEFAULT_SEGMENTS_PER_CHANNEL,
    overdraftMemoryBytes: options.overdraftMemoryBytes ?? DEFAULT_OVERDRAFT_MEMORY_BYTES,
    slotMemoryLimitBytes: options.slotMemoryLimitBytes ?? defaultSlotMemory(slots),
    rpcTimeoutMs: RPC_TIMEOUT_MS,
    jobMaster: {
      slotRequestTimeoutMs: options.slotRequestTimeoutMs,
      taskCancellationTimeoutMs: options.taskCancellationTimeoutMs ?? DEFAULT_CANCELLATION_MS,
      rpcTimeoutMs: RPC_TIMEOUT_MS,
      heartbeatIntervalMs,
      heartbeatMissedLimit: Math.ceil(HEARTBEAT_TIMEOUT_MS / heartbeatIntervalMs),
    },
  };
}

function defaultSlotMemory(slots: number): number {
  const share = Math.floor((totalmem() * MEMORY_SHARE) / slots);
  return Math.min(MAX_DEFAULT_SLOT_MEMORY_BYTES, Math.max(MIN_SLOT_MEMORY_BYTES, share));
}

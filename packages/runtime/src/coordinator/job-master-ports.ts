/** What a JobMaster is made with. */
import type { Clock } from '@millrace/core/base/clock';
import type { Random } from '@millrace/core/base/random';
import type { LeaderAddress } from '../protocol/control-messages.ts';
import type { FailureDescription } from '../protocol/execution-state.ts';
import type { RpcService } from '../protocol/rpc.ts';
import type { CheckpointStoreProvider } from './checkpoints/checkpoint-store.ts';
import type { JobEvent } from './job-event.ts';
import type { OperatorCoordinatorProvider } from './operator-coordinators.ts';

export interface JobMasterPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly rpc: RpcService;
  readonly coordinators: OperatorCoordinatorProvider;
  readonly checkpointStores: CheckpointStoreProvider;
  /** Bytes for the client that reads the job's results; `settle` when they are taken, with a failure when the client gives up. */
  collected(jobId: string, bytes: Uint8Array, settle: (failure?: FailureDescription) => void): void;
  /** Everything that changes, in order: the job's history. */
  log(event: JobEvent): void;
}

export interface JobMasterOptions {
  /** A job that has no slots after so long fails; undefined waits for ever. */
  readonly slotRequestTimeoutMs: number | undefined;
  readonly taskCancellationTimeoutMs: number;
  readonly rpcTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly heartbeatMissedLimit: number;
}

export interface JobMasterIdentity extends LeaderAddress {
  readonly resourceManager: LeaderAddress;
}

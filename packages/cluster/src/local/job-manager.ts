/** The parts of a JobManager with the ports of this process: Dispatcher, ResourceManager and the way to their TaskManagers. */
import { systemClock } from '@millrace/core/base/clock';
import type { Random } from '@millrace/core/base/random';
import type { CheckpointStoreProvider } from '@millrace/runtime/coordinator/checkpoints/checkpoint-store';
import { Dispatcher } from '@millrace/runtime/coordinator/dispatcher';
import type { JobEvent } from '@millrace/runtime/coordinator/job-event';
import type { JobMasterOptions, JobMasterPorts } from '@millrace/runtime/coordinator/job-master';
import type { OperatorCoordinatorProvider } from '@millrace/runtime/coordinator/operator-coordinators';
import { ResourceManager } from '@millrace/runtime/coordinator/resource-manager';
import type { LeaderAddress, ToDispatcher, ToResourceManager } from '@millrace/runtime/protocol/control-messages';
import { randomId } from '@millrace/runtime/protocol/ids';
import type { RpcGateway } from '@millrace/runtime/protocol/rpc';
import type { RpcRouter } from '@millrace/runtime/protocol/rpc-router';

const MAX_ENDED_JOBS = 1_000;
const CLIENT = 'jobmanager/client';

export interface JobManagerOptions {
  readonly router: RpcRouter;
  readonly coordinators: OperatorCoordinatorProvider;
  readonly checkpointStores: CheckpointStoreProvider;
  readonly jobMaster: JobMasterOptions;
  readonly collected: JobMasterPorts['collected'];
  readonly log: (event: JobEvent) => void;
}

export class JobManager {
  readonly dispatcher: Dispatcher;
  readonly resourceManager: ResourceManager;
  /** What TaskManagers register with. */
  readonly resourceManagerAddress: LeaderAddress;
  /** Gateways of a client in this process. */
  readonly dispatcherGateway: RpcGateway<ToDispatcher>;
  readonly resourceManagerGateway: RpcGateway<ToResourceManager>;
  readonly dispatcherLeader: string;

  constructor({ router, coordinators, checkpointStores, jobMaster, collected, log }: JobManagerOptions) {
    const random = systemRandom;
    this.resourceManagerAddress = { address: 'jobmanager/resourcemanager', leader: randomId(random) };
    const dispatcher = { address: 'jobmanager/dispatcher', leader: randomId(random) };
    const ports = { clock: systemClock, random, rpc: router, coordinators, checkpointStores, collected, log };
    this.resourceManager = new ResourceManager(this.resourceManagerAddress, jobMaster, ports);
    this.dispatcher = new Dispatcher(
      dispatcher,
      { resourceManager: this.resourceManagerAddress, jobMaster, maxEndedJobs: MAX_ENDED_JOBS },
      ports,
    );
    this.dispatcherLeader = dispatcher.leader;
    this.dispatcherGateway = router.connect(CLIENT, dispatcher.address);
    this.resourceManagerGateway = router.connect(CLIENT, this.resourceManagerAddress.address);
    this.resourceManager.start();
    this.dispatcher.start();
  }

  close(): void {
    this.dispatcher.close();
    this.resourceManager.close();
  }
}

/** Ids and tokens must not be guessable, so they come from the system's generator. */
const systemRandom: Random = {
  next: () => randomWord() / 0x1_0000_0000,
  nextInt: (bound) => Math.floor((randomWord() / 0x1_0000_0000) * bound),
};

export function newJobId(): string {
  return randomId(systemRandom);
}

function randomWord(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]!;
}

/**
 * The ResourceManager: knows every TaskManager and every slot, and who has which.
 *
 * RM1 a slot is free, or allocated under exactly one allocation id; free + allocated = the slots of all registered TaskManagers.
 * RM2 a job gets all the slots that it asked for or none, so two waiting jobs never hold half of what each needs. Requests are looked at in the order of
 *     their arrival; a smaller one may overtake one that cannot be met.
 * RM3 a slot is free again when its TaskExecutor says so, or is gone with it.
 */
import { unreachable } from '@millrace/core/base/assert';
import type { Clock } from '@millrace/core/base/clock';
import type {
  AllocateSlots,
  LeaderAddress,
  RegisterTaskExecutor,
  RequestSlots,
  SlotAllocation,
  SlotAvailable,
  SlotShortage,
  ToJobMaster,
  ToResourceManager,
  ToTaskExecutor,
} from '../protocol/control-messages.ts';
import type { FailureDescription } from '../protocol/execution-state.ts';
import { lostFailure } from '../protocol/failure-description.ts';
import type { RpcCall, RpcEndpoint, RpcGateway, RpcService } from '../protocol/rpc.ts';
import { Heartbeats } from './heartbeats.ts';

export interface ResourceManagerPorts {
  readonly clock: Clock;
  readonly rpc: RpcService;
}

export interface ResourceManagerOptions {
  readonly rpcTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly heartbeatMissedLimit: number;
}

export interface ClusterOverview {
  readonly taskManagers: number;
  readonly slotsTotal: number;
  readonly slotsFree: number;
}

interface Registration {
  readonly taskManagerId: string;
  readonly gateway: RpcGateway<ToTaskExecutor>;
  readonly slots: (Holder | undefined)[]; // by slot number; undefined is free
}

interface Holder {
  readonly jobId: string;
  readonly allocationId: string;
}

interface Request {
  readonly jobId: string;
  readonly jobMaster: LeaderAddress;
  readonly allocationIds: readonly string[];
}

export class ResourceManager implements RpcEndpoint<ToResourceManager> {
  readonly #self: LeaderAddress;
  readonly #options: ResourceManagerOptions;
  readonly #rpc: RpcService;
  readonly #registrations = new Map<string, Registration>(); // by TaskManager id, in the order of registration
  readonly #pending = new Map<string, Request>(); // by job id
  readonly #jobMasters = new Map<string, LeaderAddress>(); // of every job that has asked and not ended
  readonly #heartbeats: Heartbeats;

  constructor(self: LeaderAddress, options: ResourceManagerOptions, ports: ResourceManagerPorts) {
    this.#self = self;
    this.#options = options;
    this.#rpc = ports.rpc;
    this.#heartbeats = new Heartbeats({
      clock: ports.clock,
      intervalMs: options.heartbeatIntervalMs,
      missedLimit: options.heartbeatMissedLimit,
      ask: (taskManagerId) =>
        this.#registrations.get(taskManagerId)?.gateway.tell({ type: 'resource-manager-heartbeat', leader: self.leader }),
      onLost: (taskManagerId) => this.#lost(taskManagerId, silent(taskManagerId, options)),
    });
  }

  start(): void {
    this.#rpc.register(this.#self.address, this);
    this.#heartbeats.start();
  }

  close(): void {
    this.#heartbeats.stop();
    this.#rpc.unregister(this.#self.address);
  }

  overview(): ClusterOverview {
    const slots = [...this.#registrations.values()].flatMap((registration) => registration.slots);
    return {
      taskManagers: this.#registrations.size,
      slotsTotal: slots.length,
      slotsFree: slots.filter((slot) => slot === undefined).length,
    };
  }

  accepts(message: ToResourceManager): boolean {
    return message.leader === this.#self.leader;
  }

  receive(message: ToResourceManager, call: RpcCall): void {
    switch (message.type) {
      case 'register-task-executor':
        return this.#register(message, call);
      case 'request-slots':
        return this.#request(message, call);
      case 'disconnect-job-master':
        return this.#disconnect(message.jobId);
      case 'slot-available':
        return this.#slotAvailable(message);
      case 'task-executor-lost':
        return this.#lost(message.taskManagerId, message.failure);
      case 'task-executor-alive':
        return this.#heartbeats.heard(message.taskManagerId);
      default:
        return unreachable(message, 'ResourceManager.receive');
    }
  }

  /** One that comes again has forgotten what it held: its old tasks are lost first. */
  #register({ taskManagerId, address, slots }: RegisterTaskExecutor, call: RpcCall): void {
    this.#lost(taskManagerId, lostFailure('task-manager-restarted', `TaskManager ${taskManagerId} has registered anew.`));
    const gateway = this.#rpc.connect<ToTaskExecutor>(this.#self.address, address);
    this.#registrations.set(taskManagerId, { taskManagerId, gateway, slots: Array.from({ length: slots }, () => undefined) });
    this.#heartbeats.add(taskManagerId);
    call.reply({ registered: true });
    this.#serve();
  }

  #request({ jobId, jobMaster, allocationIds }: RequestSlots, call: RpcCall): void {
    this.#jobMasters.set(jobId, jobMaster);
    this.#pending.set(jobId, { jobId, jobMaster, allocationIds });
    call.reply({ accepted: true });
    this.#serve();
  }

  #disconnect(jobId: string): void {
    this.#pending.delete(jobId);
    this.#jobMasters.delete(jobId);
    this.#serve();
  }

  #slotAvailable({ taskManagerId, slot, allocationId }: SlotAvailable): void {
    const registration = this.#registrations.get(taskManagerId);
    if (registration?.slots[slot]?.allocationId !== allocationId) return; // news of an older allocation
    registration.slots[slot] = undefined;
    this.#serve();
  }

  /** Meets what can be met (RM2) and tells the others what is missing. */
  #serve(): void {
    for (const request of [...this.#pending.values()]) {
      if (request.allocationIds.length > this.overview().slotsFree) continue;
      this.#pending.delete(request.jobId);
      this.#allocate(request);
    }
    for (const { jobMaster, allocationIds } of this.#pending.values()) {
      const { slotsFree, slotsTotal } = this.overview();
      const shortage: SlotShortage = { needed: allocationIds.length, free: slotsFree, total: slotsTotal };
      this.#rpc
        .connect<ToJobMaster>(this.#self.address, jobMaster.address)
        .tell({ type: 'slots-missing', leader: jobMaster.leader, shortage });
    }
  }

  #allocate({ jobId, jobMaster, allocationIds }: Request): void {
    let next = 0;
    for (const registration of this.#registrations.values()) {
      const allocations: SlotAllocation[] = [];
      for (let slot = 0; slot < registration.slots.length && next < allocationIds.length; slot++) {
        if (registration.slots[slot] !== undefined) continue;
        const allocationId = allocationIds[next++]!;
        registration.slots[slot] = { jobId, allocationId };
        allocations.push({ allocationId, slot });
      }
      if (allocations.length > 0)
        this.#tellAllocation(registration, { type: 'allocate-slots', leader: this.#self.leader, jobId, jobMaster, slots: allocations });
    }
  }

  /** A TaskExecutor that refuses or cannot be reached has lost its state or is lost itself; either way the job cannot be served from there. */
  #tellAllocation(registration: Registration, message: AllocateSlots): void {
    registration.gateway.ask(message, this.#options.rpcTimeoutMs, (outcome) => {
      if (!outcome.ok) this.#lost(registration.taskManagerId, outcome.failure);
    });
  }

  #lost(taskManagerId: string, failure: FailureDescription): void {
    const registration = this.#registrations.get(taskManagerId);
    if (registration === undefined) return;
    this.#registrations.delete(taskManagerId);
    this.#heartbeats.remove(taskManagerId);
    const jobs = new Set(registration.slots.flatMap((holder) => (holder === undefined ? [] : [holder.jobId])));
    for (const jobId of jobs) {
      const jobMaster = this.#jobMasters.get(jobId);
      if (jobMaster === undefined) continue;
      const gateway = this.#rpc.connect<ToJobMaster>(this.#self.address, jobMaster.address);
      gateway.tell({ type: 'task-manager-lost', leader: jobMaster.leader, taskManagerId, failure });
    }
    this.#serve();
  }
}

function silent(taskManagerId: string, { heartbeatIntervalMs, heartbeatMissedLimit }: ResourceManagerOptions): FailureDescription {
  const waitedMs = heartbeatIntervalMs * heartbeatMissedLimit;
  return lostFailure('task-manager-lost', `TaskManager ${taskManagerId} did not answer for ${waitedMs} ms.`);
}

/**
 * Gets the slots of a job: asks the ResourceManager, takes what TaskExecutors offer, waits no longer than it may, gives each execution its slot.
 *
 * Owns the slot pool and the timer of the request. Used by the JobMaster.
 */
import { invariant } from '@millrace/core/base/assert';
import type { Cancellation, Clock } from '@millrace/core/base/clock';
import type { Random } from '@millrace/core/base/random';
import type { LeaderAddress, OfferSlots, SlotShortage, ToResourceManager } from '../protocol/control-messages.ts';
import type { JobInformation } from '../protocol/deployment.ts';
import type { FailureDescription } from '../protocol/execution-state.ts';
import { terminalFailure } from '../protocol/failure-description.ts';
import { randomId } from '../protocol/ids.ts';
import type { RpcGateway } from '../protocol/rpc.ts';
import type { ExecutionGraph } from './execution-graph.ts';
import type { JobEvent } from './job-event.ts';
import { type AllocatedSlot, SlotPool } from './slot-pool.ts';
import { planSlots } from './slot-sharing.ts';

export interface JobSlotsPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly resourceManager: RpcGateway<ToResourceManager>;
  /** Of the ResourceManager that the gateway leads to. */
  readonly resourceManagerLeader: string;
  /** Where TaskExecutors offer the slots. */
  readonly jobMaster: LeaderAddress;
  readonly log: (event: JobEvent) => void;
  readonly fail: (failure: FailureDescription) => void;
}

export interface JobSlotsOptions {
  readonly slotRequestTimeoutMs: number | undefined;
  readonly rpcTimeoutMs: number;
}

export class JobSlots {
  readonly #job: JobInformation;
  readonly #options: JobSlotsOptions;
  readonly #ports: JobSlotsPorts;
  readonly #pool = new SlotPool();
  #shortage: SlotShortage | undefined;
  #timer: Cancellation | undefined;

  constructor(job: JobInformation, options: JobSlotsOptions, ports: JobSlotsPorts) {
    this.#job = job;
    this.#options = options;
    this.#ports = ports;
  }

  /** What the ResourceManager said last of a job that waits. */
  get shortage(): SlotShortage | undefined {
    return this.#shortage;
  }

  /** True when none is missing. */
  get complete(): boolean {
    return this.#pool.numPending === 0;
  }

  get held(): readonly AllocatedSlot[] {
    return this.#pool.slots;
  }

  request(): void {
    const { random, resourceManager, resourceManagerLeader, jobMaster, clock, fail } = this.#ports;
    const { neededSlots } = planSlots(this.#job.jobGraph);
    const allocationIds = Array.from({ length: neededSlots }, () => randomId(random));
    this.#pool.request(allocationIds);
    resourceManager.ask(
      { type: 'request-slots', leader: resourceManagerLeader, jobId: this.#job.jobId, jobMaster, allocationIds },
      this.#options.rpcTimeoutMs,
      (outcome) => {
        if (!outcome.ok) fail(outcome.failure);
      },
    );
    const { slotRequestTimeoutMs } = this.#options;
    if (slotRequestTimeoutMs !== undefined) this.#timer = clock.schedule(slotRequestTimeoutMs, () => fail(this.#timedOut()));
  }

  missing(shortage: SlotShortage): void {
    this.#shortage = shortage;
    const { jobId, jobGraph } = this.#job;
    this.#ports.log({ kind: 'waiting', jobId, time: this.#ports.clock.now(), jobName: jobGraph.name, shortage });
  }

  /** The allocation ids that are taken. */
  offer({ taskManagerId, address, slots }: OfferSlots): readonly string[] {
    return this.#pool.offer(taskManagerId, address, slots);
  }

  /** Gives every execution the slot that slot sharing has for it. All must be there. */
  assign(graph: ExecutionGraph): void {
    this.stopWaiting();
    const { slotsOf } = planSlots(this.#job.jobGraph);
    const { slots } = this.#pool;
    for (const execution of graph.executions) {
      const index = slotsOf.get(execution.vertex.id)?.[execution.subtask];
      execution.slot = index === undefined ? undefined : slots[index];
      invariant(execution.slot !== undefined, () => `${execution.name} has no slot among ${slots.length}`);
    }
  }

  stopWaiting(): void {
    this.#timer?.cancel();
  }

  slotsOf(taskManagerId: string): readonly AllocatedSlot[] {
    return this.#pool.slotsOf(taskManagerId);
  }

  remove(allocationId: string): void {
    this.#pool.remove(allocationId);
  }

  clear(): void {
    this.stopWaiting();
    this.#pool.clear();
  }

  #timedOut(): FailureDescription {
    const { needed, free, total } = this.#shortage ?? { needed: this.#pool.numPending, free: 0, total: 0 };
    const seen = `${free} of ${total} ${total === 1 ? 'slot is' : 'slots are'} free`;
    return terminalFailure(
      'no-resource-available',
      `Job '${this.#job.jobGraph.name}' needs ${needed} slots and did not get them within ${this.#options.slotRequestTimeoutMs} ms: ${seen}. ` +
        'Lower the parallelism, give the TaskManagers more slots (taskmanager.numberOfTaskSlots, --slots), or add TaskManagers.',
    );
  }
}

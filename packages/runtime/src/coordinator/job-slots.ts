/**
 * Gets the slots of a job: asks the ResourceManager, takes what TaskExecutors offer, waits no longer than it may, gives each execution its slot.
 *
 * Owns the slot pool, the places of the slot plan and the timer of the request. Used by the JobMaster.
 * JS1 a place of the plan keeps its slot until that is removed; a request is for the places that are empty.
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
import type { Execution } from './execution-graph.ts';
import type { JobEvent } from './job-event.ts';
import { type AllocatedSlot, SlotPool } from './slot-pool.ts';
import { planSlots, type SlotPlan } from './slot-sharing.ts';

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
  readonly #plan: SlotPlan;
  readonly #places: (AllocatedSlot | undefined)[];
  #shortage: SlotShortage | undefined;
  #timer: Cancellation | undefined;

  constructor(job: JobInformation, options: JobSlotsOptions, ports: JobSlotsPorts) {
    this.#job = job;
    this.#options = options;
    this.#ports = ports;
    this.#plan = planSlots(job.jobGraph);
    this.#places = Array.from({ length: this.#plan.neededSlots }, () => undefined);
  }

  /** What the ResourceManager said last of a job that waits. */
  get shortage(): SlotShortage | undefined {
    return this.#shortage;
  }

  /** True when none is missing. */
  get complete(): boolean {
    return this.#pool.numPending === 0 && this.#pool.slots.length === this.#places.length;
  }

  get held(): readonly AllocatedSlot[] {
    return this.#pool.slots;
  }

  /** For the places that are empty; what was asked for before and has not come is not wanted any more. */
  request(): void {
    this.stopWaiting();
    this.#pool.forgetRequests();
    const missing = this.#places.length - this.#pool.slots.length;
    if (missing === 0) return;
    const allocationIds = Array.from({ length: missing }, () => randomId(this.#ports.random));
    this.#pool.request(allocationIds);
    this.#shortage = undefined;
    this.#ask(allocationIds);
    const { slotRequestTimeoutMs } = this.#options;
    const { clock, fail } = this.#ports;
    if (slotRequestTimeoutMs !== undefined) this.#timer = clock.schedule(slotRequestTimeoutMs, () => fail(this.#timedOut()));
  }

  missing(shortage: SlotShortage): void {
    if (this.#pool.numPending === 0) return;
    this.#shortage = shortage;
    const { jobId, jobGraph } = this.#job;
    this.#ports.log({ kind: 'waiting', jobId, time: this.#ports.clock.now(), jobName: jobGraph.name, shortage });
  }

  /** The allocation ids that are taken. */
  offer({ taskManagerId, address, slots }: OfferSlots): readonly string[] {
    return this.#pool.offer(taskManagerId, address, slots);
  }

  /** Gives every one of these the slot that slot sharing has for it. All must be there. */
  assign(executions: readonly Execution[]): void {
    this.stopWaiting();
    const placed = new Set(this.#places.map((slot) => slot?.allocationId));
    const fresh = this.#pool.slots.filter(({ allocationId }) => !placed.has(allocationId));
    for (let place = 0; place < this.#places.length; place++) this.#places[place] ??= fresh.shift();
    for (const execution of executions) {
      const place = this.#plan.slotsOf.get(execution.vertex.id)?.[execution.subtask];
      execution.slot = place === undefined ? undefined : this.#places[place];
      invariant(execution.slot !== undefined, () => `${execution.name} has no slot among ${this.#pool.slots.length}`);
    }
  }

  stopWaiting(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  slotsOf(taskManagerId: string): readonly AllocatedSlot[] {
    return this.#pool.slotsOf(taskManagerId);
  }

  remove(allocationId: string): void {
    this.#pool.remove(allocationId);
    const place = this.#places.findIndex((slot) => slot?.allocationId === allocationId);
    if (place >= 0) this.#places[place] = undefined;
  }

  clear(): void {
    this.stopWaiting();
    this.#pool.clear();
    this.#places.fill(undefined);
  }

  #ask(allocationIds: readonly string[]): void {
    const { resourceManager, resourceManagerLeader, jobMaster, fail } = this.#ports;
    resourceManager.ask(
      { type: 'request-slots', leader: resourceManagerLeader, jobId: this.#job.jobId, jobMaster, allocationIds },
      this.#options.rpcTimeoutMs,
      (outcome) => {
        if (!outcome.ok) fail(outcome.failure);
      },
    );
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

/**
 * The slots of one job: those that it has asked for and those that it holds.
 *
 * P1 an allocation is pending or held, never both, and every id is of this job alone.
 * P2 a slot is held under one allocation at a time.
 */
import type { SlotAllocation } from '../protocol/control-messages.ts';
import type { SlotLocation } from '../protocol/deployment.ts';

export interface AllocatedSlot extends SlotLocation {
  readonly allocationId: string;
  /** Of its TaskExecutor. */
  readonly address: string;
}

export class SlotPool {
  readonly #pending = new Set<string>();
  readonly #held = new Map<string, AllocatedSlot>();

  request(allocationIds: readonly string[]): void {
    for (const allocationId of allocationIds) this.#pending.add(allocationId);
  }

  /** Takes what was asked for and not yet received; returns the allocation ids that are taken. An offer that comes again is taken again. */
  offer(taskManagerId: string, address: string, slots: readonly SlotAllocation[]): readonly string[] {
    const taken: string[] = [];
    for (const { allocationId, slot } of slots) {
      const held = this.#held.get(allocationId);
      const again = held?.taskManagerId === taskManagerId && held.slot === slot;
      if (!again && !this.#pending.delete(allocationId)) continue;
      this.#held.set(allocationId, { allocationId, taskManagerId, slot, address });
      taken.push(allocationId);
    }
    return taken;
  }

  /** What comes for earlier requests is not taken. */
  forgetRequests(): void {
    this.#pending.clear();
  }

  get numPending(): number {
    return this.#pending.size;
  }

  /** By TaskManager and slot number, so that the same slots serve the same subtasks in every run. */
  get slots(): readonly AllocatedSlot[] {
    return [...this.#held.values()].sort((a, b) => compare(a.taskManagerId, b.taskManagerId) || a.slot - b.slot);
  }

  slotsOf(taskManagerId: string): readonly AllocatedSlot[] {
    return this.slots.filter((slot) => slot.taskManagerId === taskManagerId);
  }

  remove(allocationId: string): void {
    this.#held.delete(allocationId);
  }

  clear(): void {
    this.#pending.clear();
    this.#held.clear();
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

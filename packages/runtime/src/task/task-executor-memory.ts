/** What the slots of a TaskExecutor have said of their memory: kept for the message about a slot that is lost, and passed on to the slot's JobMaster. */
import type { SlotMemory } from '../protocol/control-messages.ts';
import { type SlotMemoryReport, TASK_METRIC } from '../protocol/slot-messages.ts';

export class TaskExecutorMemory {
  /** By slot: the newest. */
  readonly #reports = new Map<number, SlotMemoryReport>();
  /** By slot: what no heartbeat has taken along yet. */
  readonly #warnings = new Map<number, string>();

  report(slot: number, report: SlotMemoryReport): void {
    this.#reports.set(slot, report);
    if (report.warning !== undefined) this.#warnings.set(slot, report.warning);
  }

  /** The slot is another job's from now on. */
  forget(slot: number): void {
    this.#reports.delete(slot);
    this.#warnings.delete(slot);
  }

  /** For a message about these slots; each warning is given once. Undefined where there is nothing to say. */
  take(slots: readonly number[]): readonly SlotMemory[] | undefined {
    const known = slots.flatMap((slot) => {
      const report = this.#reports.get(slot);
      if (report === undefined) return [];
      const warning = this.#warnings.get(slot);
      this.#warnings.delete(slot);
      return [{ slot, ...report, warning }];
    });
    return known.length === 0 ? undefined : known;
  }

  /**
   * ` Last seen: 812 MiB of heap and 3 MiB outside of it. The most is in …`: sentences behind a space, for a message; what the slot never said is left out. `figures`
   * are those of its tasks.
   */
  lastOf(slot: number, figures: readonly (readonly number[])[]): string {
    const most = (figure: number) => Math.round(Math.max(0, ...figures.map((task) => task[figure] ?? 0)) / (1024 * 1024));
    const heap = most(TASK_METRIC.heapUsedBytes);
    const users = this.#reports.get(slot)?.users ?? '';
    const seen = heap === 0 ? '' : ` Last seen: ${heap} MiB of heap and ${most(TASK_METRIC.externalBytes)} MiB outside of it.`;
    return users === '' ? seen : `${seen} ${users}`;
  }
}

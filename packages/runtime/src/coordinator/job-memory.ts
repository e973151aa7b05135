/** What the slots of a job have said of their memory when it was short: warnings for the user, and the last words of a TaskManager that is lost. */
import type { SlotMemory } from '../protocol/control-messages.ts';

export class JobMemory {
  readonly #warn: (message: string) => void;
  /** By TaskManager: its newest reports. */
  readonly #reports = new Map<string, readonly SlotMemory[]>();

  constructor(warn: (message: string) => void) {
    this.#warn = warn;
  }

  report(taskManagerId: string, memory: readonly SlotMemory[] | undefined): void {
    if (memory === undefined) return;
    this.#reports.set(taskManagerId, memory);
    for (const { warning } of memory) if (warning !== undefined) this.#warn(warning);
  }

  /** What used the most in its fullest slot: sentences behind a space; empty where memory was never short. */
  lastOf(taskManagerId: string): string {
    const used = ({ heapUsedBytes, externalBytes }: SlotMemory) => heapUsedBytes + externalBytes;
    const fullest = [...(this.#reports.get(taskManagerId) ?? [])].sort((a, b) => used(b) - used(a))[0];
    return fullest === undefined || fullest.users === '' ? '' : ` In slot ${fullest.slot}: ${fullest.users}`;
  }
}

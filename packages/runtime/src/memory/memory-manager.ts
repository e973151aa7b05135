/**
 * The managed memory of one slot: a budget in bytes that operators take from and give back to. Its size is the slot's even share of `taskmanager.memory.managed.size`.
 *
 * Owned by the slot; called in its thread. It holds no memory itself: who has reserved bytes makes them, and lets them go before it releases them.
 *
 * MM1 what all owners have together never exceeds the total.
 * MM2 a reservation is given whole, or refused and nothing has changed.
 * MM3 `used` is 0 when no owner has anything; an owner that has ended has nothing (`releaseAll`).
 */
import { invariant } from '@millrace/core/base/assert';
import { TerminalError } from '@millrace/core/base/errors';

export class MemoryManager {
  readonly totalBytes: number;
  readonly #owners = new Map<string, number>();
  #usedBytes = 0;

  constructor(totalBytes: number) {
    this.totalBytes = totalBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  get availableBytes(): number {
    return this.totalBytes - this.#usedBytes;
  }

  usedBy(owner: string): number {
    return this.#owners.get(owner) ?? 0;
  }

  tryReserve(owner: string, bytes: number): boolean {
    invariant(bytes >= 0, () => `${owner} reserves ${bytes} bytes`);
    if (bytes > this.availableBytes) return false;
    this.#usedBytes += bytes;
    this.#owners.set(owner, this.usedBy(owner) + bytes);
    return true;
  }

  reserve(owner: string, bytes: number): void {
    if (this.tryReserve(owner, bytes)) return;
    throw new TerminalError(
      `${owner} needs ${bytes} bytes of managed memory, and ${this.availableBytes} of the slot's ${this.totalBytes} are free` +
        `${this.#describeOthers(owner)}. Raise taskmanager.memory.managed.size, which the slots share evenly, or spread the job over more slots.`,
      { reason: 'managed-memory-exhausted' },
    );
  }

  release(owner: string, bytes: number): void {
    const has = this.usedBy(owner);
    invariant(bytes >= 0 && bytes <= has, () => `${owner} releases ${bytes} bytes of managed memory and has ${has}`);
    this.#usedBytes -= bytes;
    if (bytes === has) this.#owners.delete(owner);
    else this.#owners.set(owner, has - bytes);
  }

  /** Takes back what the owner has; returns how much that was. */
  releaseAll(owner: string): number {
    const has = this.usedBy(owner);
    this.release(owner, has);
    return has;
  }

  /** `owner: bytes`, for the leak check and for messages. */
  describeOwners(): readonly string[] {
    return [...this.#owners].filter(([, bytes]) => bytes > 0).map(([owner, bytes]) => `${owner}: ${bytes}`);
  }

  #describeOthers(owner: string): string {
    const owners = this.describeOwners();
    const own = this.usedBy(owner);
    if (owners.length === 0) return '';
    const others = owners.filter((line) => !line.startsWith(`${owner}: `));
    const rest = others.length === 0 ? '' : `, others have ${others.slice(0, 3).join(', ')}${others.length > 3 ? ' and more' : ''}`;
    return `: it has ${own}${rest}`;
  }
}

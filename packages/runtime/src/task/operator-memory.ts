/**
 * Managed memory as the operators of one task have it: what each reserves in the slot's MemoryManager under its own name, and the files that it opened.
 *
 * Owned by its task. OM1 after `close` none of its operators has anything reserved and no file is open, whatever they did.
 */
import type { ManagedMemory, SpillStorage } from '@millrace/streaming/contract/managed-memory';
import type { MemoryManager } from '../memory/memory-manager.ts';

export interface OperatorMemoryPorts {
  readonly manager: MemoryManager;
  /** A file among the temporary ones; the name says whose it is. */
  openSpill(name: string): SpillStorage;
}

export class TaskMemory {
  readonly #ports: OperatorMemoryPorts;
  readonly #owners = new Set<string>();
  readonly #files = new Set<SpillStorage>();

  constructor(ports: OperatorMemoryPorts) {
    this.#ports = ports;
  }

  /** `owner` is how a message names the operator; unique in the slot. */
  of(owner: string): ManagedMemory {
    const { manager } = this.#ports;
    this.#owners.add(owner);
    return {
      get availableBytes() {
        return manager.availableBytes;
      },
      get reservedBytes() {
        return manager.usedBy(owner);
      },
      tryReserve: (bytes) => manager.tryReserve(owner, bytes),
      reserve: (bytes) => manager.reserve(owner, bytes),
      release: (bytes) => manager.release(owner, bytes),
      openSpill: () => this.#open(owner),
    };
  }

  /** What had not been given back: the bytes that were reserved, and the files that were open. */
  close(): { readonly bytes: number; readonly files: number } {
    let bytes = 0;
    for (const owner of this.#owners) bytes += this.#ports.manager.releaseAll(owner);
    const files = this.#files.size;
    for (const file of [...this.#files]) file.close();
    return { bytes, files };
  }

  #open(owner: string): SpillStorage {
    const file = this.#ports.openSpill(owner);
    const files = this.#files;
    const opened: SpillStorage = {
      get sizeBytes() {
        return file.sizeBytes;
      },
      append: (bytes) => file.append(bytes),
      read: (target, position) => file.read(target, position),
      close: () => {
        if (files.delete(opened)) file.close();
      },
    };
    files.add(opened);
    return opened;
  }
}

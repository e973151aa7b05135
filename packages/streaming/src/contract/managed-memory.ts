/**
 * Managed memory as one operator of one subtask has it: a budget that it takes from and gives back to, and files for what the budget does not hold. Flink: `MemoryManager`.
 *
 * MM1 whoever keeps bytes there has reserved them before; what is reserved and not released is given back, and files are removed, when the task ends, however it ends.
 * MM2 operators of a slot share its part of the memory: what one was refused it may get later, and the other way round.
 */
export interface ManagedMemory {
  /** What the slot has left. */
  readonly availableBytes: number;
  /** What this operator has. */
  readonly reservedBytes: number;
  /** False where there is not so much left, and then nothing has changed. */
  tryReserve(bytes: number): boolean;
  /** For what cannot be done without: throws where there is not so much left. */
  reserve(bytes: number): void;
  release(bytes: number): void;
  openSpill(): SpillStorage;
}

/** A temporary file: written at its end, read anywhere. Synchronous, because the record path does not wait. */
export interface SpillStorage {
  /** So many were written. */
  readonly sizeBytes: number;
  append(bytes: Uint8Array): void;
  /** Fills `target` with what stands at `position`. */
  read(target: Uint8Array, position: number): void;
  /** Gives the space on the disk back. */
  close(): void;
}

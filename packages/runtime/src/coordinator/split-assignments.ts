/**
 * Which splits were assigned since which checkpoint: those that a subtask loses when it begins again go back to the enumerator. Flink: SplitAssignmentTracker.
 *
 * Owned by one SourceCoordinator. Grows with what is assigned between two completed checkpoints.
 */
type BySubtask = Map<number, unknown[]>;

export class SplitAssignments {
  #open: BySubtask = new Map();
  #byCheckpoint: { readonly checkpointId: number; readonly assigned: BySubtask }[] = []; // ascending

  assigned(subtask: number, split: unknown): void {
    const splits = this.#open.get(subtask);
    if (splits === undefined) this.#open.set(subtask, [split]);
    else splits.push(split);
  }

  /** What was assigned up to here is in the readers' part of this checkpoint. */
  snapshot(checkpointId: number): void {
    this.#byCheckpoint.push({ checkpointId, assigned: this.#open });
    this.#open = new Map();
  }

  completed(checkpointId: number): void {
    this.#byCheckpoint = this.#byCheckpoint.filter((entry) => entry.checkpointId > checkpointId);
  }

  /** What was assigned to the subtask after this checkpoint (undefined: ever), in order; it is forgotten here. */
  takeBack(subtask: number, checkpointId: number | undefined): readonly unknown[] {
    const lost = this.#byCheckpoint
      .filter((entry) => checkpointId === undefined || entry.checkpointId > checkpointId)
      .map(({ assigned }) => assigned);
    return [...lost, this.#open].flatMap((assigned) => {
      const splits = assigned.get(subtask) ?? [];
      assigned.delete(subtask);
      return splits;
    });
  }
}

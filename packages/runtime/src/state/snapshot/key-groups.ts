import type { KeyGroupRange } from '@millrace/core/types/key-group';

/** The key groups of a subtask. */
export interface KeyGroups extends KeyGroupRange {
  readonly maxParallelism: number;
}

/**
 * What every state backend must do: `for (const { name, run } of stateBackendContract('my backend', …)) test(name, run)`.
 *
 * State of every kind, tables and timers do what a plain model of them does; a snapshot that is written while writes go on holds what there was when it began; restored at
 * another parallelism, all of it is there, once. What a backend writes, another one reads.
 */
import { checkIncrementalWorld } from '@millrace/runtime/task/testing-incremental-world';
import { checkWorld, WORLD_KEYS } from '@millrace/runtime/task/testing-world-check';
import type { StateBackend } from '@millrace/runtime/state/state-backend';
import type { ContractCheck } from './contract-check.ts';

export interface StateBackendContract {
  readonly make: () => StateBackend;
  /** Random runs for each kind of key; a failing one is named. 3 unless given. */
  readonly seeds?: number;
}

/** Incremental checkpoints: with all that can become of them, and restarts. A backend that knows nothing of changes writes everything each time, and that is right too. */
export function incrementalContract(name: string, { make, seeds = 3 }: StateBackendContract): readonly ContractCheck[] {
  return Object.keys(WORLD_KEYS).map((kind) => ({
    name: `${name}: checkpoints of state by ${kind} may build upon each other`,
    run: async () => {
      for (let seed = 1; seed <= seeds; seed++) await checkIncrementalWorld(seed, kind, { stateBackend: make(), rounds: 120 });
    },
  }));
}

export function stateBackendContract(name: string, { make, seeds = 3 }: StateBackendContract): readonly ContractCheck[] {
  return Object.keys(WORLD_KEYS).map((kind) => ({
    name: `${name}: state by ${kind} is what a model of it is, in snapshots too`,
    run: async () => {
      for (let seed = 1; seed <= seeds; seed++) await checkWorld(seed, kind, { stateBackend: make() });
    },
  }));
}

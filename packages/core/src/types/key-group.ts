/** Key groups are the unit in which keyed state is distributed over subtasks and redistributed when the parallelism changes. Flink's formulas. */
import { invariant } from '../base/assert.ts';

export const MAX_PARALLELISM_LEAST = 128;
export const MAX_PARALLELISM_GREATEST = 32_768;

/** 1.5 × parallelism rounded up to a power of two, within the bounds: room to grow without being told. */
export function defaultMaxParallelism(parallelism: number): number {
  const wanted = parallelism + (parallelism >> 1);
  const power = 2 ** Math.ceil(Math.log2(Math.max(1, wanted)));
  return Math.min(Math.max(power, MAX_PARALLELISM_LEAST), MAX_PARALLELISM_GREATEST);
}

/** `hash` is any int32; the result is in [0, maxParallelism). */
export function keyGroupOf(hash: number, maxParallelism: number): number {
  return (hash >>> 0) % maxParallelism;
}

/** Which of `parallelism` subtasks has the key group. */
export function subtaskOfKeyGroup(keyGroup: number, maxParallelism: number, parallelism: number): number {
  return Math.floor((keyGroup * parallelism) / maxParallelism);
}

export interface KeyGroupRange {
  readonly first: number;
  readonly last: number; // inclusive; below `first` if the subtask has none
}

/** @cold The inverse of `subtaskOfKeyGroup`: every key group is in the range of exactly one subtask. */
export function keyGroupRangeOf(subtask: number, maxParallelism: number, parallelism: number): KeyGroupRange {
  invariant(subtask >= 0 && subtask < parallelism, () => `there is no subtask ${subtask} at parallelism ${parallelism}`);
  return {
    first: Math.ceil((subtask * maxParallelism) / parallelism),
    last: Math.ceil(((subtask + 1) * maxParallelism) / parallelism) - 1,
  };
}

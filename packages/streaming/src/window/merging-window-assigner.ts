import { WindowAssigner } from './window-assigner.ts';
import type { Window } from './window.ts';

/**
 * An assigner whose windows grow together: each record brings a window of its own, and windows of a key that belong together become one, with all that they hold.
 * Needs a trigger that merges, and an aggregate function with `merge`.
 */
export abstract class MergingWindowAssigner<in T, in out W extends Window> extends WindowAssigner<T, W> {
  /**
   * Calls `merge` once for each group of windows that become one: with the group, and with the window that they become. A window is in one group at most; one
   * that stays as it is, in none.
   */
  abstract mergeWindows(windows: Iterable<W>, merge: (merged: readonly W[], result: W) => void): void;
}

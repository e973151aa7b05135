/**
 * Decides when a window is evaluated. A trigger keeps nothing in its fields: one object serves all keys, windows and subtasks, and what it must remember of a
 * window is state of that window, from `context.getPartitionedState`.
 *
 * G1 a trigger of one's own replaces the assigner's: the window's end fires nothing unless the trigger does.
 * G2 timers belong to the key and window under way; `clear` takes away what the trigger set and remembers. It is called when the window goes, and for each window
 *    that is merged into another one, after `onMerge` of the merged one.
 * G3 a purge leaves the trigger's own state alone, as in Flink.
 */
import type { Nothing } from '../contract/emittable.ts';
import type { StateDescriptor } from '../contract/state-descriptor.ts';
import type { TimerService } from '../contract/timers.ts';
import type { TriggerResult } from './trigger-result.ts';
import type { Window } from './window.ts';

export interface TriggerContext extends TimerService {
  /** State of this key and window; the windows of one operator share the name. */
  getPartitionedState<S>(descriptor: StateDescriptor<S>): S;
}

export interface OnMergeContext extends TriggerContext {
  /** Moves what the merged windows hold in a state into that of the window they became. Lists, reducing and aggregating states only. */
  mergePartitionedState<S>(descriptor: StateDescriptor<S>): void;
}

export abstract class Trigger<in T, in W extends Window> {
  /** `timestamp` is the record's, or NO_TIMESTAMP (below every legal one) where it has none. */
  abstract onElement(element: T, timestamp: number, window: W, context: TriggerContext): TriggerResult;
  abstract onEventTime(time: number, window: W, context: TriggerContext): TriggerResult;
  abstract onProcessingTime(time: number, window: W, context: TriggerContext): TriggerResult;
  abstract clear(window: W, context: TriggerContext): Nothing;

  /** True where `onMerge` is there: windows that merge, sessions for instance, take no other trigger. */
  canMerge(): boolean {
    return false;
  }

  /** The window has come from others by merging: sets the timers that it needs and merges the trigger's state. */
  onMerge(_window: W, _context: OnMergeContext): Nothing {
    throw new Error(`${this.constructor.name} does not merge: it has no onMerge.`); // its canMerge says so, unless that was overridden alone
  }

  /**
   * False for the triggers here that evaluate a window and never purge it, so that a window which never ends keeps all it has got. Unknown, and taken for true, for
   * a trigger of one's own.
   */
  purges(): boolean {
    return true;
  }

  toString(): string {
    return 'Trigger';
  }
}

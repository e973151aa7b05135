import type { Trigger } from './trigger.ts';
import type { Window } from './window.ts';

export interface WindowAssignerContext {
  getCurrentProcessingTime(): number;
}

/** Says which windows a record belongs to. Keeps no state of its own: one object serves all subtasks. Flink: "Window Assigners". */
export abstract class WindowAssigner<in T, in out W extends Window> {
  abstract assignWindows(element: T, timestamp: number, context: WindowAssignerContext): Iterable<W>;
  /** What decides when its windows fire, until the user sets another one. */
  abstract getDefaultTrigger(): Trigger<T, W>;
  abstract isEventTime(): boolean;

  /** The grid of windows that all have one size and distance; undefined where windows depend on the record. It opens the fast operators. */
  alignment(): WindowAlignment | undefined {
    return undefined;
  }

  /** Makes a window of its public fields again, as a checkpoint kept them; for assigners whose windows are of a class of their own. */
  windowOf(_fields: Readonly<Record<string, unknown>>): W | undefined {
    return undefined;
  }

  /** What graphs call the operator: its first word is the operator's name, all of it the description. */
  toString(): string {
    return 'Window';
  }
}

/** How far a subtask's windows stand off the others', so that they do not all fire at once. */
export type WindowStagger = 'ALIGNED' | 'RANDOM' | 'NATURAL';

/** Window k is `[offset + k * slide, offset + k * slide + size)`, for every whole k, negative ones too. All in milliseconds. */
export interface WindowAlignment {
  readonly sizeMs: number;
  readonly slideMs: number; // the size, for tumbling windows
  readonly offsetMs: number; // in [0, slide)
  readonly stagger: WindowStagger;
}

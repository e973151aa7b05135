/**
 * How the windows of an operator are told apart, and how they are kept as plain data where state must remember them.
 *
 * N1 time windows are their bounds; there is one global window; windows of a user's class are their public fields.
 * N2 a plain form is made a window again with the prototype of the last window seen: an operator has windows of one class.
 */
import { UsageError } from '@millrace/core/base/errors';
import type { NamespaceType } from '../contract/keyed-state.ts';
import { GlobalWindow } from '../window/global-window.ts';
import { TimeWindow } from '../window/time-window.ts';
import type { Window } from '../window/window.ts';

/** `[start, end]` of a time window, the fields of another one. */
export type PlainWindow = readonly [start: number, end: number] | { readonly [field: string]: unknown };

export class WindowNamespaces<W extends Window> implements NamespaceType<W> {
  /** All windows have one size, so that the start says it all. */
  readonly #haveOneSize: boolean;
  #prototype: object | null;

  constructor(haveOneSize: boolean) {
    this.#haveOneSize = haveOneSize;
    this.#prototype = null;
  }

  idOf(window: W): string | number {
    if (isTimeWindow(window)) return this.#haveOneSize ? window.start : `${window.start},${window.end}`;
    return window instanceof GlobalWindow ? 0 : JSON.stringify(this.#fieldsOf(window), withBigints);
  }

  plainOf(window: W): PlainWindow {
    return isTimeWindow(window) ? [window.start, window.end] : this.#fieldsOf(window);
  }

  windowOf(plain: PlainWindow): W {
    if (Array.isArray(plain)) return new TimeWindow(plain[0], plain[1]) as Window as W;
    return Object.assign(Object.create(this.#prototype), plain) as W;
  }

  #fieldsOf(window: W): Record<string, unknown> {
    this.#prototype = Object.getPrototypeOf(window) as object;
    const fields = Object.entries(window as object).sort(([a], [b]) => (a < b ? -1 : 1));
    if (fields.length > 0) return Object.fromEntries(fields);
    throw new UsageError(
      `Windows of the class ${window.constructor.name} have no public fields that tell them apart. Give them some: windows with equal fields are the same window.`,
    );
  }
}

/** Of the class itself: a subclass may have more fields. */
function isTimeWindow(window: Window): window is TimeWindow {
  return window.constructor === TimeWindow;
}

function withBigints(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}

/**
 * How the windows of an operator are told apart, and how they are kept as plain data where state must remember them.
 *
 * N1 time windows are their bounds; there is one global window; windows of a user's class are their public fields.
 * N2 the plain form of a user's window is made a window again by the assigner's `windowOf`, for after a restore nobody else knows the class. Where the assigner has none, the
 *    windows of a running operator are made with the prototype of the last one seen, and a checkpoint of them is refused: it could not be restored.
 */
import { UsageError } from '@millrace/core/base/errors';
import type { NamespaceType } from '../contract/keyed-state.ts';
import { GlobalWindow } from '../window/global-window.ts';
import { TimeWindow } from '../window/time-window.ts';
import type { Window } from '../window/window.ts';
import type { WindowAssigner } from '../window/window-assigner.ts';

/** `[start, end]` of a time window, `[]` of the global one, the fields of another one. */
export type PlainWindow = readonly [start: number, end: number] | readonly [] | { readonly [field: string]: unknown };

export class WindowNamespaces<W extends Window> implements NamespaceType<W> {
  /** All windows have one size, so that the start says it all. */
  readonly #haveOneSize: boolean;
  readonly #assigner: Pick<WindowAssigner<never, W>, 'windowOf'> | undefined;
  #prototype: object | null;
  #isChecked: boolean;

  constructor(haveOneSize: boolean, assigner?: Pick<WindowAssigner<never, W>, 'windowOf'>) {
    this.#haveOneSize = haveOneSize;
    this.#assigner = assigner;
    this.#prototype = null;
    this.#isChecked = false;
  }

  idOf(window: W): string | number {
    if (isTimeWindow(window)) return this.#haveOneSize ? window.start : `${window.start},${window.end}`;
    return window instanceof GlobalWindow ? 0 : JSON.stringify(this.#fieldsOf(window), withBigints);
  }

  /** For checkpoints (N2). */
  plainOf(window: W): PlainWindow {
    const plain = this.fieldsOf(window);
    if (!Array.isArray(plain) && !this.#isChecked) this.#checkRestorable(window, plain as { readonly [field: string]: unknown });
    return plain;
  }

  /** For state that the operator reads again while it runs. */
  fieldsOf(window: W): PlainWindow {
    if (isTimeWindow(window)) return [window.start, window.end];
    return window instanceof GlobalWindow ? [] : this.#fieldsOf(window);
  }

  namespaceOf(plain: unknown): W {
    if (Array.isArray(plain)) {
      const [start, end] = plain as readonly number[];
      return (start === undefined ? GlobalWindow.get() : new TimeWindow(start, end as number)) as Window as W;
    }
    const fields = plain as { readonly [field: string]: unknown };
    const made = this.#assigner?.windowOf(fields);
    if (made !== undefined) return made;
    if (this.#prototype === null) throw unknownClass();
    return Object.assign(Object.create(this.#prototype), fields) as W;
  }

  #checkRestorable(window: W, fields: { readonly [field: string]: unknown }): void {
    const made = this.#assigner?.windowOf(fields);
    if (made === undefined) throw unknownClass(window);
    if (this.idOf(made) !== this.idOf(window)) {
      throw new UsageError(
        `windowOf of the window assigner made ${String(made)} of the fields of ${String(window)}. Make a window with the same fields.`,
      );
    }
    this.#isChecked = true;
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

function unknownClass(window?: Window): UsageError {
  const which = window === undefined ? 'a class of its own' : `the class ${window.constructor.name}`;
  return new UsageError(
    `The windows of this operator are of ${which}, which a checkpoint cannot make again. Give the window assigner windowOf(fields), which makes a window of its public fields.`,
  );
}

/** Of the class itself: a subclass may have more fields. */
function isTimeWindow(window: Window): window is TimeWindow {
  return window.constructor === TimeWindow;
}

function withBigints(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}

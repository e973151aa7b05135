/**
 * The windows of the current key in an operator whose windows merge, and where the state of each lies.
 *
 * Owned by one window operator, which calls `load` before and `save` after.
 *
 * M1 state does not move when a window grows: it stays under the window that it began in, the state window. Only a merge of several moves it.
 * M2 every window here has a state window of its own, and is not late.
 * M3 the state holds plain data only, written anew at each change: what was stored is never changed.
 */
import type { ValueState } from '../contract/keyed-state.ts';
import type { MergingWindowAssigner } from '../window/merging-window-assigner.ts';
import type { Window } from '../window/window.ts';
import type { PlainWindow, WindowNamespaces } from './window-namespaces.ts';

/** Of one window: itself and its state window. */
export type StoredMerging = readonly (readonly [window: PlainWindow, stateWindow: PlainWindow])[];

interface Entry<W> {
  readonly id: string | number;
  readonly window: W;
  readonly stateWindow: W;
}

export interface Merge<W> {
  readonly result: W;
  readonly merged: readonly W[];
  readonly stateWindow: W;
  /** Of the others, whose state goes to `stateWindow`. */
  readonly stateWindows: readonly W[];
}

export class MergingWindows<T, W extends Window> {
  readonly #assigner: MergingWindowAssigner<T, W>;
  readonly #namespaces: WindowNamespaces<W>;
  readonly #state: ValueState<StoredMerging>;
  #entries: Entry<W>[];
  #isChanged: boolean;

  constructor(assigner: MergingWindowAssigner<T, W>, namespaces: WindowNamespaces<W>, state: ValueState<StoredMerging>) {
    this.#assigner = assigner;
    this.#namespaces = namespaces;
    this.#state = state;
    this.#entries = [];
    this.#isChanged = false;
  }

  /** Reads what the current key has. */
  load(): void {
    const stored = this.#state.value() ?? [];
    this.#entries = stored.map(([window, stateWindow]) =>
      this.#entry(this.#namespaces.namespaceOf(window), this.#namespaces.namespaceOf(stateWindow)),
    );
    this.#isChanged = false;
  }

  save(): void {
    if (!this.#isChanged) return;
    const namespaces = this.#namespaces;
    if (this.#entries.length === 0) this.#state.clear();
    else
      this.#state.update(
        this.#entries.map(({ window, stateWindow }) => [namespaces.fieldsOf(window), namespaces.fieldsOf(stateWindow)] as const),
      );
  }

  stateWindowOf(window: W): W | undefined {
    return this.#find(window)?.stateWindow;
  }

  retire(window: W): void {
    const id = this.#namespaces.idOf(window);
    this.#entries = this.#entries.filter((entry) => entry.id !== id);
    this.#isChanged = true;
  }

  /** Adds the window of a record and returns the one that it has become. `onMerge` is called for each group of windows that merge. */
  add(added: W, onMerge: (merge: Merge<W>) => void): W {
    const known = this.#find(added);
    if (known !== undefined) return known.window;
    this.#isChanged = true;
    const addedId = this.#namespaces.idOf(added);
    const groups: { readonly merged: readonly W[]; readonly result: W }[] = [];
    this.#assigner.mergeWindows([...this.#entries.map(({ window }) => window), added], (merged, result) =>
      groups.push({ merged: [...merged], result }),
    );
    let placed: W | undefined;
    for (const { merged, result } of groups) {
      if (merged.some((window) => this.#namespaces.idOf(window) === addedId)) placed = result;
      this.#join(merged, result, onMerge);
    }
    if (placed === undefined) this.#entries.push(this.#entry(added, added));
    return placed ?? added;
  }

  #join(group: readonly W[], result: W, onMerge: (merge: Merge<W>) => void): void {
    const ids = new Set(group.map((window) => this.#namespaces.idOf(window)));
    const olds = this.#entries.filter(({ id }) => ids.has(id));
    const [oldest] = olds;
    this.#entries = this.#entries.filter(({ id }) => !ids.has(id));
    const entry = this.#entry(result, oldest?.stateWindow ?? result);
    this.#entries.push(entry);
    if (oldest === undefined || (olds.length === 1 && oldest.id === entry.id)) return; // nothing but the new one, or it has grown by nothing
    onMerge({
      result,
      merged: olds.map(({ window }) => window),
      stateWindow: oldest.stateWindow,
      stateWindows: olds.slice(1).map(({ stateWindow }) => stateWindow),
    });
  }

  #find(window: W): Entry<W> | undefined {
    const id = this.#namespaces.idOf(window);
    return this.#entries.find((entry) => entry.id === id);
  }

  #entry(window: W, stateWindow: W): Entry<W> {
    return { id: this.#namespaces.idOf(window), window, stateWindow };
  }
}

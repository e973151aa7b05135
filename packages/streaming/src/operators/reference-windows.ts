/**
 * Windows as the documentation describes them, for reading and for comparing: keeps every record of every window and looks through all windows every time.
 */
export interface ReferenceOptions {
  readonly sizeMs: number;
  readonly slideMs: number;
  readonly offsetMs: number;
  readonly latenessMs: number;
}

export interface ReferenceRecord {
  readonly key: unknown;
  readonly id: number;
}

export interface Firing {
  readonly key: unknown;
  readonly start: number;
  readonly end: number;
  readonly ids: readonly number[]; // of the window's records, ascending
}

interface OpenWindow {
  readonly key: unknown;
  readonly start: number;
  readonly end: number;
  readonly ids: number[];
  hasFired: boolean;
}

export class ReferenceWindows {
  readonly late: number[] = [];
  readonly #options: ReferenceOptions;
  #windows: OpenWindow[] = [];
  #watermark = Number.NEGATIVE_INFINITY;

  constructor(options: ReferenceOptions) {
    this.#options = options;
  }

  get openWindows(): number {
    return this.#windows.length;
  }

  record({ key, id }: ReferenceRecord, timestamp: number): Firing[] {
    const starts = this.#startsOf(timestamp);
    const alive = starts.filter((start) => !this.#isGone(start + this.#options.sizeMs));
    if (starts.length > 0 && alive.length === 0) this.late.push(id);
    const fired: Firing[] = [];
    for (const start of alive) {
      const window = this.#windowOf(key, start);
      window.ids.push(id);
      if (window.end - 1 <= this.#watermark) fired.push(fire(window));
    }
    return fired;
  }

  watermark(watermark: number): Firing[] {
    if (watermark > this.#watermark) this.#watermark = watermark;
    const due = this.#windows.filter((window) => !window.hasFired && window.end - 1 <= this.#watermark);
    const fired = due.sort((a, b) => a.end - b.end).map(fire);
    this.#windows = this.#windows.filter((window) => !this.#isGone(window.end));
    return fired;
  }

  #isGone(end: number): boolean {
    return end - 1 + this.#options.latenessMs <= this.#watermark;
  }

  /** Ascending; found by trying every window that could hold the time. */
  #startsOf(timestamp: number): number[] {
    const { sizeMs, slideMs, offsetMs } = this.#options;
    const starts: number[] = [];
    for (let k = Math.floor((timestamp - sizeMs - offsetMs) / slideMs) - 1; k * slideMs + offsetMs <= timestamp; k++) {
      const start = k * slideMs + offsetMs;
      if (timestamp < start + sizeMs) starts.push(start);
    }
    return starts;
  }

  #windowOf(key: unknown, start: number): OpenWindow {
    const known = this.#windows.find((window) => window.start === start && window.key === key);
    if (known !== undefined) return known;
    const window = { key, start, end: start + this.#options.sizeMs, ids: [], hasFired: false };
    this.#windows.push(window);
    return window;
  }
}

function fire(window: OpenWindow): Firing {
  window.hasFired = true;
  return { key: window.key, start: window.start, end: window.end, ids: window.ids.toSorted((a, b) => a - b) };
}

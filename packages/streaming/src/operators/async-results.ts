/**
 * What an asynchronous operator has taken and not sent on yet: records whose results are awaited, and the control elements between them.
 *
 * Owned by one async wait operator.
 * R1 ordered: everything leaves in the order in which it came.
 * R2 unordered: records leave in the order of their completion, but a control element leaves after every record that came before it and before every
 *    record that came after it.
 * R3 `size` counts records only, those with results that have not been removed included.
 */

export class PendingRecord {
  readonly record: unknown;
  readonly timestamp: number;
  /** Undefined as long as they are awaited. */
  results: readonly unknown[] | undefined;
  /** How many of them have been sent. */
  sent: number;

  constructor(record: unknown, timestamp: number) {
    this.record = record;
    this.timestamp = timestamp;
    this.results = undefined;
    this.sent = 0;
  }
}

/** A watermark, or a watermark status: 1 for idle and 0 for active. */
export class PendingControl {
  readonly isWatermark: boolean;
  readonly value: number;

  constructor(isWatermark: boolean, value: number) {
    this.isWatermark = isWatermark;
    this.value = value;
  }
}

export interface AsyncResults {
  readonly size: number;
  readonly isEmpty: boolean;
  add(record: PendingRecord): void;
  addControl(control: PendingControl): void;
  /** The record's results have come. */
  complete(record: PendingRecord): void;
  /** What may leave next; undefined while that is awaited. */
  peek(): PendingRecord | PendingControl | undefined;
  /** Takes away what `peek` gave. */
  remove(): void;
  /** All that is here, in an order in which it may be added again. */
  pending(): readonly (PendingRecord | PendingControl)[];
}

export class OrderedResults implements AsyncResults {
  readonly #queue: (PendingRecord | PendingControl)[] = [];
  size = 0;

  get isEmpty(): boolean {
    return this.#queue.length === 0;
  }

  add(record: PendingRecord): void {
    this.#queue.push(record);
    this.size += 1;
  }

  addControl(control: PendingControl): void {
    this.#queue.push(control);
  }

  complete(_record: PendingRecord): void {}

  peek(): PendingRecord | PendingControl | undefined {
    const first = this.#queue[0];
    return first instanceof PendingRecord && first.results === undefined ? undefined : first;
  }

  remove(): void {
    if (this.#queue.shift() instanceof PendingRecord) this.size -= 1;
  }

  pending(): readonly (PendingRecord | PendingControl)[] {
    return this.#queue.slice();
  }
}

/** The records between two control elements, and the one behind them. */
interface Segment {
  readonly awaited: Set<PendingRecord>;
  readonly completed: PendingRecord[];
  control: PendingControl | undefined;
}

export class UnorderedResults implements AsyncResults {
  /** Never empty: the last one is open. */
  readonly #segments: Segment[] = [newSegment()];
  readonly #segmentOf = new Map<PendingRecord, Segment>();
  size = 0;

  get isEmpty(): boolean {
    return this.size === 0 && this.#segments.length === 1;
  }

  add(record: PendingRecord): void {
    const last = this.#segments.at(-1) as Segment;
    last.awaited.add(record);
    this.#segmentOf.set(record, last);
    this.size += 1;
  }

  addControl(control: PendingControl): void {
    (this.#segments.at(-1) as Segment).control = control;
    this.#segments.push(newSegment());
  }

  complete(record: PendingRecord): void {
    const segment = this.#segmentOf.get(record) as Segment;
    this.#segmentOf.delete(record);
    segment.awaited.delete(record);
    segment.completed.push(record);
  }

  peek(): PendingRecord | PendingControl | undefined {
    const { awaited, completed, control } = this.#segments[0] as Segment;
    return completed[0] ?? (awaited.size === 0 ? control : undefined);
  }

  remove(): void {
    const { completed } = this.#segments[0] as Segment;
    if (completed.shift() === undefined) this.#segments.shift();
    else this.size -= 1;
  }

  pending(): readonly (PendingRecord | PendingControl)[] {
    return this.#segments.flatMap(({ awaited, completed, control }) => [
      ...completed,
      ...awaited,
      ...(control === undefined ? [] : [control]),
    ]);
  }
}

function newSegment(): Segment {
  return { awaited: new Set(), completed: [], control: undefined };
}

/** A finite set of records that are evaluated together. Windows of one kind with equal bounds are the same window. Flink: "Windows". */
export abstract class Window {
  /** The last timestamp that belongs to the window; results carry it. */
  abstract maxTimestamp(): number;

  /** As messages and logs show it. */
  toString(): string {
    return `Window(up to ${this.maxTimestamp()})`;
  }
}

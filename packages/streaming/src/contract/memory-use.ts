/** One thing that an operator keeps in memory, for reports on what has grown: estimated from a bounded part of it, and only when somebody asks. */
export interface MemoryUse {
  /** As a message names it: `state 'visits'`, `requests in flight`. */
  readonly name: string;
  readonly entries: number;
  /** What its entries are, in the plural: `keys`, `timers`. */
  readonly unit: string;
  readonly bytes: number;
}

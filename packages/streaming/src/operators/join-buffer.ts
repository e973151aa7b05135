/** What one side of an interval join keeps of a key: records in the order of their timestamps, of equal ones in the order of arrival. Plain data. */
export interface JoinBuffer {
  readonly timestamps: number[];
  readonly records: unknown[];
  /** Which of them have had a partner; only where those that never have one are emitted. */
  readonly matched: boolean[] | undefined;
}

export function emptyBuffer(isOuter: boolean): JoinBuffer {
  return { timestamps: [], records: [], matched: isOuter ? [] : undefined };
}

export function addTo({ timestamps, records, matched }: JoinBuffer, record: unknown, timestamp: number, isMatched: boolean): void {
  const last = timestamps.length - 1;
  if (last < 0 || (timestamps[last] as number) <= timestamp) {
    timestamps.push(timestamp);
    records.push(record);
    matched?.push(isMatched);
    return;
  }
  const place = firstAtLeast(timestamps, timestamp + 1);
  timestamps.splice(place, 0, timestamp);
  records.splice(place, 0, record);
  matched?.splice(place, 0, isMatched);
}

/** Forgets what is older than `timestamp`. True when nothing is left. */
export function dropBefore({ timestamps, records, matched }: JoinBuffer, timestamp: number): boolean {
  const dropped = firstAtLeast(timestamps, timestamp);
  if (dropped > 0) {
    timestamps.splice(0, dropped);
    records.splice(0, dropped);
    matched?.splice(0, dropped);
  }
  return timestamps.length === 0;
}

/** The place of the first timestamp that is not below the bound. */
export function firstAtLeast(timestamps: readonly number[], bound: number): number {
  let low = 0;
  let high = timestamps.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((timestamps[middle] as number) < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Event time: milliseconds since the epoch, a safe integer, negative ones included. */
export const MAX_TIMESTAMP = Number.MAX_SAFE_INTEGER;
export const MIN_TIMESTAMP = Number.MIN_SAFE_INTEGER;

/** Stands in a number field for "has no timestamp" and for "no watermark yet": below every legal timestamp, and exact in a double. */
export const NO_TIMESTAMP = Number.MIN_SAFE_INTEGER - 1;

/** The watermark of the end of a bounded input: every event-time window and timer fires. */
export const MAX_WATERMARK = MAX_TIMESTAMP;

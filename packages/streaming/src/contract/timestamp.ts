/** Event time: milliseconds since the epoch, a safe integer, negative ones included. */
export const MAX_TIMESTAMP = Number.MAX_SAFE_INTEGER;
export const MIN_TIMESTAMP = Number.MIN_SAFE_INTEGER;

/** Stands in a number field for "has no timestamp" and for "no watermark yet": below every legal timestamp, and exact in a double. */
export const NO_TIMESTAMP = Number.MIN_SAFE_INTEGER - 1;

/** The watermark of the end of a bounded input: every event-time window and timer fires. */
export const MAX_WATERMARK = MAX_TIMESTAMP;

/**
 * Markers of iterations, in jobs that have some: from here to below MAX_WATERMARK, where no date is. They go through a job as watermarks do, behind all that was emitted
 * before them, and mean no time.
 */
export const FIRST_MARKER = MAX_WATERMARK - 2 ** 43;
/** Among the markers and none of them: the watermark that says that no time is left, though records may still go round. */
export const END_OF_TIME = MAX_WATERMARK - 2 ** 42;

export function isMarker(watermark: number): boolean {
  return watermark >= FIRST_MARKER && watermark !== MAX_WATERMARK && watermark !== END_OF_TIME;
}

/**
 * How an element looks in a segment: tag byte, u32 length of what follows, then for a record its timestamp (f64, when the tag says so) and the codec's
 * bytes; for a watermark its timestamp and for a status 1 (idle) or 0, each as f64; for a barrier its JSON (barrier-format.ts), for a latency marker what latency-marker.ts says.
 * Little-endian throughout.
 *
 * The header is never split: where fewer than its bytes are left in a segment, they are padding that neither side writes or reads. A segment that is left early is
 * filled by an element of kind PADDING, which nobody is told of.
 */
export const HEADER_BYTES = 5;
export const NUMBER_BYTES = 8;

/** Bits 0-3 of the tag: RECORD … END_OF_INPUT (channel.ts). */
export const KIND_MASK = 0x0f;
/** Fills the rest of a segment; a kind beside those of channel.ts. */
export const PADDING = 7;
/** Bits 4-5: the row kind. */
export const ROW_KIND_SHIFT = 4;
/** Bit 6. */
export const HAS_TIMESTAMP = 0x40;

/** The greatest element: lengths and offsets stay small integers of V8, and the written position stays ahead of the read one by less than 2^31. */
export const MAX_ELEMENT_BYTES = 0x7fff_0000;

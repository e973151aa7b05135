/**
 * A latency marker: sent by a source now and then, carried in band between the records, never shown to a function. Every operator that it passes can tell how long it
 * was under way. In a ring it is the time (f64), the number of the subtask (u32) and the operator's id in UTF-8, little-endian.
 */
import { DataError } from '@millrace/core/base/errors';

export interface LatencyMarker {
  /** Processing time at the source when it was sent. */
  readonly markedMs: number;
  /** Of the source. */
  readonly operatorId: string;
  readonly subtask: number;
}

const FIXED_BYTES = 12;
/** An operator's id is 32 characters. */
const MAX_ID_BYTES = 1024;
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

export function encodeLatencyMarker({ markedMs, operatorId, subtask }: LatencyMarker): Uint8Array {
  const id = encoder.encode(operatorId);
  const bytes = new Uint8Array(FIXED_BYTES + id.byteLength);
  const view = new DataView(bytes.buffer);
  view.setFloat64(0, markedMs, true);
  view.setUint32(8, subtask, true);
  bytes.set(id, FIXED_BYTES);
  return bytes;
}

/** `bytes` must not be shared memory. */
export function decodeLatencyMarker(bytes: Uint8Array): LatencyMarker {
  if (bytes.byteLength < FIXED_BYTES || bytes.byteLength > FIXED_BYTES + MAX_ID_BYTES) {
    throw new DataError(
      `A latency marker in a channel has ${bytes.byteLength} bytes; ${FIXED_BYTES} to ${FIXED_BYTES + MAX_ID_BYTES} are possible. The two ends of the channel do not run the same version. Start all processes from one installation.`,
      { reason: 'damaged-latency-marker' },
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { markedMs: view.getFloat64(0, true), subtask: view.getUint32(8, true), operatorId: decoder.decode(bytes.subarray(FIXED_BYTES)) };
}

/**
 * Private memory in which an element is put together that does not fit into the rest of its segment. One per thread: a writer finishes its element before
 * another one begins. It grows by doubling and is dropped again after an element that was unusually large.
 */

import { DataError } from '@millrace/core/base/errors';
import type { BytesWriter } from '@millrace/core/bytes/bytes-writer';
import { SEGMENT_BYTES } from '../memory/segment.ts';
import { MAX_ELEMENT_BYTES } from './element-format.ts';
import { type MemoryViews, privateViews } from './memory-views.ts';

/** Kept between elements: several segments, so that elements a little larger than one do not allocate each time. */
const KEPT_BYTES = 8 * SEGMENT_BYTES;

let scratch: MemoryViews | undefined;

/** Moves the element that `writer` has begun, with room for `size` more bytes, to scratch memory or to larger one. */
export function moveToScratch(writer: BytesWriter, size: number): void {
  const begun = writer.position - writer.mark;
  const needed = begun + size;
  if (needed > MAX_ELEMENT_BYTES) {
    throw new DataError(
      `A record takes more than ${MAX_ELEMENT_BYTES} bytes; at ${begun} bytes it asks for ${size} more. ` +
        'Split it into several records, or keep the data in a file and pass its path.',
      { reason: 'record-too-large' },
    );
  }
  const old = writer.bytes;
  if (scratch === undefined || scratch.bytes.byteLength < needed) {
    const doubled = scratch === undefined ? SEGMENT_BYTES : scratch.bytes.byteLength * 2;
    scratch = privateViews(Math.max(Math.min(doubled, MAX_ELEMENT_BYTES), needed));
  }
  scratch.bytes.set(old.subarray(writer.mark, writer.position));
  writer.moveTo(scratch.bytes, scratch.view, begun, scratch.bytes.byteLength);
  writer.mark = 0;
}

/** After the element was copied away. `takenOver`: parts of the memory are now somebody else's. */
export function releaseScratch(takenOver: boolean): void {
  if (takenOver || (scratch !== undefined && scratch.bytes.byteLength > KEPT_BYTES)) scratch = undefined;
}

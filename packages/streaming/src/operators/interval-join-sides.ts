/** The two sides of an interval join: what each keeps of its records, and until when. */
import type { TypeInformation } from '@millrace/core/types/type-information';
import type { KeyContext, OperatorContext, Output } from '../contract/operator.ts';
import type { KeyedTable } from '../contract/state.ts';
import { dropBefore, emptyBuffer, type JoinBuffer } from './join-buffer.ts';

export interface Side {
  readonly isLeft: boolean;
  /** Emits its records that never find a partner. */
  readonly isOuter: boolean;
  readonly selector: (record: unknown) => unknown;
  readonly table: KeyedTable<unknown, JoinBuffer>;
  /** What must be added to a record's timestamp for the first and the last partner of it. */
  readonly from: number;
  readonly to: number;
  readonly late: Output<unknown> | undefined;
}

export interface SideSpec {
  readonly name: 'left-buffer' | 'right-buffer';
  readonly isOuter: boolean;
  readonly key: KeyContext;
  readonly from: number;
  readonly to: number;
  readonly lateTagId: string | undefined;
}

export function sideOf(context: OperatorContext, { name, isOuter, key, from, to, lateTagId }: SideSpec): Side {
  return {
    isLeft: name === 'left-buffer',
    isOuter,
    selector: key.selector,
    table: context.tables.createTable<unknown, JoinBuffer>(name, key.type, undefined as TypeInformation<JoinBuffer> | undefined),
    from,
    to,
    late: lateTagId === undefined ? undefined : context.sideOutput(lateTagId),
  };
}

/** Where the records of a key are kept; made if there is none yet. */
export function bufferOf({ table, isOuter }: Side, key: unknown): JoinBuffer {
  const slot = table.slotOf(key);
  const known = table.values[slot];
  if (known !== undefined) return known;
  const buffer = emptyBuffer(isOuter);
  table.values[slot] = buffer;
  return buffer;
}

/** Drops what can have no partner any more, for all keys. Removals move slots, so they come after the walk over all of them. */
export function sweep({ table, to }: Side, watermark: number): void {
  const emptied: unknown[] = [];
  for (let slot = 0; slot < table.capacity; slot++) {
    const buffer = table.isUsed(slot) ? table.values[slot] : undefined;
    if (buffer === undefined || (buffer.timestamps[0] as number) >= watermark - to) continue;
    table.touch(slot);
    if (dropBefore(buffer, watermark - to)) emptied.push(table.keyAt(slot));
  }
  for (const key of emptied) table.remove(key);
}

/** Takes out the records of a key up to before `bound`; returns those of them that never had a partner. */
export function takeUnmatched(
  { table }: Side,
  key: unknown,
  bound: number,
): readonly { readonly record: unknown; readonly timestamp: number }[] {
  const slot = table.find(key);
  if (slot < 0) return [];
  const buffer = table.values[slot] as JoinBuffer;
  const { timestamps, records, matched } = buffer;
  const unmatched: { record: unknown; timestamp: number }[] = [];
  for (let index = 0; index < timestamps.length && (timestamps[index] as number) < bound; index++) {
    if (matched?.[index] === false) unmatched.push({ record: records[index], timestamp: timestamps[index] as number });
  }
  if (dropBefore(buffer, bound)) table.remove(key);
  return unmatched;
}

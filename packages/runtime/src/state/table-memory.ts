/** What keyed state takes in memory, estimated from some entries of its tables. */
import { estimatedBytesOfMany } from '@millrace/core/types/estimated-size';
import type { MemoryUse } from '@millrace/streaming/contract/memory-use';
import type { KeyedTable } from '@millrace/streaming/contract/state';

type AnyTable = Pick<KeyedTable<unknown, unknown>, 'size' | 'values' | 'capacity' | 'isUsed' | 'keyAt'>;

/** Of one table, from all over it. */
const SAMPLE = 32;
/** Slots that are looked at for them: a table that was large once may be nearly empty. */
const LOOKS_MAX = 4 * SAMPLE;
/** The key's place in its index and the value's in the array, less what the pair that is looked at has and the table has not. */
const ENTRY_BYTES = 16;

export function tablesMemory(name: string, tables: Iterable<AnyTable>): MemoryUse {
  let entries = 0;
  let bytes = 0;
  for (const table of tables) {
    entries += table.size;
    bytes += table.size * ENTRY_BYTES + estimatedBytesOfMany(table.size, sampled(table), SAMPLE);
  }
  return { name: `state '${name}'`, entries, unit: 'keys', bytes };
}

/** Looks at values only: reading through `find` would tell snapshots of a change. */
function* sampled(table: AnyTable): Iterable<unknown> {
  const step = Math.max(1, Math.floor(table.capacity / LOOKS_MAX));
  for (let slot = 0; slot < table.capacity; slot += step) {
    if (table.isUsed(slot)) yield [table.keyAt(slot), table.values[slot]];
  }
}

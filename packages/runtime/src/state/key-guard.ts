/**
 * Sees to it that the keys of a subtask's state are its own, where it can be seen: at keys that are new to a table. Else a key function that gives another key at the state
 * than at the shuffle, or a stream that was reinterpreted as keyed and is not partitioned so, would give wrong results without a word.
 */
import { UsageError } from '@millrace/core/base/errors';
import { hashKey } from '@millrace/core/types/key';
import { keyGroupOf } from '@millrace/core/types/key-group';
import type { KeyGroups } from './snapshot/key-groups.ts';

export type KeyGuard = ((key: unknown) => void) | undefined;

/** So many new keys are all looked at, of those behind them one in `ONE_IN`, a power of two: hashing is not free, and who is wrong is so soon. */
const LOOKED_AT = 1000;
const ONE_IN = 64;
const SHOWN_CHARS = 60;

/** Undefined where a subtask has every key. One for all tables of an operator. */
export function keyGuard({ maxParallelism, first, last }: KeyGroups): KeyGuard {
  if (first === 0 && last === maxParallelism - 1) return undefined;
  let seen = 0;
  return (key) => {
    seen += 1;
    if (seen > LOOKED_AT && (seen & (ONE_IN - 1)) !== 0) return;
    const group = keyGroupOf(hashKey(key), maxParallelism);
    if (group < first || group > last) throw foreignKey(key, group, { maxParallelism, first, last });
  };
}

function foreignKey(key: unknown, group: number, { first, last }: KeyGroups): UsageError {
  const text = typeof key === 'bigint' ? `${key}n` : JSON.stringify(key);
  const shown = text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}…` : text;
  return new UsageError(
    `The key ${shown} is in key group ${group}, and this subtask has the groups ${first} to ${last}: the record was sent elsewhere by its key. ` +
      'Check that the key function gives the same key whenever it is called for a record, and that a stream which is reinterpreted as keyed is partitioned as keyBy would do it, at the same parallelism and maximum parallelism.',
    { reason: 'foreign-key' },
  );
}

/**
 * Where a job keeps its keyed state. `hashmap` is the heap of the slots. One of another make is an object of a class that the runtime knows what to ask of
 * (`StateBackend` of `@millrace/runtime/state/state-backend`); what goes into checkpoints is the same for all.
 */
import { UsageError } from '@millrace/core/base/errors';

export interface StateBackend {
  /** For messages. */
  readonly name: string;
}

/** Undefined stands for `hashmap`. Throws a `UsageError` for what is no backend. */
export function checkStateBackend(given: unknown): StateBackend | undefined {
  if (given === 'hashmap') return undefined;
  const backend = given as Partial<StateBackend> | undefined | null;
  if (typeof given === 'object' && backend !== null && typeof backend?.name === 'string' && 'createKeyedBackend' in backend)
    return given as StateBackend;
  const seen =
    typeof given === 'string'
      ? `'${given}'`
      : given === null
        ? 'null'
        : typeof given === 'object'
          ? 'an object without name and createKeyedBackend'
          : typeof given;
  const rocksdb = given === 'rocksdb' ? ' The backend on RocksDB is not there yet.' : '';
  throw new UsageError(`env.setStateBackend got ${seen}. Give it 'hashmap' or a StateBackend.${rocksdb}`);
}

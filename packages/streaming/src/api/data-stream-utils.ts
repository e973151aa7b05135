import { UsageError } from '@millrace/core/base/errors';
import type { TypeInformation } from '@millrace/core/types/type-information';
import type { Emittable } from '../contract/emittable.ts';
import { DataStream } from './data-stream.ts';
import { checkPlainFunction, show } from './function-checks.ts';
import type { KeyedStream } from './keyed-stream.ts';

/** Flink: `DataStreamUtils`. */
export const DataStreamUtils = {
  /**
   * A keyed stream without a shuffle, for a stream that is partitioned already exactly as `keyBy` of this key would do it, with the same parallelism and maximum
   * parallelism; for instance the result of an operator on a stream keyed like that, if it keeps the key. A record in a wrong subtask
   * fails the job where it is seen: at the first thousand new keys of each operator, and at samples of those behind.
   *
   * ```ts
   * const perUser = clicks.keyBy((click) => click.user).process(clean);
   * const visits = DataStreamUtils.reinterpretAsKeyedStream(perUser, (click) => click.user).sum('ms'); // in the same task
   * ```
   */
  reinterpretAsKeyedStream<T, const K extends Emittable>(
    stream: DataStream<T>,
    key: (value: T) => K,
    type?: TypeInformation<K>,
  ): KeyedStream<T, K> {
    if (!(stream instanceof DataStream)) throw new UsageError(`reinterpretAsKeyedStream got ${show(stream)}. Give it a stream.`);
    checkPlainFunction(key, 'reinterpretAsKeyedStream', 'a function from a record to its key');
    return stream.reinterpretedAsKeyed({ selector: key, type });
  },
};

import { UsageError } from '@millrace/core/base/errors';
import type { TypeInformation } from '@millrace/core/types/type-information';
import type { Emittable } from '../contract/emittable.ts';
import type { RateLimiterStrategy } from '../contract/rate-limiter.ts';
import type { Source, SourceReader, SourceReaderContext, SplitEnumeratorContext } from '../contract/source.ts';
import { jsonSerializer } from './json-serializer.ts';
import { RangeEnumerator, type RangeEnumeratorState } from './range-enumerator.ts';
import { RateLimitedReader } from './rate-limit/rate-limited-reader.ts';
import { RangeReader } from './range-reader.ts';
import { checkSafeInteger, type RangeSplit } from './range-split.ts';

export interface DataGeneratorOptions<T> {
  /** Of all subtasks together. */
  readonly recordsPerSecond?: number;
  /** In place of `recordsPerSecond`: any strategy. */
  readonly rateLimiterStrategy?: RateLimiterStrategy;
  readonly type?: TypeInformation<T>;
}

/** `generate(0)` to `generate(count - 1)`, in ascending order within each subtask. A pure function of the index gives the same records on every run. */
export class DataGeneratorSource<out T extends Emittable> implements Source<T, RangeSplit, RangeEnumeratorState> {
  readonly count: number;
  readonly recordsPerSecond: number | undefined;
  readonly type: { readonly typeName: string } | undefined;
  readonly #generate: (index: number) => T;
  readonly #limiter: RateLimiterStrategy | undefined;

  constructor(generate: (index: number) => T, count: number, options: DataGeneratorOptions<T> = {}) {
    checkSafeInteger(count, 'The number of records to generate');
    if (count < 0) throw new UsageError(`The number of records to generate is ${count}. Give 0 or more.`);
    const rate = options.recordsPerSecond;
    if (rate !== undefined && !(rate > 0 && rate < Number.POSITIVE_INFINITY)) {
      throw new UsageError(`recordsPerSecond is ${rate}. Give a number above 0, or leave it out to generate as fast as possible.`);
    }
    if (rate !== undefined && options.rateLimiterStrategy !== undefined)
      throw new UsageError('A data generator got both recordsPerSecond and rateLimiterStrategy. Give one of them.');
    this.#limiter = options.rateLimiterStrategy;
    this.count = count;
    this.recordsPerSecond = rate;
    this.type = options.type;
    this.#generate = generate;
  }

  getBoundedness() {
    return 'BOUNDED' as const;
  }

  createReader(context: SourceReaderContext): SourceReader<T, RangeSplit> {
    const reader = new RangeReader(context, this.#generate);
    return this.#limiter === undefined ? reader : new RateLimitedReader(context, reader, this.#limiter);
  }

  createEnumerator(context: SplitEnumeratorContext<RangeSplit>) {
    return this.restoreEnumerator(context, undefined);
  }

  restoreEnumerator(context: SplitEnumeratorContext<RangeSplit>, state: RangeEnumeratorState | undefined) {
    return new RangeEnumerator(context, { from: 0, to: this.count, recordsPerSecond: this.recordsPerSecond }, state);
  }

  splitSerializer() {
    return jsonSerializer<RangeSplit>('range split');
  }

  enumeratorStateSerializer() {
    return jsonSerializer<RangeEnumeratorState>('state of a data generator');
  }
}

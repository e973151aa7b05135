import { UsageError } from '@millrace/core/base/errors';
import type { TypeInformation } from '@millrace/core/types/type-information';
import type { Emittable } from '../contract/emittable.ts';
import type { Source, SourceReader, SourceReaderContext, SplitEnumeratorContext } from '../contract/source.ts';
import { jsonSerializer } from './json-serializer.ts';
import { RangeReader } from './range-reader.ts';
import { checkSafeInteger, type RangeSplit, rangesOf } from './range-split.ts';
import { SplitQueueEnumerator, type SplitQueueState } from './split-queue-enumerator.ts';

export interface DataGeneratorOptions<T> {
  /** Of all subtasks together. */
  readonly recordsPerSecond?: number;
  readonly type?: TypeInformation<T>;
}

/** `generate(0)` to `generate(count - 1)`, in ascending order within each subtask. A pure function of the index gives the same records on every run. */
export class DataGeneratorSource<out T extends Emittable> implements Source<T, RangeSplit, SplitQueueState<RangeSplit>> {
  readonly count: number;
  readonly recordsPerSecond: number | undefined;
  readonly type: { readonly typeName: string } | undefined;
  readonly #generate: (index: number) => T;

  constructor(generate: (index: number) => T, count: number, options: DataGeneratorOptions<T> = {}) {
    checkSafeInteger(count, 'The number of records to generate');
    if (count < 0) throw new UsageError(`The number of records to generate is ${count}. Give 0 or more.`);
    const rate = options.recordsPerSecond;
    if (rate !== undefined && !(rate > 0 && rate < Number.POSITIVE_INFINITY)) {
      throw new UsageError(`recordsPerSecond is ${rate}. Give a number above 0, or leave it out to generate as fast as possible.`);
    }
    this.count = count;
    this.recordsPerSecond = rate;
    this.type = options.type;
    this.#generate = generate;
  }

  getBoundedness() {
    return 'BOUNDED' as const;
  }

  createReader(context: SourceReaderContext): SourceReader<T, RangeSplit> {
    return new RangeReader(context, this.#generate);
  }

  createEnumerator(context: SplitEnumeratorContext<RangeSplit>) {
    return new SplitQueueEnumerator<RangeSplit>(context, () => this.#ranges(context.currentParallelism()));
  }

  restoreEnumerator(context: SplitEnumeratorContext<RangeSplit>, state: SplitQueueState<RangeSplit>) {
    return new SplitQueueEnumerator<RangeSplit>(context, () => [], state);
  }

  splitSerializer() {
    return jsonSerializer<RangeSplit>('range split');
  }

  enumeratorStateSerializer() {
    return jsonSerializer<SplitQueueState<RangeSplit>>('state of a data generator');
  }

  /** As many readers share the rate as there are ranges to read at one time. */
  #ranges(parallelism: number): RangeSplit[] {
    const ranges = rangesOf(0, this.count);
    const rate = this.recordsPerSecond;
    if (rate === undefined) return ranges;
    const readers = Math.max(1, Math.min(parallelism, ranges.length));
    return ranges.map((range) => ({ ...range, recordsPerSecond: rate / readers }));
  }
}

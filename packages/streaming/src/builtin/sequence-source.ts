import { UsageError } from '@millrace/core/base/errors';
import { Types } from '@millrace/core/types/types';
import type { Source, SourceReaderContext, SplitEnumeratorContext } from '../contract/source.ts';
import { jsonSerializer } from './json-serializer.ts';
import { RangeEnumerator, type RangeEnumeratorState } from './range-enumerator.ts';
import { RangeReader } from './range-reader.ts';
import { checkSafeInteger, type RangeSplit } from './range-split.ts';

/** The whole numbers from `from` to `to`, both included; ascending within each subtask. Flink: NumberSequenceSource. */
export class SequenceSource implements Source<number, RangeSplit, RangeEnumeratorState> {
  readonly type = Types.LONG;
  readonly from: number;
  readonly to: number;

  constructor(from: number, to: number) {
    checkSafeInteger(from, "The sequence's first number");
    checkSafeInteger(to, "The sequence's last number");
    if (from > to + 1) throw new UsageError(`The sequence from ${from} to ${to} runs downwards. Sequences ascend: swap the two.`);
    this.from = from;
    this.to = to;
  }

  getBoundedness() {
    return 'BOUNDED' as const;
  }

  createReader(context: SourceReaderContext): RangeReader<number> {
    return new RangeReader(context, (n) => n);
  }

  createEnumerator(context: SplitEnumeratorContext<RangeSplit>) {
    return this.restoreEnumerator(context, undefined);
  }

  restoreEnumerator(context: SplitEnumeratorContext<RangeSplit>, state: RangeEnumeratorState | undefined) {
    return new RangeEnumerator(context, { from: this.from, to: this.to + 1 }, state);
  }

  splitSerializer() {
    return jsonSerializer<RangeSplit>('range split');
  }

  enumeratorStateSerializer() {
    return jsonSerializer<RangeEnumeratorState>('state of a sequence');
  }
}

/**
 * Bids of each bidder in ten seconds of the machine's clock. At the end of the input what is open is counted, too, where a processing-time window would be dropped: so
 * the counts of a bidder always add up to its bids, whatever the clock says.
 */
import {
  type Collector,
  KeyedProcessFunction,
  type KeyedProcessContext,
  type KeyedRuntimeContext,
  Types,
  type TypeOf,
  type ValueState,
  ValueStateDescriptor,
} from 'millrace';
import { query } from '../query.ts';

const SIZE_MS = 10_000;
const END_OF_INPUT = Number.MAX_SAFE_INTEGER; // the last watermark

const CountType = Types.row({ start: Types.LONG, bids: Types.LONG });
type Count = TypeOf<typeof CountType>;

interface Result {
  readonly bidder: number;
  readonly count: number;
  readonly start: number;
  readonly end: number;
}

class Counts extends KeyedProcessFunction<number, number, Result> {
  #count!: ValueState<Count>;

  override open(context: KeyedRuntimeContext): void {
    this.#count = context.getState(new ValueStateDescriptor('count', CountType));
  }

  override processElement(bidder: number, context: KeyedProcessContext<number>, out: Collector<Result>): void {
    const timers = context.timerService();
    const now = timers.currentProcessingTime();
    const count = this.#count.value();
    if (count !== undefined && now < count.start + SIZE_MS) {
      this.#count.update({ start: count.start, bids: count.bids + 1 });
      return;
    }
    if (count !== undefined) out.collect(resultOf(bidder, count)); // its timer is due
    const start = Math.floor(now / SIZE_MS) * SIZE_MS;
    this.#count.update({ start, bids: 1 });
    timers.registerProcessingTimeTimer(start + SIZE_MS);
    timers.registerEventTimeTimer(END_OF_INPUT);
  }

  override onTimer(timestamp: number, context: KeyedProcessContext<number>, out: Collector<Result>): void {
    const count = this.#count.value();
    if (count === undefined || timestamp < count.start + SIZE_MS) return;
    out.collect(resultOf(context.getCurrentKey(), count));
    this.#count.clear();
  }
}

function resultOf(bidder: number, { start, bids }: Count): Result {
  return { bidder, count: bids, start, end: start + SIZE_MS };
}

export default query({
  results: (events) =>
    events
      .inOrder(events.bids().map((bid) => bid.bidder))
      .returns(Types.LONG)
      .keyBy((bidder) => bidder)
      .process(() => new Counts()),
  row: ({ bidder, count, start, end }) => [bidder, count, start, end],
});

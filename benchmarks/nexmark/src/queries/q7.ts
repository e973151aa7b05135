/**
 * Highest bid: bids at the greatest price of their ten seconds, or of the ten seconds that end with their millisecond (the query's BETWEEN includes it). Bids that
 * cannot be one of these are dropped beside the source; the others are joined by price with the maximum of all subtasks, and kept for good as the query wants it.
 */
import {
  type Collector,
  KeyedCoProcessFunction,
  type KeyedRuntimeContext,
  type ListState,
  ListStateDescriptor,
  type ProcessContext,
  type ProcessFunctionLike,
  TumblingEventTimeWindows,
  Types,
  type TypeOf,
} from 'millrace';
import { type Bid, BidType } from '../model.ts';
import { query } from '../query.ts';

const SIZE_MS = 10_000;
const MaximumType = Types.row({ price: Types.LONG, end: Types.LONG });
type Maximum = TypeOf<typeof MaximumType>;

/** As `greatestSoFar`, but a bid that is late for its window does not raise the maximum, and one at a window's start may belong to the window before. */
function candidates(): ProcessFunctionLike<Bid, Bid> {
  let end = Number.NEGATIVE_INFINITY;
  let greatest = Number.NEGATIVE_INFINITY;
  return {
    processElement(bid, context: ProcessContext, out: Collector<Bid>) {
      const { price, dateTime } = bid;
      const isInside = dateTime < end && dateTime > end - SIZE_MS;
      if (isInside && price < greatest) return;
      out.collect(bid);
      const ownEnd = (Math.floor(dateTime / SIZE_MS) + 1) * SIZE_MS;
      if (ownEnd < end || ownEnd - 1 <= context.timerService().currentWatermark()) return;
      greatest = ownEnd === end ? Math.max(greatest, price) : price;
      end = ownEnd;
    },
  };
}

class Join extends KeyedCoProcessFunction<number, Bid, Maximum, Bid> {
  #bids!: ListState<Bid>;
  #maxima!: ListState<Maximum>;

  override open(context: KeyedRuntimeContext): void {
    this.#bids = context.getListState(new ListStateDescriptor('bids', BidType));
    this.#maxima = context.getListState(new ListStateDescriptor('maxima', MaximumType));
  }

  override processElement1(bid: Bid, _context: unknown, out: Collector<Bid>): void {
    this.#bids.add(bid);
    for (const maximum of this.#maxima.get()) if (isWithin(bid, maximum)) out.collect(bid);
  }

  override processElement2(maximum: Maximum, _context: unknown, out: Collector<Bid>): void {
    this.#maxima.add(maximum);
    for (const bid of this.#bids.get()) if (isWithin(bid, maximum)) out.collect(bid);
  }
}

function isWithin({ dateTime }: Bid, { end }: Maximum): boolean {
  return dateTime >= end - SIZE_MS && dateTime <= end;
}

export default query({
  results: (events) => {
    const bids = events.inOrder(events.bids().process(candidates)).returns(BidType);
    const maxima = bids
      .windowAll(TumblingEventTimeWindows.of('10 s'))
      .aggregate(
        { createAccumulator: () => 0, add: (bid, greatest) => Math.max(greatest, bid.price), getResult: (greatest) => greatest },
        (window, price) => ({ price, end: window.end }),
      )
      .returns(MaximumType);
    return bids
      .keyBy((bid) => bid.price)
      .connect(maxima.keyBy((maximum) => maximum.price))
      .process(() => new Join());
  },
  row: (bid) => [bid.auction, bid.price, bid.bidder, bid.dateTime, bid.extra],
});

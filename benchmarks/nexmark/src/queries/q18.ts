/** The last bid of each bidder on each auction; of bids at the same time the one that came last. */
import { type Collector, KeyedProcessFunction, type KeyedRuntimeContext, type ValueState, ValueStateDescriptor } from 'millrace';
import { type Bid, BidType } from '../model.ts';
import { pairKey, query } from '../query.ts';

class KeepLast extends KeyedProcessFunction<unknown, Bid, Bid> {
  #last!: ValueState<Bid>;

  override open(context: KeyedRuntimeContext): void {
    this.#last = context.getState(new ValueStateDescriptor('last', BidType));
  }

  override processElement(bid: Bid, _context: unknown, out: Collector<Bid>): void {
    const last = this.#last.value();
    if (last !== undefined && last.dateTime > bid.dateTime) return;
    this.#last.update(bid);
    out.collect(bid);
  }
}

export default query({
  results: (events) =>
    events
      .bids()
      .returns(BidType)
      .keyBy(({ bidder, auction }) => pairKey(bidder, auction))
      .process(() => new KeepLast()),
  row: (bid) => [bid.auction, bid.bidder, bid.price, bid.channel, bid.url, bid.dateTime, bid.extra],
  keyColumns: 2,
});

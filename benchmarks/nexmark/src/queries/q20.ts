/** Every bid on an auction of category 10, with all columns of both. */
import { type Collector, Types } from 'millrace';
import { type Auction, AuctionType, type Bid, BidType, type Event } from '../model.ts';
import { query } from '../query.ts';
import { AuctionBids } from './auction-bids.ts';

const CATEGORY = 10;
type AuctionOrBid = Auction | Bid;

interface Result {
  readonly bid: Bid;
  readonly auction: Auction;
}

/** Of an auction in another category only that it exists is kept: bids on it need not wait. */
const KeptType = Types.nullable(AuctionType);

class Expand extends AuctionBids<AuctionOrBid, Auction, Bid, Auction | null, Result> {
  constructor() {
    super({ auction: KeptType, bid: BidType });
  }

  protected override isBid(element: AuctionOrBid): element is Bid {
    return element.type === 'bid';
  }

  protected override kept(auction: Auction): Auction | null {
    return auction.category === CATEGORY ? auction : null;
  }

  protected override meet(auction: Auction | null, bid: Bid, out: Collector<Result>): Auction | null {
    if (auction !== null) out.collect({ bid, auction });
    return auction;
  }
}

export default query({
  results: (events) =>
    events
      .inOrder(events.all.filter((event: Event): event is AuctionOrBid => event.type !== 'person'))
      .returns(Types.union(BidType, AuctionType))
      .keyBy((element) => (element.type === 'bid' ? element.auction : element.id))
      .process(() => new Expand()),
  row: ({ bid, auction }) => [
    bid.auction,
    bid.bidder,
    bid.price,
    bid.channel,
    bid.url,
    bid.dateTime,
    bid.extra,
    auction.itemName,
    auction.description,
    auction.initialBid,
    auction.reserve,
    auction.dateTime,
    auction.expires,
    auction.seller,
    auction.category,
    auction.extra,
  ],
});

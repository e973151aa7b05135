/** Average price for a category: of each auction the highest bid made while it was open, of these the mean by category, truncated as SQL does. */
import { type Collector, Types, type TypeOf } from 'millrace';
import { query } from '../query.ts';
import { AuctionBids } from './auction-bids.ts';

/** An auction, or a bid on it: a bid has no category. */
const ElementType = Types.row({ auction: Types.LONG, category: Types.INT, price: Types.LONG, dateTime: Types.LONG, expires: Types.LONG });
type Element = TypeOf<typeof ElementType>;
const BID = -1;
const NO_PRICE = -1;

/** How the sum of winning prices of a category changes. */
const ChangeType = Types.row({ category: Types.INT, sum: Types.LONG, auctions: Types.INT });
type Change = TypeOf<typeof ChangeType>;

/** Keeps the auction's element, with the winning price in place of a bid's. */
class WinningPrices extends AuctionBids<Element, Element, Element, Element, Change> {
  constructor() {
    super({ auction: ElementType, bid: ElementType });
  }

  protected override isBid(element: Element): element is Element {
    return element.category === BID;
  }

  protected override kept(auction: Element): Element {
    return auction;
  }

  protected override meet(auction: Element, { dateTime, price }: Element, out: Collector<Change>): Element {
    if (price <= auction.price || dateTime < auction.dateTime || dateTime > auction.expires) return auction;
    const first = auction.price === NO_PRICE;
    out.collect({ category: auction.category, sum: first ? price : price - auction.price, auctions: first ? 1 : 0 });
    return { ...auction, price };
  }
}

export default query({
  results: (events) => {
    const auctionsAndBids = events.inOrder(events.all.filter((event) => event.type !== 'person'));
    const elements = events.inOrder(
      auctionsAndBids
        .map((event) => {
          if (event.type === 'bid')
            return { auction: event.auction, category: BID, price: event.price, dateTime: event.dateTime, expires: 0 };
          return { auction: event.id, category: event.category, price: NO_PRICE, dateTime: event.dateTime, expires: event.expires };
        })
        .returns(ElementType),
    );
    return elements
      .keyBy((element) => element.auction)
      .process(() => new WinningPrices())
      .returns(ChangeType)
      .keyBy((change) => change.category)
      .reduce((a, b) => ({ category: a.category, sum: a.sum + b.sum, auctions: a.auctions + b.auctions }))
      .map(({ category, sum, auctions }) => ({ category, average: Math.trunc(sum / auctions) }));
  },
  row: (result) => [result.category, result.average],
  keyColumns: 1,
});

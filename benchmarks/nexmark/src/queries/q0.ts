/** Pass-through: five columns of every bid. */
import { query } from '../query.ts';

export default query({
  results: (events) =>
    events.inOrder(events.bids().map(({ auction, bidder, price, dateTime, extra }) => ({ auction, bidder, price, dateTime, extra }))),
  row: (bid) => [bid.auction, bid.bidder, bid.price, bid.dateTime, bid.extra],
});

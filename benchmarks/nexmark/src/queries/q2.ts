/** Selection: the bids on every 123rd auction. */
import { query } from '../query.ts';

export default query({
  results: (events) =>
    events.inOrder(
      events.inOrder(events.bids().filter((bid) => bid.auction % 123 === 0)).map(({ auction, price }) => ({ auction, price })),
    ),
  row: (bid) => [bid.auction, bid.price],
});

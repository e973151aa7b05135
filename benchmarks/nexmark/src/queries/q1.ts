/** Currency conversion: price × 0.908 as a decimal with three places. Decimals are whole thousandths, which is exact. */
import { decimalText, query } from '../query.ts';

const RATE_THOUSANDTHS = 908;

export default query({
  results: (events) =>
    events.inOrder(
      events.bids().map(({ auction, bidder, price, dateTime, extra }) => ({
        auction,
        bidder,
        priceThousandths: price * RATE_THOUSANDTHS,
        dateTime,
        extra,
      })),
    ),
  row: (bid) => [bid.auction, bid.bidder, decimalText(bid.priceThousandths), bid.dateTime, bid.extra],
});

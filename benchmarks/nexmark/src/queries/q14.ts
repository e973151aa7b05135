/** Calculation: dear bids with the time of day and how often the letter c is in their text. */
import { decimalText, query } from '../query.ts';

const RATE_THOUSANDTHS = 908;
const THOUSANDTHS = 1_000;
const HOUR_MS = 3_600_000;
const LETTER = 'c'.charCodeAt(0);

function timeOfDay(dateTime: number): string {
  const hour = Math.floor(dateTime / HOUR_MS) % 24;
  if (hour >= 8 && hour <= 18) return 'dayTime';
  return hour <= 6 || hour >= 20 ? 'nightTime' : 'otherTime';
}

function countLetter(text: string): number {
  let count = 0;
  for (let index = 0; index < text.length; index += 1) if (text.charCodeAt(index) === LETTER) count += 1;
  return count;
}

export default query({
  results: (events) => {
    const dear = events.bids().filter(({ price }) => {
      const converted = price * RATE_THOUSANDTHS;
      return converted > 1_000_000 * THOUSANDTHS && converted < 50_000_000 * THOUSANDTHS;
    });
    return events.inOrder(
      events.inOrder(dear).map(({ auction, bidder, price, dateTime, extra }) => ({
        auction,
        bidder,
        priceThousandths: price * RATE_THOUSANDTHS,
        bidTimeType: timeOfDay(dateTime),
        dateTime,
        extra,
        letters: countLetter(extra),
      })),
    );
  },
  row: (bid) => [bid.auction, bid.bidder, decimalText(bid.priceThousandths), bid.bidTimeType, bid.dateTime, bid.extra, bid.letters],
});

/** The three directories of each bid's url. */
import { query } from '../query.ts';

const FIRST_PART = 3; // of 'https://host/dir1/dir2/dir3/…'

/** The fourth to sixth part between slashes; null past the end. */
function directories(url: string): readonly [string | null, string | null, string | null] {
  let start = 0;
  for (let part = 0; part < FIRST_PART; part += 1) {
    start = url.indexOf('/', start) + 1;
    if (start === 0) return [null, null, null];
  }
  const first = url.indexOf('/', start);
  if (first === -1) return [url.slice(start), null, null];
  const second = url.indexOf('/', first + 1);
  if (second === -1) return [url.slice(start, first), url.slice(first + 1), null];
  const third = url.indexOf('/', second + 1);
  return [url.slice(start, first), url.slice(first + 1, second), url.slice(second + 1, third === -1 ? url.length : third)];
}

export default query({
  results: (events) =>
    events.inOrder(
      events.bids().map(({ auction, bidder, price, channel, url }) => {
        const [dir1, dir2, dir3] = directories(url);
        return { auction, bidder, price, channel, dir1, dir2, dir3 };
      }),
    ),
  row: (bid) => [bid.auction, bid.bidder, bid.price, bid.channel, bid.dir1, bid.dir2, bid.dir3],
});

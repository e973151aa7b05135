/** User sessions: the bids of each bidder until ten seconds pass without one. */
import { EventTimeSessionWindows, Types } from 'millrace';
import { query } from '../query.ts';

export default query({
  results: (events) =>
    events
      .inOrder(events.bids().map((bid) => bid.bidder))
      .returns(Types.LONG)
      .keyBy((bidder) => bidder)
      .window(EventTimeSessionWindows.withGap('10 s'))
      .aggregate(
        { createAccumulator: () => 0, add: (_bidder, n) => n + 1, getResult: (n) => n, merge: (a, b) => a + b },
        (bidder, window, count) => ({ bidder, count, start: window.start, end: window.end }),
      ),
  row: ({ bidder, count, start, end }) => [bidder, count, start, end],
});

/**
 * Hot items: the auctions with the most bids in the last ten seconds, every two seconds. Counts by auction and window; a window's greatest counts are found in each
 * subtask first, so that few of them meet in the one that compares all.
 */
import { SlidingEventTimeWindows, TumblingEventTimeWindows, Types, type TypeOf } from 'millrace';
import { query } from '../query.ts';
import { greatestSoFar } from './greatest-so-far.ts';

const CountType = Types.row({ auction: Types.LONG, num: Types.LONG, end: Types.LONG });
type Count = TypeOf<typeof CountType>;

export default query({
  results: (events) =>
    events
      .inOrder(events.bids().map((bid) => bid.auction))
      .returns(Types.LONG)
      .keyBy((auction) => auction)
      .window(SlidingEventTimeWindows.of('10 s', '2 s'))
      .aggregate(
        { createAccumulator: () => 0, add: (_auction, n) => n + 1, getResult: (n) => n, merge: (a, b) => a + b },
        (auction, window, num) => ({ auction, num, end: window.end }),
      )
      .returns(CountType)
      .filter(
        greatestSoFar<Count>(
          (count) => count.end,
          (count) => count.num,
        ),
      )
      // Results carry their window's last millisecond: a window of the slide's size takes up those of exactly one.
      .windowAll(TumblingEventTimeWindows.of('2 s'))
      .flatApply((_window, counts) => greatestOf([...counts])),
  row: (count) => [count.auction, count.num],
});

function greatestOf(counts: readonly Count[]): Count[] {
  const most = counts.reduce((greatest, { num }) => Math.max(greatest, num), 0);
  return counts.filter(({ num }) => num === most);
}

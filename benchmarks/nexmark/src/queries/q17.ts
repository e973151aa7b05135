/** Statistics of each auction and day, updated with every bid. */
import {
  type Collector,
  KeyedProcessFunction,
  type KeyedRuntimeContext,
  Types,
  type TypeOf,
  type ValueState,
  ValueStateDescriptor,
} from 'millrace';
import { dayOf, dayText, pairKey, query } from '../query.ts';

const PriceType = Types.row({ auction: Types.LONG, day: Types.INT, price: Types.LONG });
type Price = TypeOf<typeof PriceType>;

const StatisticsType = Types.row({
  auction: Types.LONG,
  day: Types.INT,
  total: Types.LONG,
  rank1: Types.LONG,
  rank2: Types.LONG,
  rank3: Types.LONG,
  min: Types.LONG,
  max: Types.LONG,
  sum: Types.LONG,
});
type Statistics = TypeOf<typeof StatisticsType>;

class Collect extends KeyedProcessFunction<unknown, Price, Statistics> {
  #statistics!: ValueState<Statistics>;

  override open(context: KeyedRuntimeContext): void {
    this.#statistics = context.getState(new ValueStateDescriptor('statistics', StatisticsType));
  }

  override processElement(price: Price, _context: unknown, out: Collector<Statistics>): void {
    const statistics = added(this.#statistics.value(), price);
    this.#statistics.update(statistics);
    out.collect(statistics);
  }
}

function added(before: Statistics | undefined, { auction, day, price }: Price): Statistics {
  const rank1 = price < 10_000 ? 1 : 0;
  const rank3 = price >= 1_000_000 ? 1 : 0;
  const rank2 = 1 - rank1 - rank3;
  if (before === undefined) return { auction, day, total: 1, rank1, rank2, rank3, min: price, max: price, sum: price };
  return {
    auction,
    day,
    total: before.total + 1,
    rank1: before.rank1 + rank1,
    rank2: before.rank2 + rank2,
    rank3: before.rank3 + rank3,
    min: Math.min(before.min, price),
    max: Math.max(before.max, price),
    sum: before.sum + price,
  };
}

export default query({
  results: (events) =>
    events
      .inOrder(events.bids().map(({ auction, price, dateTime }) => ({ auction, day: dayOf(dateTime), price })))
      .returns(PriceType)
      .keyBy(({ auction, day }) => pairKey(auction, day))
      .process(() => new Collect()),
  row: ({ auction, day, total, rank1, rank2, rank3, min, max, sum }) => [
    auction,
    dayText(day),
    total,
    rank1,
    rank2,
    rank3,
    min,
    max,
    Math.trunc(sum / total),
    sum,
  ],
  keyColumns: 2,
});

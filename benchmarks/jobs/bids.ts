import { DataGeneratorSource } from '@millrace/connectors/datagen';
import { Types } from 'millrace';

const Bid = Types.row({ auction: Types.LONG, bidder: Types.LONG, price: Types.LONG, at: Types.LONG });
const BidWithStrings = Types.row({
  auction: Types.LONG,
  bidder: Types.LONG,
  price: Types.LONG,
  at: Types.LONG,
  channel: Types.STRING,
  url: Types.STRING,
});
const START = 1_700_000_000_000;
const PER_MS = 200; // of event time, over all subtasks

/** 10 000 auctions, 5 000 bidders; a well-mixed function of the index, so that any subtask can make any record. */
function mix(index: number): number {
  let h = Math.imul(index ^ (index >>> 15), 0x2c1b3c6d);
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
  return (h ^ (h >>> 15)) >>> 0;
}

export function bids(records: number) {
  const generate = (n: number) => {
    const x = mix(n);
    return {
      auction: 1_000 + ((x >>> 8) % 10_000),
      bidder: 1_000 + ((x >>> 4) % 5_000),
      price: (x >>> 10) % 10_000,
      at: START + Math.floor(n / PER_MS),
    };
  };
  return new DataGeneratorSource(generate, records, { type: Bid });
}

export function bidsWithStrings(records: number) {
  const generate = (n: number) => {
    const x = mix(n);
    return {
      auction: 1_000 + ((x >>> 8) % 10_000),
      bidder: 1_000 + ((x >>> 4) % 5_000),
      price: (x >>> 10) % 10_000,
      at: START + Math.floor(n / PER_MS),
      channel: 'Google',
      url: 'https://www.nexmark.com/abc/def/item.htm?query=1',
    };
  };
  return new DataGeneratorSource(generate, records, { type: BidWithStrings });
}

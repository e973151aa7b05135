/** The three kinds of events of Nexmark, under the names of its tables. Times are epoch milliseconds, ids and prices whole numbers. */
import { Types, type TypeOf } from 'millrace';

export const PersonType = Types.row({
  type: Types.literal('person'),
  id: Types.LONG,
  name: Types.STRING,
  emailAddress: Types.STRING,
  creditCard: Types.STRING,
  city: Types.STRING,
  state: Types.STRING,
  dateTime: Types.LONG,
  extra: Types.STRING,
});
export type Person = TypeOf<typeof PersonType>;

export const AuctionType = Types.row({
  type: Types.literal('auction'),
  id: Types.LONG,
  itemName: Types.STRING,
  description: Types.STRING,
  initialBid: Types.LONG,
  reserve: Types.LONG,
  dateTime: Types.LONG,
  expires: Types.LONG,
  seller: Types.LONG,
  category: Types.LONG,
  extra: Types.STRING,
});
export type Auction = TypeOf<typeof AuctionType>;

export const BidType = Types.row({
  type: Types.literal('bid'),
  auction: Types.LONG,
  bidder: Types.LONG,
  price: Types.LONG,
  channel: Types.STRING,
  url: Types.STRING,
  dateTime: Types.LONG,
  extra: Types.STRING,
});
export type Bid = TypeOf<typeof BidType>;

export const EventType = Types.union(BidType, AuctionType, PersonType);
export type Event = TypeOf<typeof EventType>;

/**
 * Nexmark's events as a pure function of their number.
 *
 * The proportions, ids, hot keys, sizes and times are those of the public generator; that one draws from an unseeded source and begins at the wall clock, this one
 * draws from the event's number and begins at a fixed time, so that every run has the same events, whoever makes them.
 *
 * G1 of fifty events the first is a person, three are auctions, forty-six are bids; ids follow from the event's number.
 * G2 event n has the time `BASE_TIME` + ⌊n × 10^6 / rate⌋ µs, in whole milliseconds: times ascend.
 */
import { channels, NAMED, NUMBERED, urls } from './channels.ts';
import type { Auction, Bid, Event, Person } from './model.ts';
import { SeededRandom } from './random.ts';

/** 2015-07-15T00:00:00Z. */
export const BASE_TIME = 1_436_918_400_000;
/** Events in a second of event time. */
export const DEFAULT_RATE = 100_000;

const PERSONS = 1;
const AUCTIONS = 3;
const ROUND = 50;
const FIRST_PERSON_ID = 1_000;
const FIRST_AUCTION_ID = 1_000;
const FIRST_CATEGORY_ID = 10;
const CATEGORIES = 5;
const ACTIVE_PEOPLE = 1_000;
const PEOPLE_AHEAD = 10;
const AUCTIONS_IN_FLIGHT = 100;
const AUCTIONS_AHEAD = 10;
const HOT_SELLERS_IN = 4;
const HOT_AUCTIONS_IN = 2;
const HOT_BIDDERS_IN = 4;
const HOT_CHANNELS_IN = 2;
const HOT_SPAN = 100; // one in so many ids is hot, while it is among the last
const AUCTION_EVENTS = Math.floor((AUCTIONS_IN_FLIGHT * ROUND) / AUCTIONS);
const PERSON_BYTES = 200;
const AUCTION_BYTES = 500;
const BID_BYTES = 100;
const BID_BYTES_OF_NUMBERS = 32;

const FIRST_NAMES = ['Alfa', 'Bravo', 'Charlie', 'Delta', 'Echo', 'Foxtrot', 'Golf', 'Hotel', 'India', 'Juliett', 'Kilo'];
const LAST_NAMES = ['Amber', 'Beige', 'Cyan', 'Denim', 'Ecru', 'Fawn', 'Green', 'Heather', 'Indigo'];
const CITIES = ['Phoenix', 'Los Angeles', 'San Francisco', 'Boise', 'Portland', 'Bend', 'Redmond', 'Seattle', 'Kent', 'Cheyenne'];
const STATES = ['AZ', 'CA', 'ID', 'OR', 'WA', 'WY'];
const FOUR_DIGITS = Array.from({ length: 10_000 }, (_, number) => String(number).padStart(4, '0'));

const random = new SeededRandom();

/** Makes event n, counted from 0, at so many events in a second of event time. */
export function nexmarkGenerator(rate: number = DEFAULT_RATE): (n: number) => Event {
  const microsBetween = 1_000_000 / rate;
  const timeOf = (n: number) => BASE_TIME + Math.floor(Math.floor(n * microsBetween) / 1_000);
  return (n) => {
    random.seed(n);
    const round = Math.floor(n / ROUND);
    const place = n - round * ROUND;
    const at = timeOf(n);
    if (place >= PERSONS + AUCTIONS) return bid(round, at);
    return place < PERSONS ? person(round, at) : auction(round, place - PERSONS, { at, until: timeOf(n + AUCTION_EVENTS) });
  };
}

// People and auctions are numbered from 0 here; their ids begin at the first id. In round r person r is the last one, and auction 3r + 2 once all of the round exist.

function person(last: number, dateTime: number): Person {
  const name = `${oneOf(FIRST_NAMES)} ${oneOf(LAST_NAMES)}`;
  const emailAddress = `${random.text(7, ' ')}@${random.text(5, ' ')}.com`;
  const creditCard = `${fourDigits()} ${fourDigits()} ${fourDigits()} ${fourDigits()}`;
  const city = oneOf(CITIES);
  const state = oneOf(STATES);
  const size = 8 + name.length + emailAddress.length + creditCard.length + city.length + state.length;
  return {
    type: 'person',
    id: FIRST_PERSON_ID + last,
    name,
    emailAddress,
    creditCard,
    city,
    state,
    dateTime,
    extra: extra(size, PERSON_BYTES),
  };
}

function auction(round: number, place: number, { at, until }: { readonly at: number; readonly until: number }): Auction {
  const seller = FIRST_PERSON_ID + (random.below(HOT_SELLERS_IN) > 0 ? hot(round) : nearbyPerson(round));
  const category = FIRST_CATEGORY_ID + random.below(CATEGORIES);
  const initialBid = random.price();
  const expires = at + 1 + random.belowGreat(Math.max((until - at) * 2, 1));
  const itemName = random.text(20, ' ');
  const description = random.text(100, ' ');
  const reserve = initialBid + random.price();
  return {
    type: 'auction',
    id: FIRST_AUCTION_ID + round * AUCTIONS + place,
    itemName,
    description,
    initialBid,
    reserve,
    dateTime: at,
    expires,
    seller,
    category,
    extra: extra(8 + itemName.length + description.length + 5 * 8, AUCTION_BYTES),
  };
}

function bid(round: number, dateTime: number): Bid {
  const last = round * AUCTIONS + AUCTIONS - 1;
  // One draw for all that is one of a power of two.
  const bits = random.next();
  const isHotAuction = bits % HOT_AUCTIONS_IN !== 0;
  const isHotBidder = (bits >>> 4) % HOT_BIDDERS_IN !== 0;
  const isNamedChannel = (bits >>> 8) % HOT_CHANNELS_IN !== 0;
  const auction = FIRST_AUCTION_ID + (isHotAuction ? hot(last) : nearbyAuction(last));
  // The public generator adds the first id twice: bidders are 1000 apart from persons, which only queries that join the two notice.
  const bidder = FIRST_PERSON_ID * 2 + (isHotBidder ? hot(round) + 1 : nearbyPerson(round));
  const price = random.price();
  const channel = isNamedChannel ? (bits >>> 12) % NAMED.length : NAMED.length + random.below(NUMBERED);
  return {
    type: 'bid',
    auction,
    bidder,
    price,
    channel: channels[channel] as string,
    url: urls[channel] as string,
    dateTime,
    extra: extra(BID_BYTES_OF_NUMBERS, BID_BYTES),
  };
}

function hot(last: number): number {
  return last - (last % HOT_SPAN);
}

/** One of the last thousand people, or of ten that do not exist yet. */
function nearbyPerson(last: number): number {
  const active = Math.min(last + 1, ACTIVE_PEOPLE);
  return last + 1 - active + random.below(active + PEOPLE_AHEAD);
}

/** One of the last hundred auctions, or of ten that do not exist yet. */
function nearbyAuction(last: number): number {
  const first = Math.max(last - AUCTIONS_IN_FLIGHT, 0);
  return first + random.below(last - first + 1 + AUCTIONS_AHEAD);
}

function oneOf<T>(values: readonly T[]): T {
  return values[random.below(values.length)] as T;
}

function fourDigits(): string {
  return FOUR_DIGITS[random.below(FOUR_DIGITS.length)] as string;
}

/** Fills an event up to its mean size, give or take a fifth of what is missing. */
function extra(size: number, meanSize: number): string {
  if (size > meanSize) return '';
  const missing = meanSize - size;
  const spread = Math.round(missing * 0.2);
  return random.letters(missing - spread + (spread === 0 ? 0 : random.below(2 * spread)));
}

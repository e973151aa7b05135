/**
 * What the queries must give, computed from all events at once: for reading, not for speed, and without the engine. `rows` are final rows in no particular order.
 * A watermark of `dateTime` − 4 s follows every event: a bid is late for a window whose last millisecond it has reached.
 */
import type { Auction, Bid, Event, Person } from './model.ts';
import type { Column, Row } from './query.ts';

const WATERMARK_DELAY_MS = 4_000;
const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;

interface Timed<E> {
  readonly event: E;
  /** Before the event. */
  readonly watermark: number;
}

export function referenceRows(query: string, events: readonly Event[]): Row[] {
  const compute = references[query];
  if (compute === undefined) throw new Error(`There is no reference for '${query}'. It is one of ${Object.keys(references).join(', ')}.`);
  return compute(tablesOf(events));
}

export const references: Readonly<Record<string, (tables: Tables) => Row[]>> = {
  q0: ({ bids }) => bids.map((b) => [b.auction, b.bidder, b.price, b.dateTime, b.extra]),

  q1: ({ bids }) => bids.map((b) => [b.auction, b.bidder, decimal(b.price), b.dateTime, b.extra]),

  q2: ({ bids }) => bids.filter((b) => b.auction % 123 === 0).map((b) => [b.auction, b.price]),

  q3: ({ auctions, persons }) =>
    pairs(
      auctions.filter((a) => a.category === 10),
      persons.filter((p) => ['OR', 'ID', 'CA'].includes(p.state)),
      (a) => a.seller,
      (p) => p.id,
    ).map(([a, p]) => [p.name, p.city, p.state, a.id]),

  q4: ({ auctions, bids }) => {
    const inTime = pairs(
      bids,
      auctions,
      (b) => b.auction,
      (a) => a.id,
    ).filter(([b, a]) => b.dateTime >= a.dateTime && b.dateTime <= a.expires);
    const winners = [...groups(inTime, ([, a]) => [a.id, a.category]).values()].map((group) => ({
      category: group[0]![1].category,
      price: greatest(group.map(([b]) => b.price)),
    }));
    return [...groups(winners, (w) => [w.category]).values()].map((group) => [
      group[0]!.category,
      truncatedMean(group.map((w) => w.price)),
    ]);
  },

  q5: ({ timedBids }) => {
    const counted = windowed(timedBids, 10 * SECOND_MS, 2 * SECOND_MS);
    return [...groups(counted, (c) => [c.start]).values()].flatMap((window) => {
      const counts = [...groups(window, (c) => [c.event.auction]).values()].map((bids) => [bids[0]!.event.auction, bids.length] as const);
      const most = greatest(counts.map(([, count]) => count));
      return counts.filter(([, count]) => count === most);
    });
  },

  q7: ({ bids, timedBids }) => {
    const size = 10 * SECOND_MS;
    const maxima = [...groups(windowed(timedBids, size, size), (c) => [c.start]).values()].map((window) => ({
      price: greatest(window.map((c) => c.event.price)),
      start: window[0]!.start,
    }));
    return pairs(
      bids,
      maxima,
      (b) => b.price,
      (m) => m.price,
    )
      .filter(([b, m]) => b.dateTime >= m.start && b.dateTime <= m.start + size)
      .map(([b]) => [b.auction, b.price, b.bidder, b.dateTime, b.extra]);
  },

  q8: ({ timedAuctions, timedPersons }) => {
    const size = 10 * SECOND_MS;
    const sellers = new Set(windowed(timedAuctions, size, size).map(({ event, start }) => `${event.seller} ${start}`));
    const users = groups(windowed(timedPersons, size, size), ({ event, start }) => [event.id, event.name, start]);
    return [...users.values()]
      .map(([user]) => user!)
      .filter(({ event, start }) => sellers.has(`${event.id} ${start}`))
      .map(({ event, start }) => [event.id, event.name, start]);
  },

  q11: ({ timedBids }) => [...groups(timedBids, ({ event }) => [event.bidder]).values()].flatMap(sessions),

  /** Bids of each bidder: over all windows, whose times hang on the clock. */
  q12: ({ bids }) => [...groups(bids, (b) => [b.bidder]).values()].map((group) => [group[0]!.bidder, group.length]),

  q14: ({ bids }) =>
    bids
      .filter((b) => b.price * 908 > 1_000_000_000 && b.price * 908 < 50_000_000_000)
      .map((b) => [b.auction, b.bidder, decimal(b.price), timeOfDay(b.dateTime), b.dateTime, b.extra, b.extra.split('c').length - 1]),

  q17: ({ bids }) =>
    [...groups(bids, (b) => [b.auction, dayOf(b)]).values()].map((group) => {
      const prices = group.map((b) => b.price);
      const ranks = [
        prices.filter((p) => p < 10_000),
        prices.filter((p) => p >= 10_000 && p < 1_000_000),
        prices.filter((p) => p >= 1_000_000),
      ];
      const sum = prices.reduce((a, b) => a + b, 0);
      return [
        group[0]!.auction,
        dayOf(group[0]!),
        prices.length,
        ...ranks.map((rank) => rank.length),
        Math.min(...prices),
        greatest(prices),
        truncatedMean(prices),
        sum,
      ];
    }),

  q18: ({ bids }) =>
    [...groups(bids, (b) => [b.bidder, b.auction]).values()]
      .map((group) => group.reduce((last, bid) => (bid.dateTime >= last.dateTime ? bid : last)))
      .map((b) => [b.auction, b.bidder, b.price, b.channel, b.url, b.dateTime, b.extra]),

  q20: ({ auctions, bids }) =>
    pairs(
      bids,
      auctions.filter((a) => a.category === 10),
      (b) => b.auction,
      (a) => a.id,
    ).map(([b, a]) => [
      ...[b.auction, b.bidder, b.price, b.channel, b.url, b.dateTime, b.extra],
      ...[a.itemName, a.description, a.initialBid, a.reserve, a.dateTime, a.expires, a.seller, a.category, a.extra],
    ]),

  q22: ({ bids }) =>
    bids.map((b) => [b.auction, b.bidder, b.price, b.channel, ...[3, 4, 5].map((part): Column => b.url.split('/')[part] ?? null)]),
};

interface Tables {
  readonly bids: readonly Bid[];
  readonly auctions: readonly Auction[];
  readonly persons: readonly Person[];
  readonly timedBids: readonly Timed<Bid>[];
  readonly timedAuctions: readonly Timed<Auction>[];
  readonly timedPersons: readonly Timed<Person>[];
}

function tablesOf(events: readonly Event[]): Tables {
  let watermark = Number.NEGATIVE_INFINITY;
  const timed = events.map((event) => {
    const before = watermark;
    watermark = Math.max(watermark, event.dateTime - WATERMARK_DELAY_MS);
    return { event, watermark: before };
  });
  const timedBids = timed.filter((t): t is Timed<Bid> => t.event.type === 'bid');
  const timedAuctions = timed.filter((t): t is Timed<Auction> => t.event.type === 'auction');
  const timedPersons = timed.filter((t): t is Timed<Person> => t.event.type === 'person');
  return {
    bids: timedBids.map((t) => t.event),
    auctions: timedAuctions.map((t) => t.event),
    persons: timedPersons.map((t) => t.event),
    timedBids,
    timedAuctions,
    timedPersons,
  };
}

/** Every event with each of its windows that it is not late for. */
function windowed<E extends Event>(events: readonly Timed<E>[], size: number, slide: number): { event: E; start: number }[] {
  return events.flatMap(({ event, watermark }) => {
    const last = Math.floor(event.dateTime / slide) * slide;
    const starts = Array.from({ length: size / slide }, (_, index) => last - index * slide);
    return starts.filter((start) => start + size - 1 > watermark).map((start) => ({ event, start }));
  });
}

/** A late bid is taken in by a session that is still open and touches it; others open a session of their own unless that would have ended. */
function sessions(bids: readonly Timed<Bid>[]): Row[] {
  const gap = 10 * SECOND_MS;
  const open: { start: number; end: number; count: number }[] = [];
  const closed: typeof open = [];
  for (const { event, watermark } of bids) {
    for (const session of open.filter(({ end }) => end - 1 <= watermark)) closed.push(...open.splice(open.indexOf(session), 1));
    const merged = { start: event.dateTime, end: event.dateTime + gap, count: 1 };
    const touching = open.filter(({ start, end }) => start <= merged.end && end >= merged.start);
    for (const session of touching) {
      open.splice(open.indexOf(session), 1);
      merged.start = Math.min(merged.start, session.start);
      merged.end = Math.max(merged.end, session.end);
      merged.count += session.count;
    }
    if (merged.end - 1 > watermark) open.push(merged);
  }
  return [...closed, ...open].map(({ start, end, count }) => [bids[0]!.event.bidder, count, start, end]);
}

/** All pairs with equal keys. */
function pairs<A, B>(left: readonly A[], right: readonly B[], leftKey: (a: A) => number, rightKey: (b: B) => number): [A, B][] {
  const byKey = groups(right, (b) => [rightKey(b)]);
  return left.flatMap((a) => (byKey.get(JSON.stringify([leftKey(a)])) ?? []).map((b): [A, B] => [a, b]));
}

function groups<T>(values: readonly T[], keyOf: (value: T) => readonly Column[]): Map<string, T[]> {
  const found = new Map<string, T[]>();
  for (const value of values) {
    const key = JSON.stringify(keyOf(value));
    const group = found.get(key);
    if (group === undefined) found.set(key, [value]);
    else group.push(value);
  }
  return found;
}

function greatest(values: readonly number[]): number {
  return values.reduce((a, b) => Math.max(a, b));
}

function truncatedMean(values: readonly number[]): number {
  return Math.trunc(values.reduce((a, b) => a + b, 0) / values.length);
}

/** 0.908 × price with three places. */
function decimal(price: number): string {
  const whole = Math.floor((price * 908) / 1_000);
  return `${whole}.${String(price * 908 - whole * 1_000).padStart(3, '0')}`;
}

function dayOf(bid: Bid): string {
  return new Date(bid.dateTime).toISOString().slice(0, 10);
}

function timeOfDay(dateTime: number): string {
  const hour = Math.floor(dateTime / HOUR_MS) % 24;
  if (hour >= 8 && hour <= 18) return 'dayTime';
  return hour <= 6 || hour >= 20 ? 'nightTime' : 'otherTime';
}

/**
 * An auction meets its bids: one keyed stream of both, so that a bid comes after its auction where the source had them in that order. Bids that are early wait;
 * afterwards only the auction is kept. It is known of Nexmark that an auction comes once.
 */
import {
  type Collector,
  type Emittable,
  KeyedProcessFunction,
  type KeyedRuntimeContext,
  type ListState,
  ListStateDescriptor,
  type TypeInformation,
  type ValueState,
  ValueStateDescriptor,
} from 'millrace';

export abstract class AuctionBids<I, A extends I, B extends I, S extends Emittable, R> extends KeyedProcessFunction<number, I, R> {
  #auction!: ValueState<S>;
  #early!: ListState<B>;
  readonly #types: { readonly auction: TypeInformation<S>; readonly bid: TypeInformation<B> };

  constructor(types: { readonly auction: TypeInformation<S>; readonly bid: TypeInformation<B> }) {
    super();
    this.#types = types;
  }

  override open(context: KeyedRuntimeContext): void {
    this.#auction = context.getState(new ValueStateDescriptor('auction', this.#types.auction));
    this.#early = context.getListState(new ListStateDescriptor('early bids', this.#types.bid));
  }

  override processElement(element: I, _context: unknown, out: Collector<R>): void {
    if (this.isBid(element)) this.#bid(element, out);
    else this.#open(element as A, out);
  }

  protected abstract isBid(element: I): element is I & B;
  /** What is kept of an auction. */
  protected abstract kept(auction: A): S;
  /** Returns what is kept of the auction from now on, the same object if nothing changes. */
  protected abstract meet(auction: S, bid: B, out: Collector<R>): S;

  #open(auction: A, out: Collector<R>): void {
    let kept = this.kept(auction);
    for (const bid of this.#early.get()) kept = this.meet(kept, bid, out);
    this.#early.clear();
    this.#auction.update(kept);
  }

  #bid(bid: B, out: Collector<R>): void {
    const auction = this.#auction.value();
    if (auction === undefined) {
      this.#early.add(bid);
      return;
    }
    const kept = this.meet(auction, bid, out);
    if (kept !== auction) this.#auction.update(kept);
  }
}

/** Who sells in category 10 from Oregon, Idaho or California? Auctions joined with persons, both kept for good. */
import {
  type Collector,
  type KeyedRuntimeContext,
  KeyedCoProcessFunction,
  type ListState,
  ListStateDescriptor,
  Types,
  type TypeOf,
} from 'millrace';
import { query } from '../query.ts';

const SaleType = Types.row({ id: Types.LONG, seller: Types.LONG });
type Sale = TypeOf<typeof SaleType>;
const SellerType = Types.row({ id: Types.LONG, name: Types.STRING, city: Types.STRING, state: Types.STRING });
type Seller = TypeOf<typeof SellerType>;

interface Result {
  readonly name: string;
  readonly city: string;
  readonly state: string;
  readonly id: number;
}

class Join extends KeyedCoProcessFunction<number, Sale, Seller, Result> {
  #sales!: ListState<Sale>;
  #sellers!: ListState<Seller>;

  override open(context: KeyedRuntimeContext): void {
    this.#sales = context.getListState(new ListStateDescriptor('sales', SaleType));
    this.#sellers = context.getListState(new ListStateDescriptor('sellers', SellerType));
  }

  override processElement1(sale: Sale, _context: unknown, out: Collector<Result>): void {
    this.#sales.add(sale);
    for (const seller of this.#sellers.get()) out.collect(resultOf(sale, seller));
  }

  override processElement2(seller: Seller, _context: unknown, out: Collector<Result>): void {
    this.#sellers.add(seller);
    for (const sale of this.#sales.get()) out.collect(resultOf(sale, seller));
  }
}

function resultOf(sale: Sale, { name, city, state }: Seller): Result {
  return { name, city, state, id: sale.id };
}

export default query({
  results: (events) => {
    const sales = events
      .inOrder(events.inOrder(events.auctions().filter((auction) => auction.category === 10)).map(({ id, seller }) => ({ id, seller })))
      .returns(SaleType);
    const local = events.persons().filter(({ state }) => state === 'OR' || state === 'ID' || state === 'CA');
    const sellers = events
      .inOrder(events.inOrder(local).map(({ id, name, city, state }) => ({ id, name, city, state })))
      .returns(SellerType);
    return sales
      .keyBy((sale) => sale.seller)
      .connect(sellers.keyBy((seller) => seller.id))
      .process(() => new Join());
  },
  row: (result) => [result.name, result.city, result.state, result.id],
});

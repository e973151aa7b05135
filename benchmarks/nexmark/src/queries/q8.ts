/** New users: persons who opened an auction in the ten seconds in which they came. */
import { TumblingEventTimeWindows, Types } from 'millrace';
import { query } from '../query.ts';

const PersonType = Types.row({ id: Types.LONG, name: Types.STRING });

/** One of each name that the id came with, if it sold something. */
interface Both {
  readonly names: string[];
  sold: boolean;
}

export default query({
  results: (events) => {
    const persons = events.inOrder(
      events
        .persons()
        .map(({ id, name }) => ({ id, name }))
        .returns(PersonType),
    );
    const sellers = events.inOrder(
      events
        .auctions()
        .map(({ seller }) => ({ id: seller, name: '' }))
        .returns(PersonType),
    );
    return persons
      .union(sellers)
      .keyBy(({ id }) => id)
      .window(TumblingEventTimeWindows.of('10 s'))
      .aggregate(
        {
          createAccumulator: (): Both => ({ names: [], sold: false }),
          add({ name }, both) {
            if (name === '') both.sold = true;
            else if (!both.names.includes(name)) both.names.push(name);
            return both;
          },
          getResult: ({ names, sold }) => (sold ? names : []),
        },
        (id, window, names) => ({ id, names, stime: window.start }),
      )
      .flatMap(({ id, names, stime }) => names.map((name) => ({ id, name, stime })));
  },
  row: (user) => [user.id, user.name, user.stime],
});

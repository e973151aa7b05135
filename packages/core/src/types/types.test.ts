// What TypeScript infers from Types. The claims are checked by the compiler; nothing runs.
import { it } from 'node:test';
import { z } from 'zod';
import type { OptionalTypeInformation, TypeInformation } from './type-information.ts';
import { type TypeOf, Types } from './types.ts';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Expect<T extends true> = T;

const Row = Types.row({
  id: Types.LONG,
  tags: Types.list(Types.STRING),
  size: Types.nullable(Types.DOUBLE),
  note: Types.optional(Types.STRING),
  at: Types.INSTANT,
  kind: Types.literal('a', 'b'),
  by: Types.map(Types.STRING, Types.BIG_INT),
  pair: Types.tuple(Types.INT, Types.BOOLEAN),
  inner: Types.row({ x: Types.BYTES }),
  either: Types.union(Types.STRING, Types.INT),
});
const Parsed = Types.schema(z.object({ a: z.number(), at: z.coerce.date(), n: z.string().transform((word) => word.length) }));
const Plain = Types.schema<{ a: number }>({ type: 'object', properties: { a: { type: 'number' } }, required: ['a'] });
const note = Types.optional(Types.STRING);

export type TypesAre = [
  Expect<
    Equal<
      TypeOf<typeof Row>,
      {
        id: number;
        tags: string[];
        size: number | null;
        note?: string;
        at: Date;
        kind: 'a' | 'b';
        by: Map<string, bigint>;
        pair: [number, boolean];
        inner: { x: Uint8Array };
        either: string | number;
      }
    >
  >,
  Expect<Equal<TypeOf<typeof Parsed>, { a: number; at: Date; n: number }>>,
  Expect<Equal<typeof Plain, TypeInformation<{ a: number }>>>,
  Expect<Equal<typeof note, OptionalTypeInformation<string>>>,
];

// @ts-expect-error a type is invariant: one of numbers does not stand for one of numbers and strings
export const wider: TypeInformation<number | string> = Types.INT;

it('is compiled', () => undefined);

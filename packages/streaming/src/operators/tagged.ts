/** Records of two streams as one stream: what window join and coGroup run on, so that their windows are those of any keyed stream. */
import type { TypeInformation } from '@millrace/core/types/type-information';
import { Types } from '@millrace/core/types/types';

export interface Tagged<A = unknown, B = unknown> {
  readonly first?: A;
  readonly second?: B;
}

export function tagFirst<A>(record: A): Tagged<A, never> {
  return { first: record };
}

export function tagSecond<B>(record: B): Tagged<never, B> {
  return { second: record };
}

/** No record is `undefined`, but `null` is one. */
export function isFirst(tagged: Tagged): boolean {
  return tagged.first !== undefined;
}

export function untag<A, B>(tagged: Tagged<A, B>): A | B {
  return (isFirst(tagged) ? tagged.first : tagged.second) as A | B;
}

/** Known only where both streams declare theirs; else it is learned. */
export function taggedType(
  first: TypeInformation<unknown> | undefined,
  second: TypeInformation<unknown> | undefined,
): TypeInformation<Tagged> | undefined {
  if (first === undefined || second === undefined) return undefined;
  return Types.row({ first: Types.optional(first), second: Types.optional(second) }) as unknown as TypeInformation<Tagged>;
}

/** The two streams' records among the elements of a window, each in their order. */
export function separated(elements: Iterable<Tagged>): { readonly first: readonly unknown[]; readonly second: readonly unknown[] } {
  const first: unknown[] = [];
  const second: unknown[] = [];
  for (const element of elements) {
    if (isFirst(element)) first.push(element.first);
    else second.push(element.second);
  }
  return { first, second };
}

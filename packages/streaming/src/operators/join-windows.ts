/** What window join and coGroup do with the elements of a window that fires. */
import type { FlatWindowFunction } from './window-spec.ts';
import { iteratorOf } from './iterable-emitter.ts';
import { separated, type Tagged } from './tagged.ts';

type JoinFunction = (first: unknown, second: unknown) => unknown;
type CoGroupFunction = (first: Iterable<unknown>, second: Iterable<unknown>) => unknown;
type TaggedWindowFunction = FlatWindowFunction<unknown, never, Iterable<Tagged>, unknown>;

/** Every pair of a first and a second record, first by first; nothing where one side is empty. */
export function joinFunction(fn: JoinFunction, emits: 'one' | 'many'): TaggedWindowFunction {
  return { flat: (_key, _window, elements) => pairs(fn, emits, elements) };
}

function* pairs(fn: JoinFunction, emits: 'one' | 'many', elements: Iterable<Tagged>): Generator<unknown> {
  const { first, second } = separated(elements);
  for (const left of first) for (const right of second) yield* resultOf(fn(left, right), emits, 'flatApply of a window join');
}

/** Once for each firing, one side may be empty. */
export function coGroupFunction(fn: CoGroupFunction, emits: 'one' | 'many'): TaggedWindowFunction {
  return { flat: (_key, _window, elements) => groups(fn, emits, elements) };
}

function* groups(fn: CoGroupFunction, emits: 'one' | 'many', elements: Iterable<Tagged>): Generator<unknown> {
  const { first, second } = separated(elements);
  yield* resultOf(fn(first, second), emits, 'flatApply of a coGroup');
}

function* resultOf(result: unknown, emits: 'one' | 'many', where: string): Generator<unknown> {
  if (result === undefined) return;
  if (emits === 'one') yield result;
  else yield* { [Symbol.iterator]: () => iteratorOf(result, where) as Iterator<unknown> };
}

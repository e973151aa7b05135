import { InvariantError } from './errors.ts';

/**
 * Fails the caller when something that the code relies on does not hold: our bug, never the user's.
 * The message is built only on failure, so a check costs one comparison.
 */
export function invariant(condition: boolean, message: () => string): asserts condition {
  if (!condition) throw new InvariantError(message());
}

/** Marks the arm of a switch over a closed union that no value reaches. */
export function unreachable(value: never, where: string): never {
  throw new InvariantError(`${where}: no case for ${String(value)}`);
}

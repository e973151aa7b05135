/**
 * Holds the first values that a program has for a state against what another program has stored there, where neither declares a type: the earliest moment at which the two can be
 * compared. A program that goes on with its own state is not held to what it happened to store before.
 */
import { UsageError } from '@millrace/core/base/errors';
import { describeType } from '@millrace/core/types/descriptions';
import type { TypeDescription } from '@millrace/core/types/type-information';
import { TypeLearner } from '@millrace/core/types/type-learner';
import { differencesOf } from './type-differences.ts';

/** Throws a `UsageError` for a value that would be read wrongly beside those that are stored. */
export type StoredTypeGuard = (value: unknown) => void;

const LOOKED_AT = 100;

/** `stored` is asked at the first value; it gives undefined where nothing is stored. `what` is for the message: `State 'last'`; `part` of it: `value`, `key`. */
export function storedTypeGuard(what: string, part: string, stored: () => TypeDescription | undefined): StoredTypeGuard {
  let left = LOOKED_AT;
  let before: TypeDescription | undefined;
  return (value) => {
    if (left === 0) return;
    if (left === LOOKED_AT) before = stored();
    left = before === undefined ? 0 : left - 1;
    if (before !== undefined) compare(before, value, { what, part });
  };
}

function compare(stored: TypeDescription, value: unknown, place: { readonly what: string; readonly part: string }): void {
  const learner = new TypeLearner();
  learner.learn(value);
  const { learned } = learner;
  const differences = learned === undefined ? [] : differencesOf(stored, learned, place.part);
  if (learned !== undefined && differences.length > 0) throw refused(stored, learned, { ...place, differences });
}

function refused(
  stored: TypeDescription,
  learned: TypeDescription,
  { what, part, differences }: { readonly what: string; readonly part: string; readonly differences: readonly string[] },
): UsageError {
  return new UsageError(
    `${what} cannot go on from the checkpoint: ${differences.join('; ')}. The checkpoint was made by another program, whose ${part} is ${describeType(stored)}; ` +
      `this one has ${describeType({ kind: 'shape', learned })}. Fields may come and go where no type is declared, but not change their kind. Give the state another name, ` +
      'or its operator another uid; or, if both kinds are meant, declare the type.',
    { reason: 'state-incompatible' },
  );
}

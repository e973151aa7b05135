/** The failure of a task as plain data. What does not say its own kind comes from user code: nothing else throws in a task without one. */
import type { FailureDescription } from '../protocol/execution-state.ts';
import { describeFailure as describe } from '../protocol/failure-description.ts';

/** What was described, for whoever holds the description in the same thread. */
const errors = new WeakMap<FailureDescription, unknown>();

export function describeFailure(error: unknown): FailureDescription {
  const description = describe(error, 'user-code');
  errors.set(description, error);
  return description;
}

/** The error itself, class and all, where the description has not left its thread; else undefined. */
export function describedError(description: FailureDescription): unknown {
  return errors.get(description);
}

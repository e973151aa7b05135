import { DataError } from '../base/errors.ts';

/** Why a value cannot be written, and where in the record it is. Made only when there is something to refuse. */
export interface Refusal {
  /** Steps from the value outwards, so the innermost is first: `.x`, `[3]`. */
  readonly steps: string[];
  /** What was found there. */
  readonly seen: string;
  /** What may stand there, and what to do about it. */
  readonly allowed: string;
}

export const ALLOWED =
  'Records may hold numbers, strings, booleans, null, undefined, bigint, Date, plain objects, arrays, Map, Set and typed arrays. Make it one of these, ' +
  'for instance a plain object of the fields that matter, before it is emitted.';

export function refusal(seen: string, allowed: string = ALLOWED): Refusal {
  return { steps: [], seen, allowed };
}

/** `step` leads from the value outside to the one that was refused. */
export function within(step: string, inner: Refusal | undefined): Refusal | undefined {
  inner?.steps.push(step);
  return inner;
}

export function stepTo(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}

/** To the content of a map. */
export function stepToKey(key: unknown): string {
  return typeof key === 'object' && key !== null ? '.get(…)' : `.get(${typeof key === 'string' ? JSON.stringify(key) : String(key)})`;
}

/** Steps shown at either end of a long path. */
const SHOWN = 8;

export function pathOf(found: Refusal): string {
  const steps = found.steps.toReversed();
  const shown = steps.length <= 2 * SHOWN ? steps : [...steps.slice(0, SHOWN), '…', ...steps.slice(-SHOWN)];
  return `$${shown.join('')}`;
}

export function refusalError(found: Refusal, type: string): DataError {
  return new DataError(`The value at ${pathOf(found)} cannot be written as ${type}: it is ${found.seen}. ${found.allowed}`, {
    reason: 'refused',
  });
}

/** What codecs throw from within; the one that was called looks for the place and throws the error with the path. */
export function refused(): DataError {
  return new DataError('The value cannot be written.', { reason: 'refused' });
}

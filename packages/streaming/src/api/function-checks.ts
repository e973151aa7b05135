/** Refuses, when a graph is made, functions that the record path cannot call. The compiler refuses them first; plain JavaScript and `as` come this far. */
import { UsageError } from '@millrace/core/base/errors';

/** `where` is the call and `what` the argument, for the message: `map`, `a function from record to record`. */
export function checkFunction(fn: unknown, where: string, what = 'a function'): void {
  if (typeof fn !== 'function') throw new UsageError(`${where} got ${show(fn)}. Give it ${what}.`);
  checkSynchronous(fn, where);
}

/** For functions that return one value: a generator would return its generator object. */
export function checkPlainFunction(fn: unknown, where: string, what?: string): void {
  checkFunction(fn, where, what);
  if (tagOf(fn) === 'GeneratorFunction') {
    throw new UsageError(
      `${where} got a generator function${nameOf(fn)}, but it takes one value from each call. Use flatMap for functions that yield many.`,
    );
  }
}

export function checkSynchronous(fn: unknown, where: string): void {
  const tag = tagOf(fn);
  if (tag !== 'AsyncFunction' && tag !== 'AsyncGeneratorFunction') return;
  const kind = tag === 'AsyncFunction' ? 'an async function' : 'an async generator';
  throw new UsageError(
    `${where} got ${kind}${nameOf(fn)}. Functions in the record path are synchronous; put asynchronous calls into AsyncDataStream.unorderedWait or .orderedWait.`,
    { reason: 'async-function' },
  );
}

/** A value in a message: short, on one line. */
export function show(value: unknown): string {
  if (typeof value === 'function') return `a function${nameOf(value)}`;
  if (typeof value === 'string') return `'${value.length > 60 ? `${value.slice(0, 60)}…` : value}'`;
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) return `an object with ${fieldsOf(value)}`;
  return String(value);
}

function fieldsOf(value: object): string {
  const names = Object.keys(value).slice(0, 5);
  return names.length === 0 ? 'no fields' : names.join(', ');
}

/** Async functions and generators keep their tag across realms and bundles. */
function tagOf(fn: unknown): string {
  return Object.prototype.toString.call(fn).slice('[object '.length, -1);
}

function nameOf(fn: unknown): string {
  const { name } = fn as { readonly name?: unknown };
  return typeof name === 'string' && name !== '' ? ` (${name})` : '';
}

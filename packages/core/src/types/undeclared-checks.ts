/** What the shape codec takes and what it refuses: the structural side of `checks.ts`. */
import { isPlain, kindOf, ownField } from './plain.ts';
import { type Refusal, refusal, stepTo, stepToKey, within } from './refusal.ts';
import { typedArrayIndex } from './typed-arrays.ts';

/** Values nested deeper are refused, and so is what contains itself. Bounds the stack of the decoder as well. */
export const MAX_DEPTH = 500;

/** Arrays up to this length are looked at for properties beside their elements, such as the `index` of a match of a regular expression. */
const LOOKED_AT = 100;

export function undeclaredRefusal(value: unknown, depth: number): Refusal | undefined {
  if (typeof value === 'function' || typeof value === 'symbol') return refusal(kindOf(value));
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth > MAX_DEPTH) return refusal(`nested more than ${MAX_DEPTH} levels deep`, 'Make it flat: a list of its parts, for instance.');
  if (Array.isArray(value)) return Object.getPrototypeOf(value) === Array.prototype ? arrayRefusal(value, depth) : refusal(kindOf(value));
  if (isPlain(value)) return objectRefusal(value, depth);
  return builtInRefusal(value, depth);
}

/** What is nested too deep is looked at again, for the place where it closes upon itself. */
export function rootRefusal(value: unknown): Refusal | undefined {
  const found = undeclaredRefusal(value, 0);
  return found !== undefined && found.steps.length > MAX_DEPTH ? (cycleRefusal(value, new Set()) ?? found) : found;
}

function cycleRefusal(value: unknown, outside: Set<unknown>): Refusal | undefined {
  if (typeof value !== 'object' || value === null || outside.size > MAX_DEPTH) return undefined;
  if (outside.has(value)) {
    return refusal(
      'an object that this one is inside of: it contains itself',
      'Records are trees: leave the way back out, or refer to the other part by a key.',
    );
  }
  outside.add(value);
  for (const [step, content] of contentsOf(value)) {
    const found = cycleRefusal(content, outside);
    if (found !== undefined) return within(step, found);
  }
  outside.delete(value);
  return undefined;
}

function contentsOf(value: object): [step: string, content: unknown][] {
  if (Array.isArray(value)) return value.map((content, index) => [`[${index}]`, content]);
  if (value instanceof Map) return [...value].map(([key, content]) => [stepToKey(key), content]);
  if (value instanceof Set) return [...value].map((content, index) => [`[${index}]`, content]);
  return isPlain(value) ? Object.keys(value).map((key) => [stepTo(key), ownField(value, key)]) : [];
}

function builtInRefusal(value: object, depth: number): Refusal | undefined {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Date.prototype) return undefined;
  if (prototype === Map.prototype) return entriesRefusal(value as Map<unknown, unknown>, depth);
  if (prototype === Set.prototype) return arrayRefusal([...(value as Set<unknown>)], depth);
  if (ArrayBuffer.isView(value) && typedArrayIndex(value) >= 0) return undefined;
  return refusal(kindOf(value));
}

function arrayRefusal(values: readonly unknown[], depth: number): Refusal | undefined {
  for (let index = 0; index < values.length; index++) {
    const found = undeclaredRefusal(values[index], depth + 1);
    if (found !== undefined) return within(`[${index}]`, found);
  }
  if (values.length > LOOKED_AT) return undefined;
  const surplus = Object.keys(values).find((key) => !(Number(key) < values.length));
  if (surplus === undefined) return undefined;
  return within(
    stepTo(surplus),
    refusal(
      'a property of an array beside its elements',
      'It would be lost: emit a copy, such as [...match] of a match of a regular expression.',
    ),
  );
}

function objectRefusal(value: object, depth: number): Refusal | undefined {
  for (const key of Object.keys(value)) {
    const found = undeclaredRefusal(ownField(value, key), depth + 1);
    if (found !== undefined) return within(stepTo(key), found);
  }
  const symbol = Object.getOwnPropertySymbols(value)[0];
  return symbol === undefined ? undefined : within(`[${String(symbol)}]`, refusal('a field whose key is a symbol'));
}

function entriesRefusal(value: Map<unknown, unknown>, depth: number): Refusal | undefined {
  for (const [key, content] of value) {
    const found = undeclaredRefusal(key, depth + 1);
    if (found !== undefined) return within('.keys()', found);
    const inside = undeclaredRefusal(content, depth + 1);
    if (inside !== undefined) return within(stepToKey(key), inside);
  }
  return undefined;
}

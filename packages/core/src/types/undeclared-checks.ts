/** What the shape codec takes and what it refuses: the structural side of `checks.ts`. */
import { isPlain, kindOf, ownField } from './plain.ts';
import { type Refusal, refusal, stepTo, within } from './refusal.ts';
import { typedArrayIndex } from './typed-arrays.ts';

/** Values nested deeper are refused; a structure that contains itself has no end and is found by it. Bounds the stack of the decoder as well. */
export const MAX_DEPTH = 500;

/** Arrays up to this length are looked at for properties beside their elements, such as the `index` of a match of a regular expression. */
const LOOKED_AT = 100;

export function undeclaredRefusal(value: unknown, depth: number): Refusal | undefined {
  if (typeof value === 'function' || typeof value === 'symbol') return refusal(kindOf(value));
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth > MAX_DEPTH)
    return refusal(
      `nested more than ${MAX_DEPTH} levels deep`,
      'It may contain itself. Records are trees: break the cycle, or refer to the other part by a key.',
    );
  if (Array.isArray(value)) return Object.getPrototypeOf(value) === Array.prototype ? arrayRefusal(value, depth) : refusal(kindOf(value));
  if (isPlain(value)) return objectRefusal(value, depth);
  return builtInRefusal(value, depth);
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
    if (inside !== undefined) return within(typeof key === 'object' ? '.get(…)' : `.get(${JSON.stringify(String(key))})`, inside);
  }
  return undefined;
}

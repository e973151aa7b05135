/** What can be a key: values that are compared by content and do not change their meaning. */
import { isPlain, kindOf, ownField } from './plain.ts';
import { type Refusal, refusal, stepTo, within } from './refusal.ts';
import { typedArrayIndex } from './typed-arrays.ts';

const KEYS = 'Keys are numbers, strings, booleans, bigints, null, Dates, typed arrays, and arrays and plain objects of these.';
const MAX_DEPTH = 32;

export function keyRefusal(key: unknown, depth: number): Refusal | undefined {
  switch (typeof key) {
    case 'number':
      return !Number.isNaN(key)
        ? undefined
        : refusal(
            'NaN',
            'NaN is not equal to itself and so identifies nothing. Let the key selector return null, or filter such records out.',
          );
    case 'undefined':
      return depth > 0
        ? undefined
        : refusal(
            'undefined',
            `${KEYS} Does the key selector return the field that it means to? For records without a key, return null or filter them out.`,
          );
    case 'function':
    case 'symbol':
      return refusal(kindOf(key), KEYS);
    case 'object':
      return key === null ? undefined : compositeRefusal(key, depth);
    default:
      return undefined;
  }
}

function compositeRefusal(key: object, depth: number): Refusal | undefined {
  if (depth > MAX_DEPTH)
    return refusal(`nested more than ${MAX_DEPTH} levels deep`, 'Keys are small: use the fields that identify the record.');
  if (Array.isArray(key)) return partsRefusal(key.length, (index) => [`[${index}]`, key[index]], depth);
  if (isPlain(key)) {
    const names = Object.keys(key);
    return partsRefusal(names.length, (index) => [stepTo(names[index]!), ownField(key, names[index]!)], depth);
  }
  if (Object.getPrototypeOf(key) === Date.prototype) {
    return Number.isNaN((key as Date).getTime())
      ? refusal('an invalid Date', 'Its time is NaN, which identifies nothing. Let the key selector return null for it.')
      : undefined;
  }
  if (ArrayBuffer.isView(key) && typedArrayIndex(key) >= 0) return undefined;
  const promise = typeof (key as { then?: unknown }).then === 'function';
  return promise
    ? refusal('a promise', 'Key selectors are synchronous: await before keyBy, in an AsyncDataStream.')
    : refusal(kindOf(key), KEYS);
}

function partsRefusal(count: number, part: (index: number) => [step: string, value: unknown], depth: number): Refusal | undefined {
  for (let index = 0; index < count; index++) {
    const [step, value] = part(index);
    const found = keyRefusal(value, depth + 1);
    if (found !== undefined) return within(step, found);
  }
  return undefined;
}

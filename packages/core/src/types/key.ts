/** What keyed streams and keyed state need of a key: its hash, a primitive that stands for it in a Map, and whether it can be a key at all. */
import { DataError } from '../base/errors.ts';
import { BytesWriter } from '../bytes/bytes-writer.ts';
import { keyShapeOf, writeCanonical } from './canonical.ts';
import { describeType, SHAPE } from './descriptions.ts';
import { keyRefusal } from './key-checks.ts';
import {
  ARRAY_SEED,
  FALSE_HASH,
  finish,
  hashBigInt,
  hashBytes,
  hashDate,
  hashNumber,
  hashString,
  mix,
  NULL_HASH,
  OBJECT_SEED,
  TRUE_HASH,
  UNDEFINED_HASH,
} from './key-hash.ts';
import { uncachedLatin1 } from './latin1.ts';
import { isPlain, ownField } from './plain.ts';
import { pathOf, refused } from './refusal.ts';
import type { TypeDescription } from './type-information.ts';
import { asBytes, type TypedArray } from './typed-arrays.ts';

/** Usable as a key of a native Map: equal keys, equal primitives. */
export type CanonicalKey = string | number | boolean | bigint | null;

export interface KeyFunctions<K = unknown> {
  /** An int32, the same on every machine and version. Throws for what cannot be a key. */
  readonly hash: (key: K) => number;
  /** Numbers, booleans, bigints, null and nearly all strings are themselves; anything else is a string that no key of another kind has. */
  readonly canonical: (key: K) => CanonicalKey;
  /** Throws a `DataError` that names the place when `key` cannot be a key. */
  readonly check: (key: K) => void;
}

/**
 * The functions for keys of a declared type, or of any type. What a key hashes to hangs on the key alone and not on its declared type, so a job may declare
 * later what it left open before.
 */
export function keyFunctionsOf<K = unknown>(description: TypeDescription | undefined): KeyFunctions<K> {
  const declared = description ?? SHAPE;
  const check = (key: K) => checkKey(key, declared);
  return { hash: hashKey, canonical: canonicalKey, check };
}

export function hashKey(key: unknown): number {
  if (typeof key === 'number') {
    if (!Number.isNaN(key)) return hashNumber(key);
  } else if (typeof key === 'string') return hashString(key);
  return hashOther(key);
}

/** Composite keys, and what can be none: that is found on the way, and its place by the check. */
function hashOther(key: unknown): number {
  try {
    if (key !== undefined) return hashPart(key);
  } catch (error) {
    checkKey(key, SHAPE);
    throw error;
  }
  checkKey(key, SHAPE);
  return UNDEFINED_HASH;
}

function hashPart(key: unknown): number {
  switch (typeof key) {
    case 'number':
      if (Number.isNaN(key)) throw refused();
      return hashNumber(key);
    case 'string':
      return hashString(key);
    case 'boolean':
      return key ? TRUE_HASH : FALSE_HASH;
    case 'bigint':
      return hashBigInt(key);
    case 'undefined':
      return UNDEFINED_HASH;
    case 'object':
      return key === null ? NULL_HASH : hashComposite(key);
    default:
      throw refused();
  }
}

function hashComposite(key: object): number {
  if (Array.isArray(key)) {
    let hash = ARRAY_SEED;
    for (let index = 0; index < key.length; index++) hash = mix(hash, hashPart(key[index]));
    return finish(hash, key.length);
  }
  if (key.constructor === Object || isPlain(key)) return hashFields(key);
  // The rest of the kinds are rare as keys; whether this is one of them the check knows.
  if (keyRefusal(key, 0) !== undefined) throw refused();
  return key instanceof Date ? hashDate(key) : hashBytes(asBytes(key as TypedArray));
}

function hashFields(key: object): number {
  const { sorted, hashes } = keyShapeOf(key);
  let hash = OBJECT_SEED;
  for (let index = 0; index < sorted.length; index++) hash = mix(mix(hash, hashes[index]!), hashPart(ownField(key, sorted[index]!)));
  return finish(hash, sorted.length);
}

/** Stands before strings that are no plain string key. A string key that begins with it gets it once more, so the two never meet. */
const ESCAPE = '\u0000';

export function canonicalKey(key: unknown): CanonicalKey {
  if (typeof key === 'number') {
    if (!Number.isNaN(key)) return key + 0;
  } else if (typeof key === 'string') return key.charCodeAt(0) === 0 ? ESCAPE + key : key;
  return canonicalOther(key);
}

const scratch = new BytesWriter(new Uint8Array(256));

function canonicalOther(key: unknown): CanonicalKey {
  if (typeof key === 'boolean' || typeof key === 'bigint' || key === null) return key;
  if (key === undefined) checkKey(key, SHAPE);
  scratch.reset();
  try {
    writeCanonical(key, scratch);
  } catch (error) {
    checkKey(key, SHAPE);
    throw error;
  }
  // A tag is never the escape, so this differs from every escaped string.
  return ESCAPE + uncachedLatin1(scratch.bytes, 0, scratch.position);
}

export function checkKey(key: unknown, declared: TypeDescription): void {
  const found = keyRefusal(key, 0);
  if (found === undefined) return;
  const type = declared.kind === 'shape' ? '' : ` of type ${describeType(declared)}`;
  throw new DataError(`A key${type} is ${found.seen} at ${pathOf(found)}. ${found.allowed}`, { reason: 'key' });
}

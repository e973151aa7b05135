// Against values that other implementations print: Guava's for text, and the id that Flink gives to the first source of a program without a uid.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { murmur3, murmur3OfBytes } from './murmur3.ts';

test('agrees with published values', () => {
  assert.equal(murmur3(''), '00000000000000000000000000000000');
  assert.equal(murmur3('hello'), '029bbd41b3a7d8cb191dae486a901e5b');
  assert.equal(murmur3('The quick brown fox jumps over the lazy dog'), '6c1b07bc7bbc4be347939ac4a93c437a');
  assert.equal(murmur3OfBytes(new Uint8Array(8)), 'cbc357ccb763df2852fee8c4fc7d55f2');
});

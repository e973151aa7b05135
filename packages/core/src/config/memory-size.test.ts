import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MemorySize } from './memory-size.ts';

test("Flink's units are powers of 1024, and a bare number is bytes", () => {
  const bytes = ['1024', '1 b', '2 kb', '64 mb', '64m', '1 GB', '3tb', '7 mebibytes'].map((text) => MemorySize.parse(text).getBytes());
  assert.deepEqual(bytes, [1024, 1, 2048, 2 ** 26, 2 ** 26, 2 ** 30, 3 * 2 ** 40, 7 * 2 ** 20]);
});

test('anything else is refused with an example', () => {
  for (const text of ['', 'mb', '1.5 gb', '-1 kb', '64 megs', '1 constructor']) {
    const message = `'${text}' is not a memory size. Write a whole number and one of b, kb, mb, gb, tb, for example '64 mb'.`;
    assert.throws(() => MemorySize.parse(text), { name: 'ConfigError', message });
  }
  assert.throws(() => MemorySize.parse('9000000000 tb'), { name: 'ConfigError' });
});

test('its text is read back to the same size', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 31 - 1), fc.constantFrom(1, 2 ** 10, 2 ** 20), (amount, factor) => {
      const size = MemorySize.ofBytes(amount * factor);
      assert.equal(MemorySize.parse(size.toString()).getBytes(), size.getBytes());
    }),
  );
});

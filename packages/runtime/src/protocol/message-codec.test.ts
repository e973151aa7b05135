import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UserCodeError } from '@millrace/core/base/errors';
import fc from 'fast-check';
import { describeFailure, restoreFailure } from './failure-description.ts';
import { decodeMessage, encodeMessage, MAX_MESSAGE_DEPTH } from './message-codec.ts';

const SEED = 20_010_704;

/** Everything that a message may hold, the tag's own field name among the keys. */
const messages = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.string({ unit: 'binary' }),
    fc.double(),
    fc.bigInt(),
    fc.boolean(),
    fc.constantFrom(null, -0),
    fc.uint8Array(),
    fc.date(),
    fc.array(fc.oneof(tie('value'), fc.constant(undefined))),
    fc.array(tie('value')).map((items) => new Set(items)),
    fc.array(fc.tuple(fc.string(), tie('value'))).map((entries) => new Map(entries)),
    fc.dictionary(
      fc.oneof(
        fc.string().filter((key) => key !== '__proto__'),
        fc.constantFrom('$', 'v'),
      ),
      tie('value'),
      { noNullPrototype: true },
    ),
  ),
})).value;

describe('message codec', () => {
  it('gives back what was written', () => {
    fc.assert(
      fc.property(messages, (message) => assert.deepStrictEqual(decodeMessage(encodeMessage(message)), message)),
      { seed: SEED, numRuns: 500 },
    );
  });

  it('leaves out fields that are undefined', () => {
    assert.deepStrictEqual(decodeMessage(encodeMessage({ a: 1, b: undefined })), { a: 1 });
  });

  it('refuses what cannot travel', () => {
    assert.throws(() => encodeMessage({ f: () => 1 }), /holds a function, which cannot travel/);
    assert.throws(() => encodeMessage(new URL('file:///x')), /holds an instance of URL/);
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    assert.throws(() => encodeMessage(cycle), /nested deeper than 100 levels; it may hold a cycle/);
  });

  it('refuses text that it never writes', () => {
    assert.throws(() => decodeMessage('{'), /is no JSON/);
    assert.throws(() => decodeMessage('{"$":"code","v":"1"}'), /holds the tag "code"/);
    assert.throws(() => decodeMessage('{"$":"bigint","v":"0x1"}'), /unknown or damaged/);
    assert.throws(() => decodeMessage('{"__proto__":{"a":1}}'), /field named __proto__/);
    const deep = '['.repeat(MAX_MESSAGE_DEPTH + 2) + ']'.repeat(MAX_MESSAGE_DEPTH + 2);
    assert.throws(() => decodeMessage(deep), /nested deeper/);
  });
});

describe('failures', () => {
  it('keep kind, reason, stack and causes on the way through the codec', () => {
    const location = { operatorName: 'map', uid: undefined, subtask: 0, parallelism: 1 };
    const error = new UserCodeError('map failed', location, new TypeError('x is not a function'));
    const restored = restoreFailure(decodeMessage(encodeMessage(describeFailure(error))) as ReturnType<typeof describeFailure>);
    assert.equal(restored.kind, 'user-code');
    assert.equal(restored.name, 'UserCodeError');
    assert.equal(restored.stack, error.stack);
    assert.equal((restored.cause as Error).message, 'x is not a function');
  });

  it('that are no errors are shown within bounds, and what does not say its kind is of the kind that its place gives it', () => {
    assert.deepEqual(describeFailure('x'.repeat(1_000)).message, `A value that is no Error was thrown: ${'x'.repeat(200)}…`);
    assert.deepEqual(
      [describeFailure({ a: 1 }).message, describeFailure(undefined).message],
      ['A value that is no Error was thrown: {"a":1}', 'A value that is no Error was thrown: undefined'],
    );
    const outer = new Error('outer', { cause: Object.assign(new Error('inner'), { code: 'ENOENT' }) });
    const { kind, cause } = describeFailure(outer, 'user-code');
    assert.deepEqual([kind, cause?.kind, cause?.reason, describeFailure(outer).kind], ['user-code', 'user-code', 'ENOENT', 'unknown']);
  });

  it('end at a cycle of causes', () => {
    const error = new Error('round');
    error.cause = error;
    assert.equal(describeFailure(error).message, 'round');
  });
});

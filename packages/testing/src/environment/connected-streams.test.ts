// Goal: connected streams keep their two sides apart and emit what their functions say. Method: whole jobs under interleavings by many seeds, at parallelism 1 and 3.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserCodeError } from '@millrace/core/base/errors';
import { TestEnvironment } from '../index.ts';

const WAYS = [1, 3].flatMap((parallelism) => [1, 2, 3].map((seed) => ({ parallelism, seed })));
const sorted = (texts: readonly string[]) => [...texts].sort();

test('map: each record goes to the function of its stream, in the order of its stream', async () => {
  for (const way of WAYS.filter(({ parallelism }) => parallelism === 1)) {
    const env = TestEnvironment.create(way);
    const [words, numbers] = [env.fromCollection(['to', 'be', 'or']), env.fromSequence(1, 500)];
    const out = env.collect(
      words.connect(numbers).map(
        (word) => `word ${word}`,
        (n) => `number ${n}`,
      ),
    );
    await env.execute();
    const taken = out.take();
    assert.deepEqual(
      taken.filter((text) => text.startsWith('word')),
      ['word to', 'word be', 'word or'],
    );
    assert.deepEqual(
      taken.filter((text) => text.startsWith('number')),
      Array.from({ length: 500 }, (_, index) => `number ${index + 1}`),
    );
  }
});

test('flatMap: any number of records for each, generators included', async () => {
  for (const way of WAYS) {
    const env = TestEnvironment.create(way);
    const out = env.collect(
      env
        .fromSequence(1, 40)
        .connect(env.fromData('a b', '', 'c'))
        .flatMap(
          function* (n) {
            for (let copy = 0; copy < n % 3; copy++) yield `${n}`;
          },
          (line) => line.split(' ').filter((word) => word !== ''),
        ),
    );
    await env.execute();
    const expected = Array.from({ length: 40 }, (_, index) => index + 1).flatMap((n) => Array.from({ length: n % 3 }, () => `${n}`));
    assert.deepEqual(sorted(out.take()), sorted([...expected, 'a', 'b', 'c']));
  }
});

test('a stream may be connected with itself', async () => {
  const env = TestEnvironment.create({ parallelism: 2 });
  const numbers = env.fromSequence(1, 3000);
  const out = env.collect(
    numbers.connect(numbers).map(
      (n) => n,
      (n) => -n,
    ),
  );
  await env.execute();
  assert.deepEqual(
    out.take().reduce((sum, n) => sum + n, 0),
    0,
  );
});

test('what a function throws names the operator, and the record of its stream', async () => {
  const env = TestEnvironment.create();
  env.collect(
    env
      .fromData(1)
      .connect(env.fromData('x'))
      .map(
        (n) => n,
        (text) => {
          throw new Error(`no ${text}`);
        },
      )
      .name('pair up'),
  );
  await assert.rejects(env.execute(), (error: unknown) => {
    assert.ok(error instanceof UserCodeError);
    assert.match(error.message, /^Operator 'pair up', subtask 1\/1, failed at .*: Error: no x\. Record: "x"$/);
    return true;
  });
});

test('map that returns undefined is refused at that record', async () => {
  const env = TestEnvironment.create();
  env.collect(
    env
      .fromData(1)
      .connect(env.fromData('x'))
      .map(
        (n) => n,
        () => undefined as never,
      ),
  );
  await assert.rejects(env.execute(), {
    message:
      /The second function of map returned undefined\. It must return exactly one record; use flatMap of the connected streams to emit none\./,
  });
});

test('flatMap that returns no iterable is refused at that record', async () => {
  for (const [result, seen] of [
    ['text', 'the string "text", which would be emitted letter by letter'],
    [7, 'a value of type number'],
    [null, 'null'],
    [Promise.resolve([]), 'a promise'],
    [{}, 'an object that is no iterable'],
  ] as const) {
    const env = TestEnvironment.create();
    env.collect(
      env
        .fromData(1)
        .connect(env.fromData(2))
        .flatMap(
          () => [],
          () => result as never,
        ),
    );
    await assert.rejects(env.execute(), {
      message: new RegExp(
        `flatMap of connected streams returned ${seen}\\. Return an iterable: an array, a Set, or what a generator gives\\.`,
      ),
    });
  }
});

test('streams of two environments cannot be connected, nor what is no stream', () => {
  const [one, other] = [TestEnvironment.create(), TestEnvironment.create()];
  const stream = one.fromData(1);
  assert.throws(() => stream.connect(other.fromData(2)), {
    name: 'UsageError',
    message: 'connect got a stream of another environment. Build both streams from one environment.',
  });
  assert.throws(() => stream.connect([1] as never), { message: 'connect got an array. Give it a stream.' });
  assert.throws(() => stream.keyBy((n) => n).intervalJoin(stream as never), {
    message: /^intervalJoin got an object with .*\. Give it a keyed stream: call keyBy on it\.$/,
  });
  assert.throws(() => stream.connect(stream).map((n: number) => n, 7 as never), {
    message: 'the second argument of map got 7. Give it a function from a record of the second stream to one record.',
  });
});

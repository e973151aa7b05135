import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CollectionSource } from './collection-source.ts';
import { runSource } from './source-harness.ts';

describe('CollectionSource', () => {
  const numbers = Array.from({ length: 2_000 }, (_, n) => n);
  async function* slowly() {
    for (const n of numbers) {
      if (n % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
      yield n;
    }
  }
  const kinds = {
    'an array': numbers,
    'a set': new Set(numbers),
    'a generator function': function* () {
      yield* numbers;
    },
    'an async generator function': slowly,
  };
  for (const [name, collection] of Object.entries(kinds)) {
    it(`reads ${name} in order, in one subtask, and goes on after a restore`, async () => {
      for (const restoreEvery of [1_000_000, 2]) {
        const { records } = await runSource(new CollectionSource<number>(collection), { readers: 2, restoreEvery });
        assert.deepEqual(records.flat(), numbers);
      }
    });
  }

  it('passes on what the collection throws, after what came before it', async () => {
    const source = new CollectionSource(async function* () {
      yield 1;
      throw new Error('out of paper');
    });
    await assert.rejects(runSource(source), { message: 'out of paper' });
    await assert.rejects(
      runSource(
        new CollectionSource(function* () {
          yield 1;
          throw new Error('out of ink');
        }),
      ),
      { message: 'out of ink' },
    );
  });

  it('closes an iterator that is not at its end', async () => {
    let closed = 0;
    const source = new CollectionSource(function* () {
      try {
        yield* numbers;
      } finally {
        closed += 1;
      }
    });
    await runSource(source, { restoreEvery: 2 });
    assert.ok(closed > 1);
  });

  it('is empty where the collection is', async () => {
    assert.deepEqual((await runSource(new CollectionSource<number>([]))).records, [[]]);
  });

  it('refuses what is no collection', async () => {
    assert.throws(() => new CollectionSource('letters' as never), {
      kind: 'usage',
      message: /got a string, which would be read letter by letter/,
    });
    assert.throws(() => new CollectionSource(5 as never), {
      message:
        'fromCollection got a value of type number. Give an array, another iterable, an async iterable, or a function that returns one.',
    });
    await assert.rejects(runSource(new CollectionSource((() => null) as never)), { message: /fromCollection got null/ });
  });
});

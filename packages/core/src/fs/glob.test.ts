import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compileGlob, globRoot, isGlob } from './glob.ts';

describe('glob', () => {
  const cases: readonly (readonly [pattern: string, path: string, matches: boolean])[] = [
    ['/in/*.csv', '/in/a.csv', true],
    ['/in/*.csv', '/in/deep/a.csv', false],
    ['/in/*.csv', '/in/a.csv.gz', false],
    ['/in/**/*.csv', '/in/a.csv', true],
    ['/in/**/*.csv', '/in/x/y/a.csv', true],
    ['/in/**', '/in/x/y', true],
    ['/in/part-?', '/in/part-1', true],
    ['/in/part-?', '/in/part-12', false],
    ['/in/part-?', '/in/part-/', false],
    ['/in/[a-c]1', '/in/b1', true],
    ['/in/[!a-c]1', '/in/b1', false],
    ['/in/[!a-c]1', '/in/d1', true],
    ['/in/{a,b}.{csv,json}', '/in/b.json', true],
    ['/in/{a,b}.{csv,json}', '/in/c.json', false],
    ['/in/a+b(1).csv', '/in/a+b(1).csv', true],
    ['/in/a.csv', '/in/aXcsv', false],
    ['/in/*-é.csv', '/in/x-é.csv', true],
  ];
  for (const [pattern, path, matches] of cases) {
    it(`${pattern} ${matches ? 'takes' : 'refuses'} ${path}`, () => assert.equal(compileGlob(pattern)(path), matches));
  }

  it('begins its search above the first wildcard', () => {
    assert.deepEqual(['/in/a/*.csv', '/in/*/b/c', '/*.csv', '/in/a{1,2}'].map(globRoot), ['/in/a', '/in', '/', '/in']);
    assert.deepEqual(['/in/a.csv', '/in/?', '/in/{a}'].map(isGlob), [false, true, true]);
  });

  it('refuses brackets and braces without their partners', () => {
    assert.throws(() => compileGlob('/in/[ab'), {
      message: "The glob '/in/[ab' opens a '[' that it does not close. Close it, or write [[] for the character.",
    });
    assert.throws(() => compileGlob('/in/{a,b'), {
      message: "The glob '/in/{a,b' has a '{' or '}' without its partner. Add it, or write [{] for the character.",
    });
  });
});

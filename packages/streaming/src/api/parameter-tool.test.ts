// The grammar of arguments and property files by example, every refusal by its text, and a round trip over random pairs.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { ParameterTool } from './parameter-tool.ts';
import { parseProperties } from './parse-properties.ts';

const parsed = (...args: string[]) => Object.fromEntries(ParameterTool.fromArgs(args).toMap());

test('arguments: values, flags, equals signs, negative numbers, the last of a key', () => {
  assert.deepEqual(parsed('--input', 'a.txt', '-top', '3', '--verbose', '--mode=fast'), {
    input: 'a.txt',
    top: '3',
    verbose: 'true',
    mode: 'fast',
  });
  assert.deepEqual(parsed('--from', '-5', '--by', '-.5', '--flag', '--to', '-1e3'), { from: '-5', by: '-.5', flag: 'true', to: '-1e3' });
  assert.deepEqual(parsed('--a=', '--b=x=y', '--c=-v', '--d', '', '--e', '-'), { a: '', b: 'x=y', c: '-v', d: '', e: '-' });
  assert.deepEqual(parsed('--k', '1', '--k', '2'), { k: '2' });
  assert.deepEqual(parsed('--two words', 'a b\nc'), { 'two words': 'a b\nc' });
  assert.deepEqual(parsed(), {});
});

test('whatever pairs are written, they are read again', () => {
  const key = fc.string({ minLength: 1 }).filter((text) => !text.includes('=') && !/^-?(\d|\.\d)/.test(text) && !text.startsWith('-'));
  fc.assert(
    fc.property(fc.dictionary(key, fc.string(), { noNullPrototype: true }), (pairs) => {
      assert.deepEqual(parsed(...Object.entries(pairs).map(([name, value]) => `--${name}=${value}`)), pairs);
    }),
  );
});

test('arguments that belong to no key are refused', () => {
  const next = 'Write --key value, --key=value, or --flag.';
  assert.throws(() => parsed('input.txt'), {
    name: 'UsageError',
    message: `The argument 'input.txt' (number 1) belongs to no key. ${next}`,
  });
  assert.throws(() => parsed('--a', 'b', 'c'), { message: `The argument 'c' (number 3) belongs to no key. ${next}` });
  assert.throws(() => parsed('--', 'b'), { message: `The argument '--' (number 1) has no key. ${next}` });
  assert.throws(() => parsed('--=b'), { message: `The argument '--=b' (number 1) has no key. ${next}` });
});

test('a missing parameter names what was given', () => {
  const params = ParameterTool.fromArgs(['--imput', 'x', '--top', '3']);
  assert.throws(() => params.getRequired('input'), {
    name: 'UsageError',
    message: "The parameter 'input' is missing. Given were imput, top; did you mean input where it says imput?",
  });
  assert.throws(() => params.getRequired('output'), {
    message: "The parameter 'output' is missing. Given were imput, top; add --output and a value.",
  });
  assert.throws(() => ParameterTool.fromArgs([]).getLong('top'), {
    message: "The parameter 'top' is missing. None were given; add --top and a value.",
  });
});

test('getters convert, fall back, and name key and value when they cannot', () => {
  const params = ParameterTool.fromMap({
    long: '-12',
    double: '1.5e3',
    yes: 'TRUE',
    no: 'false',
    time: '10 min',
    word: 'ten',
    big: '9007199254740993',
  });
  assert.equal(params.getLong('long'), -12);
  assert.equal(params.getDouble('double'), 1500);
  assert.equal(params.getDouble('long'), -12);
  assert.deepEqual([params.getBoolean('yes'), params.getBoolean('no'), params.getBoolean('none', true)], [true, false, true]);
  assert.equal(params.getDuration('time').toMillis(), 600_000);
  assert.equal(params.getDuration('none', '2 s').toMillis(), 2_000);
  assert.deepEqual(
    [params.get('none'), params.get('none', 'x'), params.get('word', 'x'), params.getLong('none', 7)],
    [undefined, 'x', 'ten', 7],
  );
  assert.deepEqual([params.has('word'), params.has('none')], [true, false]);
  assert.throws(() => params.getLong('word', 1), {
    name: 'UsageError',
    message: "The parameter 'word' is 'ten', but it must be a whole number.",
  });
  assert.throws(() => params.getLong('big'), { message: "The parameter 'big' is '9007199254740993', but it must be a whole number." });
  assert.throws(() => params.getDouble('word'), { message: "The parameter 'word' is 'ten', but it must be a number." });
  assert.throws(() => params.getBoolean('word'), { message: "The parameter 'word' is 'ten', but it must be true or false." });
  assert.throws(() => params.getDuration('word'), {
    message: "The parameter 'word' is 'ten', but it must be a duration with a unit, for example '10 min'.",
  });
});

test('mergeWith: the other wins, neither changes', () => {
  const left = ParameterTool.fromMap({ a: '1', b: '1' });
  const right = ParameterTool.fromMap({ b: '2', c: '2' });
  assert.deepEqual(Object.fromEntries(left.mergeWith(right).toMap()), { a: '1', b: '2', c: '2' });
  assert.deepEqual(Object.fromEntries(left.toMap()), { a: '1', b: '1' });
});

test('a properties file by the rules of Java', () => {
  const text = [
    '\uFEFF# a comment',
    '! another',
    '',
    'plain=value',
    '  spaced  :  and more  ',
    'bare',
    'white space',
    'path=c:\\\\data\\tx',
    'long = one, \\',
    '       two',
    'even\\\\',
    '\\#key\\ with\\:all = \\u00e9',
  ].join('\r\n');
  assert.deepEqual(Object.fromEntries(parseProperties(text, 'job.properties')), {
    plain: 'value',
    spaced: 'and more  ',
    bare: '',
    white: 'space',
    path: 'c:\\data\tx',
    long: 'one, two',
    'even\\': '',
    '#key with:all': 'é',
  });
  assert.throws(() => parseProperties('a=1\n= 2', 'job.properties'), {
    name: 'UsageError',
    message: "job.properties:2 has a value without a key: '= 2'. Write key = value.",
  });
  assert.throws(() => parseProperties('a=\\u12', 'job.properties'), {
    message: 'job.properties:1 has a \\u without four hexadecimal digits. Write \\u00e9, or the character itself.',
  });
});

test('files and environment', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-'));
  try {
    const path = join(folder, 'job.properties');
    writeFileSync(path, 'input = a.txt\n');
    assert.equal(ParameterTool.fromPropertiesFile(path).getRequired('input'), 'a.txt');
    const none = join(folder, 'none.properties');
    assert.throws(() => ParameterTool.fromPropertiesFile(none), {
      name: 'DataError',
      message: `Cannot read '${none}': there is no such file or directory (ENOENT).`,
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
  const variable = 'MILLRACE_TEST_INPUT';
  process.env[variable] = 'b.txt';
  try {
    assert.deepEqual(Object.fromEntries(ParameterTool.fromEnvironment('MILLRACE_TEST_').toMap()), { INPUT: 'b.txt' });
    assert.equal(ParameterTool.fromEnvironment().get(variable), 'b.txt');
  } finally {
    delete process.env[variable];
  }
});

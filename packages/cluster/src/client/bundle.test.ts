/** Goal: a bundle is the same wherever it is made, runs with the host's modules, and points back at the author's files. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { Duration } from '@millrace/core/config/duration';
import { bundleProgram } from './bundle.ts';
import { importBundle } from './program-host.ts';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'millrace-bundle-test-')));
after(() => rmSync(root, { recursive: true, force: true }));
process.setSourceMapsEnabled(true);

function write(files: Record<string, string>): string {
  const directory = mkdtempSync(join(root, 'job-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
  return directory;
}

async function bundle(directory: string, file = 'job.ts', externalPackages: readonly string[] = []) {
  return bundleProgram(file, { workingDirectory: directory, externalPackages });
}

let instances = 0;
/** What the program left in `globalThis.seen`. */
async function run(directory: string, file = 'job.ts', externalPackages: readonly string[] = []): Promise<unknown> {
  const made = await bundle(directory, file, externalPackages);
  const path = join(mkdtempSync(join(root, 'blob-')), made.hash);
  writeFileSync(path, made.bytes);
  instances += 1;
  await importBundle(path, join(directory, file), instances);
  return (globalThis as { seen?: unknown }).seen;
}

test('equal sources in different places give equal bytes, without an absolute path', async () => {
  const first = write({
    'job.ts':
      "import { a } from './lib/a.ts';\nconsole.log(a, import.meta.url, Duration);\nimport { Duration } from '@millrace/core/config/duration';",
    'lib/a.ts': 'export const a: number = 1;',
  });
  const second = join(root, 'elsewhere', 'deeper');
  cpSync(first, second, { recursive: true });
  const [one, two] = [await bundle(first), await bundle(second)];
  assert.equal(one.hash, two.hash);
  const text = Buffer.from(one.bytes).toString('utf8');
  const map = Buffer.from(text.slice(text.lastIndexOf('base64,') + 7), 'base64').toString('utf8');
  assert.ok(!text.includes(root) && !map.includes(root), 'no path of this machine in the bundle or its map');
  assert.ok(map.includes('export const a: number = 1;'), 'the map holds the sources');
});

test('another source gives another hash', async () => {
  const [one, two] = [await bundle(write({ 'job.ts': 'export const a = 1;' })), await bundle(write({ 'job.ts': 'export const a = 2;' }))];
  assert.notEqual(one.hash, two.hash);
});

test('the API is the instance of the host, not a copy', async () => {
  const directory = write({ 'job.ts': "import { Duration } from '@millrace/core/config/duration';\nglobalThis.seen = Duration;" });
  assert.equal(await run(directory), Duration);
});

test('a top-level await, packages, JSON and CommonJS work', async () => {
  const directory = write({
    'job.ts':
      "import data from './data.json';\nimport { three } from './old.cjs';\nimport four from 'four';\nconst two = await Promise.resolve(2);\nglobalThis.seen = [data.one, two, three, four];",
    'data.json': '{ "one": 1 }',
    'old.cjs': "const { join } = require('node:path');\nexports.three = join('3', '.') === '3' ? 3 : 0;",
    'node_modules/four/package.json': '{ "name": "four", "main": "main.js" }',
    'node_modules/four/main.js': 'module.exports = 4;',
  });
  assert.deepEqual(await run(directory), [1, 2, 3, 4]);
});

test('every kind of source file is taken', async () => {
  for (const [name, text] of Object.entries({
    'a.ts': 'const x: number = 1; globalThis.seen = x;',
    'a.mts': 'const x: number = 1; globalThis.seen = x;',
    'a.cts': 'const x: number = 1; (globalThis as any).seen = x;',
    'a.tsx': 'const h = (_: string) => 1; const jsx: number = h("a"); globalThis.seen = jsx;',
    'a.js': 'globalThis.seen = 1;',
    'a.mjs': 'globalThis.seen = 1;',
    'a.cjs': 'globalThis.seen = require("node:path") ? 1 : 0;',
  })) {
    (globalThis as { seen?: unknown }).seen = undefined;
    assert.equal(await run(write({ [name]: text }), name), 1, name);
  }
});

test('a file finds its neighbours as if it were not bundled', async () => {
  const directory = write({
    'job.ts':
      "import { place } from './lib/place.ts';\nimport { old } from 'old';\nglobalThis.seen = [import.meta.url, import.meta.dirname, place, old];",
    'lib/place.ts': 'export const place: string = new URL("./x.txt", import.meta.url).pathname;',
    'node_modules/old/package.json': '{ "name": "old", "main": "src/main.js" }',
    'node_modules/old/src/main.js': "'use strict';\nexports.old = [__dirname, __filename];",
  });
  assert.deepEqual(await run(directory), [
    `file://${directory}/job.ts`,
    directory,
    `${directory}/lib/x.txt`,
    [`${directory}/node_modules/old/src`, `${directory}/node_modules/old/src/main.js`],
  ]);
});

test('packages with native code, and those that are named, are loaded from where they are installed', async () => {
  const directory = write({
    'job.ts': "import native, { at } from 'native';\nimport named from 'named';\nglobalThis.seen = [native, at, named.at];",
    'node_modules/native/package.json': '{ "name": "native", "gypfile": true, "type": "module", "exports": "./main.js" }',
    'node_modules/native/main.js': 'export default 1;\nexport const at = import.meta.url;',
    'node_modules/named/package.json': '{ "name": "named", "main": "main.js" }',
    'node_modules/named/main.js': 'exports.at = __filename;',
  });
  const at = `${directory}/node_modules`;
  assert.deepEqual(await run(directory, 'job.ts', ['named']), [1, `file://${at}/native/main.js`, `${at}/named/main.js`]);
  const text = Buffer.from((await bundle(directory, 'job.ts', ['named'])).bytes).toString('utf8');
  assert.ok(text.includes('"externals":["node_modules/named/main.js","node_modules/native/main.js"]'));
});

test("a stack names the author's file, line and column", async () => {
  const directory = write({
    'job.ts': 'interface Unused { readonly a: string }\n\nglobalThis.seen = (value: Unused) => {\n  throw new Error(value.a);\n};',
  });
  const thrower = (await run(directory)) as (value: object) => void;
  assert.throws(
    () => thrower({ a: 'boom' }),
    (error: Error) => error.stack!.includes(`${directory}/job.ts:4:9`),
  );
});

test('two instances of one program share no objects', async () => {
  const directory = write({ 'job.ts': 'globalThis.seen = {};' });
  assert.notEqual(await run(directory), await run(directory));
});

test('a missing program is named with the directory it was looked for in', async () => {
  const message = `There is no file 'jbo.ts' in ${root}. Name the program's file, for example job.ts.`;
  await assert.rejects(bundle(root, 'jbo.ts'), { name: 'UsageError', reason: 'no-program', message });
  mkdirSync(join(root, 'folder'));
  const refusal = "'folder' is a directory, not a program. Name the program's file, for example folder/job.ts.";
  await assert.rejects(bundle(root, 'folder'), { name: 'UsageError', reason: 'no-program', message: refusal });
  writeFileSync(join(root, 'notes.md'), '# notes');
  const noProgram = "'notes.md' is not a program. Give a file that ends in .ts, .tsx, .mts, .cts, .js, .mjs or .cjs.";
  await assert.rejects(bundle(root, 'notes.md'), { name: 'UsageError', reason: 'no-program', message: noProgram });
});

test('a program that does not parse is refused with the place, the line and a mark', async () => {
  const directory = write({ 'job.ts': 'const a = 1;\n\tconst b = ;\n' });
  const message = 'job.ts cannot be bundled because of an error:\n  job.ts:2:12: Unexpected ";"\n    \tconst b = ;\n    \t          ^';
  await assert.rejects(bundle(directory), { name: 'UsageError', reason: 'build', message });
});

test('imports that lead nowhere are refused together, each with its place', async () => {
  const directory = write({
    'sub/job.ts':
      "import { Duratoin } from '@millrace/core/config/duration';\nimport { b } from './b.ts';\nimport { c } from '@millrace/nothing/x';\nconsole.log(Duratoin, b, c);",
  });
  await assert.rejects(bundle(directory, 'sub/job.ts'), (error: Error) => {
    assert.match(error.message, /^sub\/job\.ts cannot be bundled because of 2 errors:/);
    assert.match(
      error.message,
      /sub\/job\.ts:2:19: Could not resolve "\.\/b\.ts"\n.*\n *\^+\n {4}Check the path; it starts at the file that imports it\.\n/,
    );
    assert.match(
      error.message,
      /sub\/job\.ts:3:19: There is no module @millrace\/nothing\/x\. Correct the import, or install it with 'npm install @millrace\/nothing'\./,
    );
    return true;
  });
});

test('a package that is not installed: the next step is npm, not an option of the bundler', async () => {
  const directory = write({ 'job.ts': "import { x } from '@nobody/has-this/part';\nconsole.log(x);" });
  await assert.rejects(bundle(directory), (error: Error) => {
    assert.match(error.message, /Correct the import, or install the package with 'npm install @nobody\/has-this'\.$/);
    return true;
  });
});

test('a misspelt name of the API is an error of the build', async () => {
  const directory = write({ 'job.ts': "import { Duratoin } from '@millrace/core/config/duration';\nconsole.log(Duratoin);" });
  await assert.rejects(
    bundle(directory),
    /job\.ts:1:10: No matching export in "millrace-injected:@millrace\/core\/config\/duration" for import "Duratoin"/,
  );
});

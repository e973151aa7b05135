// Goal: a message that is added, changed or lacks a next step is seen. Method: sources of the test's own through the collector, and the engine's own against its page.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { readSources } from '../tidy/sources.mjs';
import { collectMessages } from './collect.mjs';
import { splitNextStep } from './next-step.mjs';
import { problemsOf } from './page.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

function sourceOf(text, path = 'packages/x/src/a.ts') {
  return { path, text, tree: ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true), test: false };
}

function collected(...texts) {
  return collectMessages(texts.map((text, index) => sourceOf(text, `packages/x/src/${'abc'[index]}.ts`))).map(({ kind, reason, text }) => [
    kind,
    reason,
    text,
  ]);
}

test('what is put in at run time stands in braces, what is there only sometimes in brackets', () => {
  const text = `
    const shown = value === null ? 'null' : typeof value;
    const where = (name: string) => \`operator '\${name}'\`;
    function advice(): string { return 'Give a number.'; }
    throw new UsageError(
      \`\${where(this.#name)} got \${shown}\${uid === undefined ? '' : \` (uid \${uid})\`} at \${step.plan.index + 1}, one of \${names.map((name) => name.text).join(', ')}. \` + advice(),
      { reason: 'bad', cause },
    );`;
  assert.deepEqual(collected(text), [
    ['usage', 'bad', "operator '{name}' got [null | {type of value}][ (uid {uid})] at {number}, one of {names}. Give a number."],
  ]);
});

test('errors that a function makes of a text are found where it is called, in other files too', () => {
  const maker = `export function damaged(message: string): never { throw new DataError(message, { reason: 'damaged' }); }`;
  const caller = `import { damaged } from './a.ts';\ndamaged(\`The file '\${path}' ends early. Fetch it again.\`);`;
  assert.deepEqual(collected(maker, caller), [['data', undefined, "The file '{path}' ends early. Fetch it again."]]);
});

test('failures of the control plane and warnings are found, bugs of the engine are not', () => {
  const text = `
    lostFailure('slot-lost', \`Slot \${slot} was lost.\`);
    this.#ports.warn('It is slow. Use an index.');
    throw new InvariantError('never');
    invariant(ok, () => 'never');`;
  assert.deepEqual(collected(text), [
    ['retryable', 'slot-lost', 'Slot {slot} was lost.'],
    ['warning', undefined, 'It is slow. Use an index.'],
  ]);
});

test('the next step is the part from the first imperative or question on', () => {
  const cases = [
    ['setParallelism got {n}. Give a whole number.', 'Give a whole number.'],
    ["There is no '{a}'.[ Did you mean '{b}'?]", "Did you mean '{b}'?]"],
    ['It returned a promise; asynchronous ones go to AsyncDataStream.', 'asynchronous ones go to AsyncDataStream.'],
    ['Slot {n} ended. Does the job call process.exit()?', 'Does the job call process.exit()?'],
    ['State cannot be written: {message}', '(as what is passed on says)'],
    ['submit takes a file. It got none.', undefined],
    ['The use of it is forbidden.', undefined],
  ];
  for (const [text, next] of cases) assert.equal(splitNextStep(text).next, next, text);
});

test('a message without a next step is a problem, unless it is exempt; so is an exemption that nothing needs', () => {
  const message = { path: 'packages/x/src/a.ts', line: 3, kind: 'usage', text: 'It is wrong.', next: undefined };
  assert.match(problemsOf([message], {})[0], /^packages\/x\/src\/a\.ts:3: the message does not say what to do next: It is wrong\./);
  assert.deepEqual(problemsOf([message], { 'It is wrong.': 'nothing to do' }), []);
  assert.deepEqual(problemsOf([{ ...message, kind: 'warning' }], {}), []);
  assert.match(problemsOf([], { 'It is wrong.': 'nothing to do' })[0], /needs no exemption/);
});

test('every error class and maker of the engine is known to the collector: no message is missing from the page', () => {
  const page = readFileSync(`${root}docs/error-catalogue.md`, 'utf8');
  const sources = readSources(root);
  const made = sources
    .filter(({ test: isTest }) => !isTest)
    .flatMap(({ text }) => text.match(/new (?:Usage|Config|Data|Terminal|Retryable)Error\(/g) ?? []).length;
  const messages = collectMessages(sources);
  assert.ok(messages.filter(({ kind }) => kind !== 'warning').length > 0.9 * made, `${messages.length} messages of ${made} errors`);
  for (const { text } of messages) assert.ok(page.includes(splitNextStep(text).what), `run npm run reference: ${text}`);
});

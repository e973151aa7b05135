// Goal: what the documentation shows works. Method: every ```ts block of docs/*.md is a whole program; it is run by `millrace run` at parallelism 2 (```js by node), and the
// ```text block that follows it, if there is one, is what it prints (lines compared as a set, without the subtask). A block that begins with ```ts fails ends
// with an exit code other than 0, and the ```text block is its standard error, the program
// called job.ts and paths shortened. One that begins with ```ts explain is not run but explained, and the ```text block is the explanation.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { linesOf, millrace, root, sorted } from './support/run-millrace.mjs';

const BLOCK =
  /^```(?<language>ts|js)(?<fails> fails)?(?<explained> explain)?\n(?<program>[\s\S]*?)^```\n+(?:```text\n(?<output>[\s\S]*?)^```)?/gm;

/** Inside the project, so that the programs find the packages as a user's would. */
const work = join(root, '.cache/docs');

/** Node's runner marks its children, and tests of theirs would report to it. */
const { NODE_TEST_CONTEXT: _, ...withoutTestRunner } = process.env;

/** As strict as a user may have it. */
const compilerOptions = {
  ...{
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    noImplicitOverride: true,
    erasableSyntaxOnly: true,
    verbatimModuleSyntax: true,
  },
  ...{ module: 'nodenext', target: 'es2023', lib: ['es2023'], types: ['node'], noEmit: true, skipLibCheck: true },
};

test('documentation programs', async (t) => {
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  writeFileSync(join(work, 'package.json'), '{ "type": "module" }');
  for (const page of readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'))) {
    const text = readFileSync(join(root, 'docs', page), 'utf8');
    for (const { groups, index } of text.matchAll(BLOCK)) {
      const line = text.slice(0, index).split('\n').length;
      await t.test(`docs/${page}:${line}`, async () => {
        const file = join(work, `${page.replace('.md', '')}-${line}.${groups.language}`);
        writeFileSync(file, groups.program);
        if (groups.language === 'js') {
          const { status, stdout } = spawnSync(process.execPath, [file], { cwd: work, encoding: 'utf8', env: withoutTestRunner });
          assert.equal(status, 0, stdout);
          if (groups.output !== undefined) assert.deepEqual(sorted(linesOf(stdout)), sorted(linesOf(groups.output)));
          return;
        }
        const command = groups.explained === undefined ? 'run' : 'explain';
        const { code, stdout, stderr } = await millrace([command, file, '--parallelism', '2'], { cwd: work });
        if (groups.fails !== undefined) {
          assert.notEqual(code, 0, stdout);
          assert.equal(stderr.replaceAll(`${work}/`, '').replaceAll(/(?:\S*\/)?[\w-]+-\d+\.ts/g, 'job.ts'), groups.output);
          return;
        }
        assert.equal(code, 0, stderr);
        if (groups.explained !== undefined) return assert.equal(stdout, groups.output);
        if (groups.output !== undefined) assert.deepEqual(sorted(linesOf(stdout)), sorted(linesOf(groups.output)));
      });
    }
  }

  await t.test('all of them are well typed', () => {
    writeFileSync(join(work, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
    const { status, stdout } = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', work], {
      encoding: 'utf8',
    });
    assert.equal(status, 0, stdout);
  });
});

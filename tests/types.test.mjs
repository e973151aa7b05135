// Goal: what is claimed of types holds for the packages as users see them, under TypeScript 6 and 7, and the API does not become slower to check unnoticed.
// Method: tests/testdata/type-claims.ts (every claim that was made of the API), the programs of examples/ and the claims beside the code, each compiled against the packages'
// declarations by both compilers; type instantiations, which every machine counts the same, against tests/testdata/type-budget.json.
// `node tests/types.test.mjs --update-budget` records what they are now.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from './support/run-millrace.mjs';

/** A growth beyond this share of the budget is looked at before it is recorded. */
const GROWTH = 0.1;
const budgetFile = join(root, 'tests/testdata/type-budget.json');
const updates = process.argv.includes('--update-budget');
/** Inside the project, so that imports are found as a user's would. */
const work = join(root, '.cache/types');
const api = join(root, 'packages/streaming/src/api');

/** As strict as a user may have it. */
const compilerOptions = {
  ...{ strict: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true, noImplicitOverride: true, noImplicitReturns: true },
  ...{ noPropertyAccessFromIndexSignature: true, verbatimModuleSyntax: true, erasableSyntaxOnly: true, isolatedModules: true },
  ...{ module: 'nodenext', target: 'es2023', lib: ['es2023'], types: ['node'], noEmit: true, skipLibCheck: true },
};

const COMPILERS = { typescript: [], tsgo: ['--singleThreaded'] };

const checkFiles = readdirSync(api).filter((name) => name.endsWith('.check.ts'));
const examples = readdirSync(join(root, 'examples')).filter((name) => name.endsWith('.ts'));

/** Each makes its files in a folder of its own. */
const PROJECTS = {
  claims: (folder) => copyFileSync(join(root, 'tests/testdata/type-claims.ts'), join(folder, 'claims.ts')),
  examples: (folder) => {
    for (const name of examples) copyFileSync(join(root, 'examples', name), join(folder, name));
  },
  'word-count': (folder) => copyFileSync(join(root, 'examples/word-count.ts'), join(folder, 'word-count.ts')),
  'api-checks': (folder) => {
    for (const name of checkFiles) writeFileSync(join(folder, name), againstDeclarations(readFileSync(join(api, name), 'utf8')));
  },
};

/** The claims beside the code import sources, whose bodies would be counted too. */
function againstDeclarations(text) {
  return text
    .replaceAll(/from '\.\.\/([a-z-]+\/[a-z-]+)\.ts'/g, "from '@millrace/streaming/$1'")
    .replaceAll(/from '\.\/([a-z-]+)\.ts'/g, "from '@millrace/streaming/api/$1'");
}

function compile(compiler, project) {
  const folder = join(work, project);
  const tsc = join(root, 'node_modules', compiler, 'bin/tsc');
  const args = [tsc, '-p', folder, '--pretty', 'false', '--extendedDiagnostics', ...COMPILERS[compiler]];
  const { stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  const errors = stdout.split('\n').filter((line) => / error TS\d+: /.test(line));
  const instantiations = Number(/^Instantiations:\s+(\d+)/m.exec(stdout)?.[1]);
  assert.ok(Number.isSafeInteger(instantiations), `${compiler} told no instantiations:\n${stdout}`);
  return { errors, instantiations };
}

function prepare() {
  rmSync(work, { recursive: true, force: true });
  for (const [project, make] of Object.entries(PROJECTS)) {
    const folder = join(work, project);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
    make(folder);
  }
}

test('type claims hold, and cost what they may', async (t) => {
  prepare();
  const recorded = JSON.parse(readFileSync(budgetFile, 'utf8'));
  const now = {};
  for (const compiler of Object.keys(COMPILERS)) {
    now[compiler] = {};
    for (const project of Object.keys(PROJECTS)) {
      await t.test(`${project} by ${compiler}`, () => {
        const { errors, instantiations } = compile(compiler, project);
        now[compiler][project] = instantiations;
        assert.deepEqual(errors, []);
        if (updates) return;
        const budget = recorded[compiler][project];
        assert.ok(
          instantiations <= budget * (1 + GROWTH),
          `'${project}' takes ${instantiations} type instantiations, ${Math.round((instantiations / budget - 1) * 100)} % above the ${budget} that are recorded. ` +
            'Look for what in the types of the API has become dear to check. If that is meant: node tests/types.test.mjs --update-budget, and say why in the commit.',
        );
      });
    }
  }
  if (updates) writeFileSync(budgetFile, `${JSON.stringify(now, undefined, 2)}\n`);
});

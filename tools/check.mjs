// `npm run check`: format, lint, types, tidy, unit and golden tests; under two minutes. The runs of whole programs
// (tests/) belong to `npm test`; `--without-tests` is for those who have run that already.
import { bin, runSteps } from './steps.mjs';

const node = process.execPath;
runSteps([
  ['setup and types', node, 'tools/setup.mjs'],
  ['format', bin('biome'), 'format', '.'],
  ['lint', bin('biome'), 'lint', '--error-on-warnings', '.'],
  ['lint with types', bin('oxlint'), '--type-aware', '--deny-warnings', 'packages'],
  ['tidy', node, 'tools/tidy/main.mjs'],
  ['reference pages', node, 'tools/reference.mjs', '--check'],
  ...(process.argv.includes('--without-tests') ? [] : [['unit and golden tests', node, 'tools/test.mjs', 'packages/']]),
]);

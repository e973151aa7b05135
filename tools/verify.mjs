// `npm run verify`: everything that check does, the end-to-end programs, and the seeded suites with many seeds.
import { runSteps } from './steps.mjs';

const node = process.execPath;
process.env.MILLRACE_SEEDS ??= '2000'; // read by the seeded suites (packages/*/src/**/*.test.ts); `npm test` uses few
runSteps([
  ['check', node, 'tools/check.mjs'],
  ['whole programs', node, 'tools/test.mjs', 'tests/'],
  ['kill test', node, 'tests/chaos/chaos.mjs', '--kills', '20'],
  ['the canon again and again', node, 'tests/repeat-canon.mjs'],
  ['quickstart', node, 'packages/cluster/bin/millrace.js', 'run', 'examples/quickstart/flights.ts'],
]);

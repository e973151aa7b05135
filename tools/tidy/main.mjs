// `npm run tidy`: the house rules as a program. `-- --update` rewrites ratchet.json with today's figures.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { checkBans } from './bans.mjs';
import { checkCycles, checkLayers } from './layers.mjs';
import { checkLinks } from './links.mjs';
import { checkSizes, measure } from './sizes.mjs';
import { readSources } from './sources.mjs';

const file = (name) => new URL(name, import.meta.url);
const layers = JSON.parse(readFileSync(file('layers.json'), 'utf8'));
const ratchet = JSON.parse(readFileSync(file('ratchet.json'), 'utf8'));
const root = fileURLToPath(new URL('../..', import.meta.url));
const sources = readSources(root);

if (process.argv.includes('--update')) {
  const sorted = Object.fromEntries(Object.entries(measure(sources)).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(file('ratchet.json'), `${JSON.stringify(sorted, null, 2)}\n`);
  console.log(`ratchet.json: ${Object.keys(sorted).length} entries`);
  process.exit(0);
}
const problems = [
  ...checkLayers(sources, layers),
  ...checkCycles(sources, layers),
  ...checkBans(sources, layers),
  ...checkSizes(sources, ratchet),
  ...checkLinks(root),
];
for (const problem of problems) console.error(problem);
console.log(`tidy: ${sources.length} files, ${problems.length} problems`);
process.exit(problems.length === 0 ? 0 : 1);

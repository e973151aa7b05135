// npm run bench -- NAME [--slots N] [--records N] [--strings] [--json]
// npm run bench -- [NAME] --compare BASE.json [--pairs N]: against a result that was kept, in turn with a checkout of its commit.
// The last line of standard output is one JSON object; a table for people goes before it unless --json is given. Nothing is asserted here.
import { readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { compare, resultsIn } from './compare.mjs';
import { commit, cpuSeconds } from './process-figures.mjs';

const names = readdirSync(new URL('.', import.meta.url))
  .filter((name) => name.endsWith('.mjs') && !['run.mjs', 'process-figures.mjs', 'run-job.mjs', 'compare.mjs'].includes(name))
  .map((name) => name.slice(0, -4));
const usage = `npm run bench -- NAME [--slots N] [--records N] [--strings] [--json]\nnpm run bench -- [NAME] --compare BASE.json [--pairs N] [--json]\nBASE.json is what 'npm run --silent bench -- NAME --json' wrote, of one benchmark or several.\nNAME is one of: ${names.join(', ')}`;

function read() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        slots: { type: 'string' },
        records: { type: 'string' },
        strings: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        compare: { type: 'string' },
        pairs: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
    return { ...values, name: positionals[0], extra: positionals.slice(1) };
  } catch (error) {
    return fail(error.message);
  }
}

function fail(message) {
  console.error(`${message}\n${usage}`);
  process.exit(2);
}

function positive(text, flag) {
  if (text === undefined) return undefined;
  const number = Number(text);
  return Number.isSafeInteger(number) && number > 0 ? number : fail(`${flag} got '${text}'. Give a whole number above 0.`);
}

function compareWith(file) {
  try {
    const results = resultsIn(file).filter(({ benchmark }) => options.name === undefined || benchmark === options.name);
    if (results.length === 0) fail(`'${file}' has no result of '${options.name}'.`);
    const compared = compare(results, positive(options.pairs, '--pairs') ?? 3, (line) => console.error(line));
    if (!options.json) for (const each of compared) printDifferences(each);
    for (const each of compared) console.log(JSON.stringify(each));
  } catch (error) {
    fail(error.message);
  }
}

function printDifferences({ benchmark, base, isPaired, pairs, figures }) {
  console.log(`${benchmark}: now against ${base ?? 'what was kept'}, ${pairs} ${isPaired ? 'pairs' : 'runs, not paired'}`);
  console.log(`  ${'figure'.padEnd(44)}${'before'.padStart(14)}${'now'.padStart(14)}  now/before (least .. most)`);
  for (const { name, before, now, ratio, least, most } of figures)
    console.log(`  ${name.padEnd(44)}${String(before).padStart(14)}${String(now).padStart(14)}  ${ratio} (${least} .. ${most})`);
}

const options = read();
if (options.help || (options.name === undefined && options.compare === undefined)) {
  console.log(usage);
  process.exit(options.help ? 0 : 2);
}
if (options.name !== undefined && !names.includes(options.name)) fail(`There is no benchmark '${options.name}'.`);
if (options.extra.length > 0) fail(`'${options.extra[0]}' is one name too many.`);
if (options.compare !== undefined) {
  compareWith(options.compare);
  process.exit(0);
}
const { run } = await import(`./${options.name}.mjs`);
const before = cpuSeconds();
const result = await run({
  slots: positive(options.slots, '--slots'),
  records: positive(options.records, '--records'),
  strings: options.strings,
  json: options.json,
});
const after = cpuSeconds();
const cpu = result.cpuSeconds ?? (before === undefined ? undefined : Number((after - before).toFixed(2)));
const line = {
  benchmark: options.name,
  ...result,
  cpuSeconds: cpu,
  recordsPerSecondPerCore: cpu === undefined || result.records === undefined ? undefined : Math.round(result.records / cpu),
  node: process.version,
  commit: commit(),
};
if (!options.json)
  for (const [key, value] of Object.entries(line))
    console.log(`${key.padEnd(26)}${typeof value === 'object' ? JSON.stringify(value) : value}`);
console.log(JSON.stringify(line));

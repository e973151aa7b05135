// npm run bench -- NAME [--slots N] [--records N] [--strings] [--json]
// The last line of standard output is one JSON object; a table for people goes before it unless --json is given. Nothing is asserted here.
import { readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { commit, cpuSeconds } from './process-figures.mjs';

const names = readdirSync(new URL('.', import.meta.url))
  .filter((name) => name.endsWith('.mjs') && !['run.mjs', 'process-figures.mjs', 'run-job.mjs'].includes(name))
  .map((name) => name.slice(0, -4));
const usage = `npm run bench -- NAME [--slots N] [--records N] [--strings] [--json]\nNAME is one of: ${names.join(', ')}`;

function read() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        slots: { type: 'string' },
        records: { type: 'string' },
        strings: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
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

const options = read();
if (options.help || options.name === undefined) {
  console.log(usage);
  process.exit(options.help ? 0 : 2);
}
if (!names.includes(options.name)) fail(`There is no benchmark '${options.name}'.`);
if (options.extra.length > 0) fail(`'${options.extra[0]}' is one name too many.`);
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

// What has changed since a result that was kept: the benchmarks of the file are run again, here and in a checkout of the commit they are of, in turn.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = fileURLToPath(new URL('..', import.meta.url));
/** Figures of the machine, of the run or of its size, in which no difference is looked for. */
const SAME = new Set(['slots', 'records', 'bytes', 'rate', 'size', 'slide', 'seconds', 'count']);

/** The results in a file: every line that is one. */
export function resultsIn(file) {
  const results = readFileSync(file, 'utf8').split('\n').flatMap(resultOf);
  if (results.length === 0)
    throw new Error(`'${file}' has no result of a benchmark. Make one with: npm run --silent bench -- NAME --json > ${file}`);
  return results;
}

function resultOf(line) {
  try {
    const result = JSON.parse(line);
    return typeof result?.benchmark === 'string' ? [result] : [];
  } catch {
    return []; // npm writes lines of its own
  }
}

/** Runs the benchmarks of `results` in pairs; resolves to the differences, by benchmark. */
export function compare(results, pairs, say) {
  return results.map((base) => {
    const tree = checkoutOf(base.commit, say);
    try {
      return { benchmark: base.benchmark, base: base.commit, isPaired: tree !== undefined, ...differences(base, tree, pairs) };
    } finally {
      if (tree !== undefined) removeCheckout(tree);
    }
  });
}

function differences(base, tree, pairs) {
  const args = argumentsOf(base);
  const before = [];
  const now = [];
  for (let pair = 0; pair < pairs; pair++) {
    const turns = [() => before.push(tree === undefined ? base : runIn(tree, args)), () => now.push(runIn(HERE, args))];
    for (const turn of pair % 2 === 0 ? turns : turns.reverse()) turn();
  }
  const names = Object.keys(figuresOf(base));
  return { pairs, figures: names.map((name) => difference(name, before.map(figuresOf), now.map(figuresOf))) };
}

function difference(name, before, now) {
  const ratios = now.map((figures, pair) => figures[name] / before[pair][name]).sort((a, b) => a - b);
  const middle = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
  return {
    name,
    before: middle(before.map((figures) => figures[name])),
    now: middle(now.map((figures) => figures[name])),
    ratio: Number(middle(ratios)?.toFixed(3)),
    least: Number(ratios[0]?.toFixed(3)),
    most: Number(ratios.at(-1)?.toFixed(3)),
  };
}

/** The figures of a result, one level deep: of a list of runs each is named by what is said of it in words. */
function figuresOf(result) {
  const figures = {};
  for (const [name, value] of Object.entries(result)) {
    if (Array.isArray(value)) for (const run of value) Object.assign(figures, prefixed(run));
    else if (typeof value === 'number' && !SAME.has(name)) figures[name] = value;
  }
  return figures;
}

function prefixed(run) {
  const said = Object.entries(run).filter(([name, value]) => typeof value === 'string' || SAME.has(name));
  const label = said
    .filter(([name]) => name !== 'count' && name !== 'records')
    .map(([, value]) => value)
    .join(' ');
  const numbers = Object.entries(run).filter(([name, value]) => typeof value === 'number' && !SAME.has(name));
  return Object.fromEntries(numbers.map(([name, value]) => [`${label}: ${name}`, value]));
}

function argumentsOf({ benchmark, slots, records, strings }) {
  const given = { slots, records };
  const flags = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, String(value)]));
  return [benchmark, ...flags, ...(strings === true ? ['--strings'] : []), '--json'];
}

function runIn(tree, args) {
  const { status, stdout, error } = spawnSync(process.execPath, ['benchmarks/run.mjs', ...args], {
    cwd: tree,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`benchmarks/run.mjs ${args.join(' ')} ended with ${status} in ${tree}`);
  return JSON.parse(stdout.trimEnd().split('\n').at(-1));
}

/** A checkout of a commit, set up; undefined where the commit cannot be had. */
function checkoutOf(commit, say) {
  const git = (...args) => spawnSync('git', args, { cwd: HERE, encoding: 'utf8' }).status === 0;
  if (commit === undefined || !git('cat-file', '-e', `${commit}^{commit}`)) {
    say(
      `The commit of the kept result (${commit ?? 'none'}) is not in this repository: its figures are compared as they were written, not in pairs.`,
    );
    return undefined;
  }
  const tree = join(mkdtempSync(join(tmpdir(), 'millrace-base-')), 'tree');
  if (!git('worktree', 'add', '--detach', tree, commit)) throw new Error(`git cannot check out ${commit} to ${tree}`);
  say(`Setting up ${commit} ...`);
  const setup = spawnSync(process.execPath, ['tools/setup.mjs'], { cwd: tree, stdio: ['ignore', 'ignore', 'inherit'] });
  if (setup.status === 0) return tree;
  removeCheckout(tree);
  throw new Error(`${commit} could not be set up in ${tree}: see what tools/setup.mjs said above.`);
}

function removeCheckout(tree) {
  spawnSync('git', ['worktree', 'remove', '--force', tree], { cwd: HERE });
  const folder = join(tree, '..');
  if (existsSync(folder)) rmSync(folder, { recursive: true });
}

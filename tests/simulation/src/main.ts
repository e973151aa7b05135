/** `npm run sim`: runs seeds and says which of them violate what must hold. */
import { parseArgs } from 'node:util';
import { runSeed, type SeedOutcome } from './run-seed.ts';

const HELP = `npm run sim -- [--seeds N] [--seed S] [--trace] [--bug NAME] [--list-bugs]

  --seeds N    how many seeds are run (default 100)
  --seed S     the first of them (default 1); alone, only this one
  --trace      prints every step
  --bug NAME   plants a bug in the engine first: the run must fail
  --list-bugs  prints the names of these bugs, one a line

Failing seeds are printed with the command that runs them again, and it ends with 1. The last line is the hash of all traces: the same seeds, the same hash.`;

interface Options {
  readonly seeds: number;
  readonly first: number;
  readonly trace: boolean;
}

export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seeds: { type: 'string' },
      seed: { type: 'string' },
      trace: { type: 'boolean' },
      bug: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) {
    console.log(HELP);
    return 0;
  }
  const seeds = wholeNumber('--seeds', values.seeds ?? (values.seed === undefined ? '100' : '1'), 1);
  return runAll({ seeds, first: wholeNumber('--seed', values.seed ?? '1', 0), trace: values.trace === true }, values.bug);
}

async function runAll({ seeds, first, trace }: Options, bug: string | undefined): Promise<number> {
  let hash = 0;
  let failed = 0;
  const sums = { faults: 0, checkpoints: 0, processes: 0, restarts: 0 };
  for (let seed = first; seed < first + seeds; seed++) {
    const outcome = await runSeed(seed, { print: trace ? (line) => console.log(line) : undefined });
    hash = Math.imul(hash ^ Number.parseInt(outcome.hash, 16), 0x01000193);
    for (const key of ['faults', 'checkpoints', 'processes', 'restarts'] as const) sums[key] += outcome[key];
    if (outcome.violations.length === 0) continue;
    failed += 1;
    report(outcome, bug);
    if (bug !== undefined) break;
  }
  console.log(
    `${seeds} seeds, ${failed} failed; ${sums.faults} faults, ${sums.checkpoints} checkpoints, ${sums.restarts} restarts, ${sums.processes} processes`,
  );
  console.log(`trace hash ${(hash >>> 0).toString(16).padStart(8, '0')}`);
  return failed === 0 ? 0 : 1;
}

function report({ seed, violations }: SeedOutcome, bug: string | undefined): void {
  console.log(`seed ${seed} failed:`);
  for (const violation of violations.slice(0, 5)) console.log(`  ${violation}`);
  console.log(`  npm run sim -- --seed ${seed}${bug === undefined ? '' : ` --bug ${bug}`} --trace`);
}

function wholeNumber(name: string, text: string, least: number): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= least) return number;
  console.error(`sim: ${name} is '${text}'. Give a whole number from ${least} on.`);
  process.exit(2);
}

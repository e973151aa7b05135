/** One seed of the oracle: a random program, run in several ways; a difference comes back as a small program and how to repeat it. */
import { seededRandom } from '@millrace/core/base/random';
import { generateProgram } from './generate-program.ts';
import type { OracleProgram, RunPlan } from './program.ts';
import { differenceOf } from './run-program.ts';
import { shrinkProgram } from './shrink-program.ts';

/** Undefined if the program did in every way what the reference says. */
export async function checkSeed(seed: number): Promise<string | undefined> {
  const random = seededRandom(seed);
  const program = generateProgram(random);
  const runs: readonly RunPlan[] = [
    { seed: random.nextInt(1e9), parallelism: 1, slots: 1, generateCode: true },
    { seed: random.nextInt(1e9), parallelism: 2 + random.nextInt(3), slots: 1, generateCode: random.nextInt(2) === 0 },
    { seed: random.nextInt(1e9), parallelism: 2 + random.nextInt(3), slots: 2 + random.nextInt(3), generateCode: random.nextInt(2) === 0 },
  ];
  for (const run of runs) {
    const difference = await differenceOf(program, run);
    if (difference !== undefined) return describe(seed, program, run);
  }
  return undefined;
}

async function describe(seed: number, program: OracleProgram, run: RunPlan): Promise<string> {
  const small = await shrinkProgram(program, async (smaller) => (await differenceOf(smaller, run)) !== undefined);
  const difference = await differenceOf(small, run);
  return `MILLRACE_SEED=${seed} differs from the reference, run as ${JSON.stringify(run)}:\n${difference}\n${JSON.stringify(small)}`;
}

/** One seed of the oracle: a random program, run in several ways; a difference comes back as a small program and how to repeat it. */
import { seededRandom } from '@millrace/core/base/random';
import { generateProgram, type NodeKind } from './generate-program.ts';
import { programText } from './program-text.ts';
import type { NodePlan, OracleProgram, RunPlan } from './program.ts';
import { differenceOf } from './run-program.ts';
import { shrinkProgram } from './shrink-program.ts';

export interface Difference {
  readonly program: OracleProgram;
  readonly run: RunPlan;
  /** What is missing, and what is too much. */
  readonly text: string;
}

/** Undefined if the program of the seed did in every way what the reference says. */
export async function findDifference(seed: number, kinds?: readonly NodeKind[]): Promise<Difference | undefined> {
  const random = seededRandom(seed);
  const program = generateProgram(random, kinds);
  const parallel = () => 2 + random.nextInt(3);
  const run = (parallelism: number, slots: number): RunPlan => {
    const generateCode = random.nextInt(3) > 0;
    return {
      seed: random.nextInt(1e9),
      parallelism,
      slots,
      generateCode,
      padding: random.nextInt(3) * 150,
      channelCapacity: [2, 8, 1024][random.nextInt(3)] as number,
      markers: readsClock(program) ? 0 : (seed % 3) * 8,
    };
  };
  const phases = Math.max(...program.sources.map((source) => source.phases.length));
  const crashing = (plan: RunPlan): RunPlan => ({
    ...plan,
    crash: { phase: random.nextInt(phases), turns: random.nextInt(60), parallelism: 1 + random.nextInt(4) },
  });
  const plans = [
    run(1, 1),
    run(parallel(), 1),
    run(parallel(), parallel()),
    crashing(run(parallel(), 1)),
    crashing(run(parallel(), parallel())),
  ];
  for (const plan of plans) {
    const text = await differenceOf(program, plan);
    if (text !== undefined) return { program, run: plan, text };
  }
  return undefined;
}

function readsClock({ nodes }: OracleProgram): boolean {
  const reads = (node: NodePlan) =>
    node.op === 'slow' || (node.op === 'timers' && node.how === 'clock') || (node.op === 'general' && node.assigner.kind === 'clock');
  return nodes.some(reads);
}

/** The difference in words, with the smallest program found that shows it. */
export async function checkSeed(seed: number): Promise<string | undefined> {
  const found = await findDifference(seed);
  if (found === undefined) return undefined;
  const { program, run } = found;
  const small = await shrinkProgram(program, async (smaller) => (await differenceOf(smaller, run)) !== undefined);
  const text = await differenceOf(small, run);
  return [
    `Seed ${seed} differs from the reference: ${text}`,
    `The smallest program found that does, run as ${JSON.stringify(run)}:`,
    programText(small, run),
    `Replay: MILLRACE_SEED=${seed} node tools/test.mjs packages/testing/dist/oracle/oracle`,
  ].join('\n\n');
}

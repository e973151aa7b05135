/** Cuts a failing program down while it still fails: streams, phases, steps, settings; greedily, within a bound of runs. */
import { inputsOf, type NodePlan, type OracleProgram } from './program.ts';
import { unsoundness } from './traits.ts';

const RUNS_MAX = 250;

export async function shrinkProgram(program: OracleProgram, fails: (smaller: OracleProgram) => Promise<boolean>): Promise<OracleProgram> {
  let smallest = program;
  let runs = 0;
  for (let progress = true; progress && runs < RUNS_MAX; ) {
    progress = false;
    for (const candidate of candidatesOf(smallest)) {
      if (++runs > RUNS_MAX) break;
      if (unsoundness(candidate) !== undefined || !(await fails(candidate))) continue;
      smallest = candidate;
      progress = true;
      break;
    }
  }
  return smallest;
}

function* candidatesOf(program: OracleProgram): Generator<OracleProgram> {
  yield* fewerSinks(program);
  yield* fewerNodes(program);
  yield* shorterSources(program);
  for (const [index, node] of program.nodes.entries()) {
    if (node.op === 'union' || node.op === 'late' || node.op === 'side') continue;
    if ('partitioning' in node && node.partitioning !== 'none') yield withNode(program, index, { ...node, partitioning: 'none' });
    if (node.chaining !== 'ALWAYS') yield withNode(program, index, { ...node, chaining: 'ALWAYS' });
    if (node.parallelism !== 1) yield withNode(program, index, { ...node, parallelism: 1 });
  }
}

function* fewerSinks(program: OracleProgram): Generator<OracleProgram> {
  if (program.sinks.length > 1) for (const sink of program.sinks) yield { ...program, sinks: [sink] };
}

/** Without one node: whoever read it reads its input. */
function* fewerNodes(program: OracleProgram): Generator<OracleProgram> {
  for (let index = program.nodes.length - 1; index >= 0; index--) {
    const stream = program.sources.length + index;
    const node = program.nodes[index] as NodePlan;
    const instead = inputsOf(node)[0] as number;
    const moved = (read: number) => (read === stream ? instead : read > stream ? read - 1 : read);
    const nodes = program.nodes.filter((_, other) => other !== index).map((other) => reading(other, moved));
    yield { ...program, nodes, sinks: [...new Set(program.sinks.map(moved))] };
  }
}

function reading(node: NodePlan, moved: (stream: number) => number): NodePlan {
  if (node.op === 'union' || node.op === 'many') return { ...node, inputs: node.inputs.map(moved) };
  if ('inputs' in node) return { ...node, inputs: [moved(node.inputs[0]), moved(node.inputs[1])] };
  return { ...node, input: moved(node.input) };
}

/** Half of a phase at a time, then one step at a time. */
function* shorterSources(program: OracleProgram): Generator<OracleProgram> {
  for (const [source, { phases }] of program.sources.entries()) {
    for (const [phase, steps] of phases.entries()) {
      const cut = (kept: typeof steps) => {
        const shorter = { phases: phases.map((other, index) => (index === phase ? kept : other)) };
        return { ...program, sources: program.sources.map((other, index) => (index === source ? shorter : other)) };
      };
      const half = steps.length >> 1;
      // The first step of a phase is the watermark that all sources share (run-program.ts).
      if (steps.length > 3) yield* [cut(steps.slice(0, half)), cut([...steps.slice(0, 1), ...steps.slice(half)])];
      for (let step = 1; steps.length <= 12 && step < steps.length; step++) yield cut(steps.filter((_, index) => index !== step));
    }
  }
}

function withNode(program: OracleProgram, index: number, node: NodePlan): OracleProgram {
  return { ...program, nodes: program.nodes.map((other, place) => (place === index ? node : other)) };
}

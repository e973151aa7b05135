/**
 * What is known of a stream whatever the interleaving: the generator builds only programs whose results are determined, and the shrinker keeps to that.
 *
 * A window or a rolling aggregate sees its records of one key in a known order only if all of them came through one subtask after another (`single`). Where records
 * may be late, windows stand only there; where none is, the content of a window is the same in any order.
 */
import { inputsOf, type NodePlan, type OracleProgram, type SourcePlan } from './program.ts';

export interface Traits {
  /** Comes out of one subtask, in an order that the reference knows. */
  readonly ordered: boolean;
  readonly timestampsKnown: boolean;
}

export function traitsOf(program: OracleProgram): readonly Traits[] {
  const traits: Traits[] = program.sources.map(() => ({ ordered: true, timestampsKnown: true }));
  for (const node of program.nodes) traits.push(traitsOfNode(node, traits));
  return traits;
}

function traitsOfNode(node: NodePlan, traits: readonly Traits[]): Traits {
  const inputs = inputsOf(node).map((input) => traits[input] as Traits);
  const timestampsKnown = inputs.every((input) => input.timestampsKnown);
  const [input] = inputs as [Traits];
  if (node.op === 'union' || node.op === 'late' || node.op === 'window') return { ordered: false, timestampsKnown };
  const ordered = input.ordered && node.parallelism === 1;
  // A count has a map in front, which keeps the order only in one subtask.
  const counts = node.op === 'rolling' && node.aggregate === 'count';
  if (node.op === 'rolling') return { ordered, timestampsKnown: timestampsKnown && input.ordered && (!counts || ordered) };
  return { ordered, timestampsKnown };
}

/** Why the results of the program would not be determined; undefined for a sound one. */
export function unsoundness(program: OracleProgram): string | undefined {
  const traits = traitsOf(program);
  if (hasWindowsInARow(program) && program.sources.some(comesBack))
    return 'a window may fire late for the next when a source comes back from idleness';
  for (const [index, node] of program.nodes.entries()) {
    if (inputsOf(node).some((input) => input >= program.sources.length + index)) return `node ${index} reads a later stream`;
    const problem = unsoundNode(node, program, traits);
    if (problem !== undefined) return `node ${index}: ${problem}`;
  }
  return undefined;
}

function unsoundNode(node: NodePlan, program: OracleProgram, traits: readonly Traits[]): string | undefined {
  if (node.op === 'union') return undefined;
  const input = traits[node.input] as Traits;
  switch (node.op) {
    case 'window':
      if (!input.timestampsKnown) return 'a window over unknown timestamps';
      return program.late && !input.ordered ? 'a window over records that may be late, in no known order' : undefined;
    case 'rolling':
      return node.aggregate !== 'count' && !input.ordered ? 'a rolling aggregate in no known order' : undefined;
    case 'timestamps':
      return input.ordered && node.parallelism === 1 && program.late ? undefined : 'watermarks of records in no known order';
    case 'late':
      return program.nodes[node.input - program.sources.length]?.op === 'window' ? undefined : 'a late side output of no window';
    default:
      return undefined;
  }
}

/** What a window emits while its lane comes back from idleness may be late for the next window: other lanes have not waited for it. */
function comesBack({ phases }: SourcePlan): boolean {
  const idle = phases.map((steps) => steps.at(-1)?.kind === 'idle');
  return idle.some((isIdle, phase) => isIdle && idle[phase + 1] === false);
}

function hasWindowsInARow({ sources, nodes }: OracleProgram): boolean {
  const behindWindow = sources.map(() => false);
  let inARow = false;
  for (const node of nodes) {
    const behind = inputsOf(node).some((input) => behindWindow[input] === true);
    if (node.op === 'window' && behind) inARow = true;
    behindWindow.push(behind || node.op === 'window');
  }
  return inARow;
}

/**
 * What is known of a stream whatever the interleaving: the generator builds only programs whose results are determined, and the shrinker keeps to that.
 *
 * A window or a rolling aggregate sees its records of one key in a known order only if all of them came through one subtask after another (`ordered`). Where records
 * may be late, windows and timers stand only there; where none is, what they hold when the watermark comes is the same in any order.
 */
import { SLOWEST_MS } from './operations.ts';
import { type AssignerPlan, inputsOf, type NodePlan, type OracleProgram, type SourcePlan } from './program.ts';

export interface Traits {
  /** Comes out of one subtask, in an order that the reference knows. */
  readonly ordered: boolean;
  /** … and none is behind the watermark, but for late records of sources. */
  readonly timestampsKnown: boolean;
  /** When records come: with the first steps of a phase, with the later ones, or when watermarks and the clock make it so. */
  readonly comes: 'early' | 'main' | 'any';
  /** All timestamps are even. */
  readonly even: boolean;
}

export function traitsOf(program: OracleProgram): readonly Traits[] {
  const traits: Traits[] = program.sources.map(({ early }) => ({
    ordered: true,
    timestampsKnown: true,
    comes: early === true ? 'early' : 'main',
    even: program.even,
  }));
  for (const node of program.nodes) traits.push(traitsOfNode(node, { traits, program }));
  return traits;
}

interface Known {
  readonly traits: readonly Traits[];
  readonly program: OracleProgram;
}

function traitsOfNode(node: NodePlan, { traits, program }: Known): Traits {
  const inputs = inputsOf(node).map((input) => traits[input] as Traits);
  const [input] = inputs as [Traits];
  const timestampsKnown = inputs.every((each) => each.timestampsKnown);
  const even = inputs.every((each) => each.even);
  const comes = inputs.every((each) => each.comes === input.comes) ? input.comes : 'any';
  const any = { ordered: false, timestampsKnown, comes: 'any', even: false } as const;
  switch (node.op) {
    case 'union':
    case 'coMap':
      return { ordered: false, timestampsKnown, comes, even };
    case 'late':
      return { ordered: false, timestampsKnown, comes, even };
    case 'side':
      return program.nodes[node.input - program.sources.length]?.op === 'process' ? input : any;
    case 'timers':
      return { ...any, timestampsKnown: timestampsKnown && node.how !== 'clock' };
    case 'general':
      return { ...any, timestampsKnown: timestampsKnown && node.assigner.kind !== 'clock' && node.assigner.kind !== 'global' };
    case 'countWindow':
      return { ...any, timestampsKnown: false };
    case 'window':
    case 'many':
    case 'coTimers':
    case 'intervalJoin':
    case 'windowJoin':
    case 'coGroup':
    case 'rules':
      return any;
    case 'rolling': {
      const ordered = input.ordered && node.parallelism === 1;
      // A count has a map in front, which keeps the order only in one subtask.
      const counts = node.aggregate === 'count';
      return { ordered, timestampsKnown: timestampsKnown && input.ordered && (!counts || ordered), comes, even };
    }
    case 'async':
      return { ordered: input.ordered && node.parallelism === 1 && node.ordered, timestampsKnown, comes, even };
    case 'slow':
      return { ordered: node.ordered, timestampsKnown, comes: 'any', even };
    default:
      return { ordered: input.ordered && node.parallelism === 1, timestampsKnown, comes, even };
  }
}

/** Why the results of the program would not be determined; undefined for a sound one. */
export function unsoundness(program: OracleProgram): string | undefined {
  const traits = traitsOf(program);
  if (firesInARow(program) && program.sources.some(comesBack))
    return 'a window may fire late for the next when a source comes back from idleness';
  for (const [index, node] of program.nodes.entries()) {
    if (inputsOf(node).some((input) => input >= program.sources.length + index)) return `node ${index} reads a later stream`;
    const problem = unsoundNode(node, program, traits);
    if (problem !== undefined) return `node ${index}: ${problem}`;
  }
  return undefined;
}

function unsoundNode(node: NodePlan, program: OracleProgram, traits: readonly Traits[]): string | undefined {
  const inputs = inputsOf(node).map((input) => traits[input] as Traits);
  const [input, second] = inputs as [Traits, Traits];
  const inTime = inputs.every(({ timestampsKnown }) => timestampsKnown);
  switch (node.op) {
    case 'window':
      if (!inTime) return 'a window over unknown timestamps';
      return program.late && !input.ordered ? 'a window over records that may be late, in no known order' : undefined;
    case 'general': {
      if (node.assigner.kind === 'clock') {
        if (node.trigger.kind !== 'default' || node.evictor?.kind === 'count' || !inTime)
          return 'a window by the clock that sees the order of records';
        return input.comes === 'any' ? 'a window by the clock over records whose moment is not known' : undefined;
      }
      if (!inTime) return 'a window over unknown timestamps';
      if (input.ordered) return undefined;
      if (program.late) return 'a window over records that may be late, in no known order';
      if (node.trigger.kind !== 'default' || node.evictor?.kind === 'count') return 'a trigger or evictor that sees the order of records';
      return touches(node.assigner, input) ? 'sessions that may touch' : undefined;
    }
    case 'timers':
      if (node.how === 'clock') return input.comes === 'any' ? 'timers of the clock for records whose moment is not known' : undefined;
      if (!inTime) return 'timers of unknown timestamps';
      if (node.how === 'sequence') return input.ordered ? undefined : 'a function that sees the order of records';
      return program.late ? 'timers of buckets of records that may be late' : undefined;
    case 'intervalJoin':
      if (node.outer !== 'inner' && (node.lowerMs >= 0 || node.upperMs <= 0)) return 'an outer join whose bounds are on one side';
      return unsoundTogether(node.inputs, program, inTime);
    case 'many':
    case 'coTimers':
    case 'windowJoin':
    case 'coGroup':
      return unsoundTogether(node.inputs, program, inTime);
    case 'rules':
      if (!inTime || program.late) return 'rules of unknown timestamps';
      if (allIdle(node.inputs, program)) return 'two inputs that are idle together';
      return input.comes === 'main' && second.comes === 'early' ? undefined : 'rules that may come together with records';
    case 'slow':
      if (program.advanceMs < SLOWEST_MS) return 'answers that wait for a clock that stands still';
      return input.ordered && input.comes !== 'any' && node.parallelism === 1
        ? undefined
        : 'answers that hold up what is in no known order';
    case 'rolling':
      return node.aggregate !== 'count' && !input.ordered ? 'a rolling aggregate in no known order' : undefined;
    case 'countWindow':
      return input.ordered ? undefined : 'a count window in no known order';
    case 'timestamps':
      return input.ordered && node.parallelism === 1 && program.late ? undefined : 'watermarks of records in no known order';
    case 'late':
      return hasOp(program, node.input, ['window', 'general']) ? undefined : 'a late side output of no window';
    case 'side':
      return hasOp(program, node.input, ['process', 'timers']) ? undefined : 'a side output of no process function';
    default:
      return undefined;
  }
}

function unsoundTogether(inputs: readonly number[], program: OracleProgram, inTime: boolean): string | undefined {
  if (!inTime) return 'inputs of unknown timestamps';
  if (program.late) return 'inputs whose records may be late';
  return allIdle(inputs, program) ? 'inputs that are idle together: which of them was first decides the watermark' : undefined;
}

function hasOp(program: OracleProgram, stream: number, ops: readonly string[]): boolean {
  return ops.includes(program.nodes[stream - program.sources.length]?.op ?? '');
}

/** Whether a record may come exactly where a session ends: it extends the session if it is there before that fires. */
function touches(assigner: AssignerPlan, { even }: Traits): boolean {
  return assigner.kind === 'session' && !(even && assigner.gapMs % 2 === 1);
}

/** The sources that a stream comes from. */
export function sourcesOf(program: OracleProgram, stream: number): ReadonlySet<number> {
  if (stream < program.sources.length) return new Set([stream]);
  const inputs = inputsOf(program.nodes[stream - program.sources.length] as NodePlan);
  return new Set(inputs.flatMap((input) => [...sourcesOf(program, input)]));
}

/** Whether there is a phase in which all inputs are idle. */
function allIdle(inputs: readonly number[], program: OracleProgram): boolean {
  const idle = inputs.map((input) => [...sourcesOf(program, input)].map((source) => program.sources[source] as SourcePlan));
  const phases = Math.max(...program.sources.map((source) => source.phases.length));
  return Array.from({ length: phases }, (_, phase) => phase).some((phase) =>
    idle.every((sources) => sources.every((source) => source.phases[phase]?.at(-1)?.kind === 'idle')),
  );
}

/** What a window emits while its lane comes back from idleness may be late for the next window: other lanes have not waited for it. */
function comesBack({ phases }: SourcePlan): boolean {
  const idle = phases.map((steps) => steps.at(-1)?.kind === 'idle');
  return idle.some((isIdle, phase) => isIdle && idle[phase + 1] === false);
}

/** Those that emit when a watermark comes. */
const FIRING: readonly string[] = ['window', 'general', 'countWindow', 'timers', 'coTimers', 'many', 'windowJoin', 'coGroup'];

function firesInARow({ sources, nodes }: OracleProgram): boolean {
  const behind = sources.map(() => false);
  let inARow = false;
  for (const node of nodes) {
    const isBehind = inputsOf(node).some((input) => behind[input] === true);
    if ((FIRING.includes(node.op) || node.op === 'intervalJoin') && isBehind) inARow = true;
    const isOuter = node.op === 'intervalJoin' && node.outer !== 'inner';
    behind.push(isBehind || isOuter || FIRING.includes(node.op));
  }
  return inARow;
}

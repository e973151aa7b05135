/** About how many records each stream of a program has: joins of joins of many records would keep a run busy for minutes. */
import type { NodePlan, OracleProgram, SourcePlan } from './program.ts';

const KEYS = 6;
const PHASE_MS = 100;

/** The most of any stream. */
export function recordsAtMost(program: OracleProgram): number {
  const sizes = program.sources.map(recordsOf);
  const spanMs = PHASE_MS * Math.max(...program.sources.map((source) => source.phases.length));
  for (const node of program.nodes) sizes.push(sizeOf(node, sizes, spanMs));
  return Math.max(...sizes);
}

function recordsOf(source: SourcePlan): number {
  return source.phases.flat().filter(({ kind }) => kind === 'record').length;
}

function sizeOf(node: NodePlan, sizes: readonly number[], spanMs: number): number {
  const of = (stream: number) => sizes[stream] ?? 0;
  switch (node.op) {
    case 'union':
      return node.inputs.reduce((sum, stream) => sum + of(stream), 0);
    case 'intervalJoin':
    case 'windowJoin': {
      const pairs = (of(node.inputs[0]) * of(node.inputs[1])) / KEYS;
      const togetherMs = node.op === 'intervalJoin' ? node.upperMs - node.lowerMs : node.sizeMs * Math.ceil(node.sizeMs / node.slideMs);
      return of(node.inputs[0]) + of(node.inputs[1]) + (pairs * togetherMs) / spanMs;
    }
    case 'many':
      return 2 * node.inputs.reduce((sum, stream) => sum + of(stream), 0);
    case 'coMap':
    case 'coTimers':
    case 'rules':
    case 'coGroup':
      return 2 * (of(node.inputs[0]) + of(node.inputs[1]));
    case 'flatMap':
      return of(node.input) * copiesOf(node) * node.copies;
    case 'window':
      return of(node.input) * Math.ceil(node.sizeMs / node.slideMs);
    default:
      return of(node.input) * copiesOf(node);
  }
}

/** A broadcast gives each subtask all of them. */
function copiesOf(node: NodePlan): number {
  return 'partitioning' in node && node.partitioning === 'broadcast' ? (node.parallelism ?? 4) : 1;
}

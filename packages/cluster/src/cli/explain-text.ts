/** An explanation as a person reads it in a terminal. Operators are numbered plainly and vertices in brackets, as in the JSON form. */
import type {
  ExplainedExchange,
  ExplainedOperator,
  ExplainedState,
  ExplainedStream,
  ExplainedVertex,
} from '@millrace/streaming/graph/explain-job';
import type { ExplainedJob } from './explain-executor.ts';

export interface TextStyle {
  bold(text: string): string;
  dim(text: string): string;
}

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

export function explanationText(job: ExplainedJob, style: TextStyle): string {
  const { streamGraph, jobGraph } = job;
  const facts = `execution mode ${job.executionMode}, parallelism ${job.parallelism}, ${plural(job.slots, 'slot')}`;
  return [
    style.bold(`Job '${job.name}'`),
    style.dim(`  ${facts}`),
    ...job.warnings.map((warning) => `  warning: ${warning}`),
    '',
    style.bold('  Stream graph'),
    ...streamGraph.nodes.flatMap((node) => operatorLines(node, streamGraph.edges, style)),
    '',
    style.bold('  Job graph'),
    ...jobGraph.vertices.flatMap((vertex) => vertexLines(vertex, jobGraph.exchanges, style)),
    '',
    style.bold('  Slot sharing groups'),
    ...job.slotSharingGroups.map(
      ({ name, slots, vertices }) => `    '${name}': ${plural(slots, 'slot')} for ${vertices.map((vertex) => `[${vertex}]`).join(' ')}`,
    ),
  ]
    .map((line) => `${line}\n`)
    .join('');
}

function operatorLines(operator: ExplainedOperator, edges: readonly ExplainedStream[], style: TextStyle): readonly string[] {
  const { node, name, uid, parallelism, maxParallelism, slotSharingGroup, vertex, description } = operator;
  const identity = uid === null ? 'no uid' : `uid '${uid}'`;
  const group = slotSharingGroup === 'default' ? '' : `, slot sharing group '${slotSharingGroup}'`;
  return [
    `    ${String(node).padStart(2)}  ${name}  ${style.dim(`[${vertex}] parallelism ${parallelism} of at most ${maxParallelism}, ${identity}${group}`)}`,
    ...(description === null ? [] : [style.dim(`          ${description}`)]),
    ...operator.states.map((state) => `        ${stateLine(state)}`),
    ...edges.filter((edge) => edge.to === node).map((edge) => `        ${streamLine(edge)}`),
  ];
}

function stateLine({ name, kind, type, redistributionMode, redistributionStrategy, ttlMs }: ExplainedState): string {
  const strategy = redistributionStrategy === null ? '' : ` by ${redistributionStrategy}`;
  return `state '${name}': ${kind} of ${type}, ${redistributionMode}${strategy}${ttlMs === null ? '' : `, time to live ${ttlMs} ms`}`;
}

function streamLine({ from, input, partitioner, sideOutput, type, feedback, chained, notChained }: ExplainedStream): string {
  if (feedback) return `<- ${from}, feedback in the same slot`;
  const what = [`<- ${from}`, partitioner, ...(input === 2 ? ['second input'] : [])];
  if (sideOutput !== null) what.push(`side output '${sideOutput}'`);
  if (type !== null) what.push(type);
  const end = chained ? 'chained' : `not chained: ${notChained.map(({ text }) => text).join('; ')}`;
  return `${what.join(', ')} (${end})`;
}

function vertexLines(vertex: ExplainedVertex, exchanges: readonly ExplainedExchange[], style: TextStyle): readonly string[] {
  const operators = `${vertex.nodes.length === 1 ? 'operator' : 'operators'} ${vertex.nodes.join(', ')}`;
  return [
    `    [${vertex.vertex}] ${vertex.name}  ${style.dim(`${plural(vertex.parallelism, 'subtask')}, ${operators}`)}`,
    ...exchanges.filter((exchange) => exchange.from === vertex.vertex).map((exchange) => `        ${exchangeLine(exchange)}`),
  ];
}

function exchangeLine({ to, input, partitioner, sideOutput, key, type, channels }: ExplainedExchange): string {
  const what = [`-> [${to}] ${partitioner}`, ...(input === 2 ? ['second input'] : [])];
  if (sideOutput !== null) what.push(`side output '${sideOutput}'`);
  if (key !== null) what.push(`key ${key.type ?? 'learned'} in ${key.keyGroups} key groups`);
  what.push(`records ${type ?? 'learned'}`, plural(channels, 'channel'));
  return what.join(', ');
}

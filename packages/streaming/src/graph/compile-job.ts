/** From a program to what is submitted: stream graph, chains, job graph, and the functions behind it by id. Pure: equal programs give byte-equal job graphs. */
import { UsageError } from '@millrace/core/base/errors';
import { descriptionOf } from '@millrace/core/types/types';
import type { OperatorLogic } from '../contract/operator.ts';
import { type Chain, chainName } from './chaining.ts';
import type {
  ChainedOperator,
  CompiledJob,
  EdgeBinding,
  JobBindings,
  JobConfiguration,
  JobEdge,
  JobGraph,
  JobVertex,
} from './job-graph.ts';
import { type JobPlan, planOf } from './job-plan.ts';
import { murmur3 } from './murmur3.ts';
import { runsAsBatch } from './bounded-inputs.ts';
import { buildStreamGraph, type StreamEdge, type StreamGraph } from './stream-graph.ts';
import type { JobProgram } from './transformation.ts';

/** Channels and generated code are made for each of them: beyond that a job would start for minutes. */
const EDGES_MAX = 20_000;
const OPERATORS_MAX = 20_000;

/** Throws a `UsageError` for every mistake in the program that its graph shows. */
export function compileJob(program: JobProgram, given: JobConfiguration): CompiledJob {
  const graph = buildStreamGraph(program);
  refuseSize(graph);
  const plan = planOf(graph);
  const configuration = runsAsBatch(plan, program.settings.runtimeMode) ? batchConfiguration(given) : given;
  refuseCheckpoints(plan, configuration);
  const vertices = plan.chains.map((chain) => vertexOf(chain, plan));
  const edges = plan.crossing.map((edge, index) => jobEdgeOf(edge, index, plan));
  const content = { vertices, edges, configuration };
  const jobGraph: JobGraph = { name: program.name, digest: murmur3(JSON.stringify(content)), ...content };
  const { stateBackend } = program.settings;
  const bindings = { ...bindingsOf(plan), ...(stateBackend === undefined ? {} : { stateBackend }) };
  return { jobGraph, bindings, plan };
}

/** As in Flink there are no checkpoints: a job that fails starts anew. */
function batchConfiguration({ checkpointing: _, ...configuration }: JobConfiguration): JobConfiguration {
  return { ...configuration, isBatch: true };
}

/** As Flink does: what is on its way back to the head would be in no checkpoint. */
function refuseCheckpoints({ iterations }: JobPlan, { checkpointing }: JobConfiguration): void {
  const [first] = iterations;
  if (first === undefined || checkpointing?.intervalMs === undefined) return;
  throw new UsageError(
    `Checkpointing is not supported for iterative jobs: what goes round in the iteration '${first.head.name}' would be in no checkpoint. ` +
      'Leave out enableCheckpointing, or send records back through a topic.',
  );
}

function refuseSize({ nodes, edges }: StreamGraph): void {
  if (nodes.length <= OPERATORS_MAX && edges.length <= EDGES_MAX) return;
  throw new UsageError(
    `The job has ${nodes.length} operators and ${edges.length} edges between them; it may have ${OPERATORS_MAX} and ${EDGES_MAX}. ` +
      'Give side outputs that go the same way one OutputTag, with what tells them apart as a field of the record, and key streams that are treated alike.',
    { reason: 'job-too-large' },
  );
}

function vertexOf(chain: Chain, plan: JobPlan): JobVertex {
  const [head] = chain.nodes;
  const operators = chain.nodes.map((node, position): ChainedOperator => {
    const edge = chain.inputs[position];
    return {
      id: plan.ids[node.index]!,
      uid: node.operator.uid,
      name: node.name,
      kind: node.operator.logic.kind,
      input: edge === undefined ? -1 : plan.places.get(edge.source)!.position,
      inputTag: edge?.tag,
      ...(node.operator.outputOnlyAfterEndOfStream === true ? { outputOnlyAfterEndOfStream: true as const } : {}),
      ...(edge?.type === undefined ? {} : { inputType: descriptionOf(edge.type) }),
      ...declaredStatesOf(node.operator.logic),
    };
  });
  return {
    id: operators[0]!.id,
    name: chainName(chain),
    parallelism: head!.parallelism,
    maxParallelism: head!.maxParallelism,
    slotSharingGroup: head!.slotSharingGroup,
    ...coLocationOf(chain, plan),
    operators,
  };
}

function declaredStatesOf(logic: OperatorLogic): Pick<ChainedOperator, 'states'> {
  return 'states' in logic ? { states: logic.states } : {};
}

function coLocationOf(chain: Chain, { coLocated, ids }: JobPlan): Pick<JobVertex, 'coLocationGroup'> {
  const leader = coLocated.get(chain);
  return leader === undefined ? {} : { coLocationGroup: ids[leader.nodes[0]!.index]! };
}

function jobEdgeOf(edge: StreamEdge, index: number, plan: JobPlan): JobEdge {
  const source = plan.places.get(edge.source)!;
  return {
    id: edgeId(index),
    source: plan.ids[source.chain.nodes[0]!.index]!,
    sourceOperator: source.position,
    sourceTag: edge.tag,
    target: plan.ids[edge.target]!, // the head of its chain: only heads are fed from outside
    inputIndex: edge.inputIndex,
    partitioner: edge.partitioner,
    type: descriptionOf(edge.type),
    keyType: edge.partitioner === 'hash' ? descriptionOf(edge.keyType) : undefined,
    bufferTimeoutMs: plan.graph.nodes[edge.source]!.bufferTimeoutMs,
  };
}

function edgeId(index: number): string {
  return `e${index}`;
}

function bindingsOf({ graph, ids, crossing }: JobPlan): JobBindings {
  const operators = new Map<string, OperatorLogic>(graph.nodes.map((node) => [ids[node.index]!, node.operator.logic]));
  const edges = new Map(crossing.map((edge, index) => [edgeId(index), bindingOf(edge)]));
  return { operators, edges };
}

function bindingOf({ keySelector, partition }: StreamEdge): EdgeBinding {
  return { ...(keySelector === undefined ? {} : { keySelector }), ...(partition === undefined ? {} : { partition }) };
}

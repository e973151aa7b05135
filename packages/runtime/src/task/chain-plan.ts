/**
 * The tree of a task: its chained operators with their logic, and the edges that leave them. Plain and immutable; the generator and the interpreter both
 * read it, and the walk of watermarks follows its order.
 *
 * P1 `steps` are in the vertex's order: every step after the one that feeds it. The head is step 0.
 * P2 `walk` is the tree in pre-order: a step, then its consumers, output by output, chained steps before edges. What is behind a step is one range of it.
 */
import { invariant } from '@millrace/core/base/assert';
import type { OperatorLogic } from '@millrace/streaming/contract/operator';
import type { ChainedOperator, EdgeBinding, JobBindings, JobEdge, JobGraph, JobVertex } from '@millrace/streaming/graph/job-graph';

export interface PlannedStep {
  readonly index: number;
  readonly operator: ChainedOperator;
  readonly logic: OperatorLogic;
  /** The main output first, then side outputs that somebody reads. */
  readonly outputs: readonly PlannedOutput[];
  /** Whether an operator that may move `flow.timestamp` is among what it feeds. */
  readonly timestampMoves: boolean;
}

export interface PlannedOutput {
  readonly tag: string | undefined;
  readonly steps: readonly PlannedStep[];
  readonly edges: readonly PlannedEdge[];
}

export interface PlannedEdge {
  /** Its place among the edges that leave the vertex, and so among `TaskDeployment.outputs`. */
  readonly index: number;
  readonly edge: JobEdge;
  readonly binding: EdgeBinding | undefined;
  /** Of the consumer: decides which subtask has which key group. */
  readonly targetMaxParallelism: number;
  readonly targetParallelism: number;
}

export interface WalkEntry {
  readonly step: PlannedStep | undefined;
  readonly edge: PlannedEdge | undefined;
  /** One behind the last entry that is fed by this one. */
  readonly end: number;
}

export interface ChainPlan {
  readonly vertex: JobVertex;
  readonly head: PlannedStep;
  readonly steps: readonly PlannedStep[];
  readonly edges: readonly PlannedEdge[];
  readonly walk: readonly WalkEntry[];
}

export function planChain(jobGraph: JobGraph, vertexId: string, bindings: JobBindings): ChainPlan {
  const vertex = jobGraph.vertices.find((each) => each.id === vertexId);
  invariant(vertex !== undefined, () => `planChain: the job graph has no vertex ${vertexId}`);
  const edges = planEdges(jobGraph, vertexId, bindings);
  const steps: PlannedStep[] = Array.from({ length: vertex.operators.length });
  for (let index = vertex.operators.length - 1; index >= 0; index--) steps[index] = planStep({ vertex, edges, bindings }, index, steps);
  const head = steps[0];
  invariant(head !== undefined, () => `planChain: vertex ${vertexId} has no operators`);
  return { vertex, head, steps, edges, walk: walkOf(head) };
}

function planEdges(jobGraph: JobGraph, vertexId: string, bindings: JobBindings): PlannedEdge[] {
  return jobGraph.edges
    .filter((edge) => edge.source === vertexId)
    .map((edge, index) => {
      const target = jobGraph.vertices.find((each) => each.id === edge.target);
      invariant(target !== undefined, () => `planChain: edge ${edge.id} leads to no vertex`);
      return {
        index,
        edge,
        binding: bindings.edges.get(edge.id),
        targetMaxParallelism: target.maxParallelism,
        targetParallelism: target.parallelism,
      };
    });
}

interface PlanParts {
  readonly vertex: JobVertex;
  readonly edges: readonly PlannedEdge[];
  readonly bindings: JobBindings;
}

function planStep({ vertex, edges, bindings }: PlanParts, index: number, later: readonly PlannedStep[]): PlannedStep {
  const operator = vertex.operators[index];
  invariant(operator !== undefined, () => `planChain: vertex ${vertex.id} has no operator ${index}`);
  const logic = bindings.operators.get(operator.id);
  invariant(logic !== undefined, () => `planChain: no function is bound to operator '${operator.name}' (${operator.id})`);
  const fed = later.filter((step) => step !== undefined && step.operator.input === index);
  const leaving = edges.filter(({ edge }) => edge.sourceOperator === index);
  const outputs = outputsOf(fed, leaving);
  const timestampMoves = fed.some((step) => step.logic.kind === 'operator' || step.timestampMoves);
  return { index, operator, logic, outputs, timestampMoves };
}

/** By tag, each looked at once: an operator may have very many side outputs. */
function outputsOf(fed: readonly PlannedStep[], leaving: readonly PlannedEdge[]): PlannedOutput[] {
  const outputs = new Map<string | undefined, { tag: string | undefined; steps: PlannedStep[]; edges: PlannedEdge[] }>();
  const outputOf = (tag: string | undefined) => {
    const known = outputs.get(tag) ?? { tag, steps: [], edges: [] };
    outputs.set(tag, known);
    return known;
  };
  outputOf(undefined);
  for (const step of fed) outputOf(step.operator.inputTag).steps.push(step);
  for (const edge of leaving) outputOf(edge.edge.sourceTag).edges.push(edge);
  return [...outputs.values()];
}

function walkOf(head: PlannedStep): WalkEntry[] {
  const entries: WalkEntry[] = [];
  const visit = (step: PlannedStep) => {
    const place = entries.length;
    entries.push({ step, edge: undefined, end: 0 });
    for (const output of step.outputs) {
      for (const next of output.steps) visit(next);
      for (const edge of output.edges) entries.push({ step: undefined, edge, end: entries.length + 1 });
    }
    entries[place] = { step, edge: undefined, end: entries.length };
  };
  visit(head);
  return entries;
}

/**
 * The execution graph of one job: every vertex of the job graph unfolded into its subtasks, each with the attempt that runs it.
 *
 * Owned and changed by the JobMaster alone.
 * E1 an execution changes its state only along EXECUTION_TRANSITIONS; anything else is an InvariantError, and every change is told to `onTransition`.
 * E2 `numTerminal` counts the executions in a terminal state; the job ends when it equals `executions.length`.
 * E3 a subtask has one execution. It is replaced only when it is terminal, by one with the next attempt and another id; news of the old one finds nothing.
 */
import { invariant } from '@millrace/core/base/assert';
import { UsageError } from '@millrace/core/base/errors';
import type { Random } from '@millrace/core/base/random';
import type { AccumulatorValues } from '@millrace/streaming/contract/accumulator-values';
import type { JobEdge, JobGraph, JobVertex } from '@millrace/streaming/graph/job-graph';
import type { TaskRates } from '../protocol/control-messages.ts';
import { EXECUTION_TRANSITIONS, type ExecutionState, isTerminal } from '../protocol/execution-state.ts';
import { randomId } from '../protocol/ids.ts';
import type { SlotReport } from '../protocol/slot-report.ts';
import type { UserMetrics } from '../protocol/user-metrics.ts';
import { ExecutionRates } from './execution-rates.ts';
import type { AllocatedSlot } from './slot-pool.ts';

/** One attempt of one subtask. */
export class Execution {
  readonly executionId: string;
  readonly vertex: JobVertex;
  readonly subtask: number;
  readonly attempt: number;
  state: ExecutionState = 'CREATED';
  slot: AllocatedSlot | undefined = undefined;
  /** The newest figures, by TASK_METRIC. */
  metrics: readonly number[] | undefined = undefined;
  /** The newest that its functions have. */
  userMetrics: UserMetrics | undefined = undefined;
  /** What its slot was doing when it did not stop; null when its thread did not answer. */
  seen: SlotReport | null | undefined = undefined;
  readonly #rates = new ExecutionRates();
  /** The newest that it has reported. */
  accumulators: AccumulatorValues | undefined = undefined;

  constructor(executionId: string, vertex: JobVertex, subtask: number, attempt: number) {
    this.executionId = executionId;
    this.vertex = vertex;
    this.subtask = subtask;
    this.attempt = attempt;
  }

  reportMetrics(metrics: readonly number[], userMetrics: UserMetrics | undefined): void {
    this.metrics = metrics;
    this.userMetrics = userMetrics ?? this.userMetrics;
    this.#rates.report(metrics);
  }

  /** Undefined before the first report, and after the end. */
  get rates(): TaskRates | undefined {
    return this.isTerminal ? undefined : this.#rates.rates;
  }

  get name(): string {
    return `${this.vertex.name} (${this.subtask + 1}/${this.vertex.parallelism})`;
  }

  get isTerminal(): boolean {
    return isTerminal(this.state);
  }
}

export type TransitionListener = (execution: Execution, from: ExecutionState, to: ExecutionState) => void;

export class ExecutionGraph {
  readonly jobGraph: JobGraph;
  readonly #random: Random;
  readonly #byId = new Map<string, Execution>();
  readonly #byVertex = new Map<string, Execution[]>();
  readonly #onTransition: TransitionListener;
  #executions: readonly Execution[];
  #numTerminal = 0;

  constructor(jobGraph: JobGraph, random: Random, onTransition: TransitionListener) {
    checkJobGraph(jobGraph);
    this.jobGraph = jobGraph;
    this.#random = random;
    this.#onTransition = onTransition;
    for (const vertex of jobGraph.vertices) {
      const subtasks = Array.from({ length: vertex.parallelism }, (_, subtask) => new Execution(randomId(random), vertex, subtask, 0));
      this.#byVertex.set(vertex.id, subtasks);
      for (const execution of subtasks) this.#byId.set(execution.executionId, execution);
    }
    this.#executions = [...this.#byVertex.values()].flat();
  }

  /** In the order of the job graph's vertices, each before those that it feeds; the subtasks of a vertex ascending. */
  get executions(): readonly Execution[] {
    return this.#executions;
  }

  find(executionId: string): Execution | undefined {
    return this.#byId.get(executionId);
  }

  subtasksOf(vertexId: string): readonly Execution[] {
    return this.#byVertex.get(vertexId) ?? [];
  }

  get numTerminal(): number {
    return this.#numTerminal;
  }

  get allTerminal(): boolean {
    return this.#numTerminal === this.executions.length;
  }

  /** Puts the next attempt in the place of each of these (E3); the new ones, in the same order. They have no slots. */
  restart(executions: readonly Execution[]): readonly Execution[] {
    const next = executions.map((execution) => this.#next(execution));
    this.#executions = [...this.#byVertex.values()].flat();
    return next;
  }

  #next(execution: Execution): Execution {
    const { vertex, subtask, attempt, executionId } = execution;
    const subtasks = this.#byVertex.get(vertex.id) ?? [];
    invariant(
      execution.isTerminal && subtasks[subtask] === execution,
      () => `E3: ${execution.name} is replaced while it is ${execution.state}.`,
    );
    const next = new Execution(randomId(this.#random), vertex, subtask, attempt + 1);
    subtasks[subtask] = next;
    this.#byId.delete(executionId);
    this.#byId.set(next.executionId, next);
    this.#numTerminal--;
    return next;
  }

  transition(execution: Execution, to: ExecutionState): void {
    const from = execution.state;
    invariant(
      EXECUTION_TRANSITIONS[from].includes(to),
      () => `E1: ${execution.name} went from ${from} to ${to}, which is no legal transition.`,
    );
    execution.state = to;
    if (isTerminal(to)) this.#numTerminal++;
    this.#onTransition(execution, from, to);
  }
}

/** What a client that compiles its jobs never sends; a submission may come from elsewhere. */
function checkJobGraph(jobGraph: JobGraph): void {
  const ids = new Set<string>();
  for (const vertex of jobGraph.vertices) {
    if (ids.has(vertex.id)) refuse(jobGraph, `has two vertices with the id ${vertex.id}`);
    ids.add(vertex.id);
    checkVertex(jobGraph, vertex);
  }
  if (ids.size === 0) refuse(jobGraph, 'has no vertices');
  for (const edge of jobGraph.edges) checkEdge(jobGraph, edge, ids);
}

function checkVertex(jobGraph: JobGraph, vertex: JobVertex): void {
  const { parallelism, maxParallelism } = vertex;
  if (!Number.isSafeInteger(parallelism) || parallelism < 1 || parallelism > maxParallelism) {
    refuse(jobGraph, `has '${vertex.name}' with parallelism ${parallelism}, allowed is 1 to ${maxParallelism}`);
  }
  if (vertex.operators.length === 0) refuse(jobGraph, `has '${vertex.name}' without operators`);
}

function checkEdge(jobGraph: JobGraph, edge: JobEdge, ids: ReadonlySet<string>): void {
  const missing = [edge.source, edge.target].find((id) => !ids.has(id));
  if (missing !== undefined) refuse(jobGraph, `has an edge ${edge.id} to a vertex ${missing} that it has not`);
}

function refuse(jobGraph: JobGraph, what: string): never {
  throw new UsageError(`The job graph of '${jobGraph.name}' ${what}. Submit what the compiler of a program made.`, {
    reason: 'invalid-job-graph',
  });
}

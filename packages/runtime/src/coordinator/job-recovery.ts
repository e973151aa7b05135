/**
 * What follows from a failure: whether the job is restarted, which of its subtasks, and when. The JobMaster stops and starts them.
 *
 * R1 a failure that no restart cures is the end, whatever the strategy says. R2 failures before a restart has been deployed belong to it: the strategy is asked once.
 * R3 a restart goes on when its delay is over and all of its executions are terminal, never before.
 */
import type { Cancellation, Clock } from '@millrace/core/base/clock';
import type { Random } from '@millrace/core/base/random';
import type { FailureDescription } from '../protocol/execution-state.ts';
import type { Execution, ExecutionGraph } from './execution-graph.ts';
import { PipelinedRegions } from './pipelined-regions.ts';
import { createRestartStrategy, defaultRestartStrategy, type RestartStrategy } from './restart-strategy.ts';

export interface JobRecoveryPorts {
  readonly clock: Clock;
  readonly random: Random;
  /** All of `scope` are terminal and the delay is over. `isWhole`: nothing of the job goes on beside them. */
  readonly resume: (isWhole: boolean) => void;
}

export type Recovery =
  | { readonly restart: true; readonly delayMs: number }
  | { readonly restart: false; readonly failure: FailureDescription };

export class JobRecovery {
  readonly #graph: ExecutionGraph;
  readonly #ports: JobRecoveryPorts;
  readonly #strategy: RestartStrategy;
  readonly #regions: PipelinedRegions;
  readonly #restarting = new Set<number>(); // regions
  #timer: Cancellation | undefined;
  #delayed = false;
  #restarts = 0;

  constructor(graph: ExecutionGraph, ports: JobRecoveryPorts) {
    this.#graph = graph;
    this.#ports = ports;
    const { restartStrategy, checkpointing } = graph.jobGraph.configuration;
    this.#strategy = createRestartStrategy(restartStrategy ?? defaultRestartStrategy(checkpointing !== undefined), ports.random);
    this.#regions = new PipelinedRegions(graph.jobGraph);
  }

  get isRestarting(): boolean {
    return this.#restarting.size > 0;
  }

  /** Whether `decide` may come to a restart at all. */
  mayCure(failure: FailureDescription): boolean {
    return this.#strategy.kind !== 'none' && isCurable(failure);
  }

  decide(failure: FailureDescription): Recovery {
    if (!isCurable(failure)) return { restart: false, failure };
    if (this.isRestarting) return { restart: true, delayMs: 0 };
    const decision = this.#strategy.failed(this.#ports.clock.monotonic());
    return decision.restart ? decision : { restart: false, failure: this.#exhausted(failure, decision.limit) };
  }

  /** The executions to stop: the regions of `failed`, or everything. Those that are being restarted already stay among them. */
  begin(failed: readonly Execution[] | undefined, delayMs: number): readonly Execution[] {
    if (!this.isRestarting) {
      this.#restarts += 1;
      this.#delayed = true;
      this.#timer = this.#ports.clock.schedule(delayMs, () => {
        this.#delayed = false;
        this.advance();
      });
    }
    for (const { vertex, subtask } of failed ?? this.#graph.executions) this.#restarting.add(this.#regions.regionOf(vertex.id, subtask));
    return this.scope();
  }

  /** An execution has ended. */
  advance(): void {
    if (!this.isRestarting || this.#delayed) return;
    if (this.scope().every(({ isTerminal }) => isTerminal)) this.#ports.resume(this.#restarting.size === this.#regions.count);
  }

  /** All that was restarted is deployed. */
  deployed(): void {
    this.#restarting.clear();
  }

  /** There will be no restart any more. */
  stop(): void {
    this.#timer?.cancel();
    this.#restarting.clear();
  }

  /** What is being restarted. */
  scope(): readonly Execution[] {
    return this.#graph.executions.filter(({ vertex, subtask }) => this.#restarting.has(this.#regions.regionOf(vertex.id, subtask)));
  }

  #exhausted(failure: FailureDescription, limit: string | undefined): FailureDescription {
    if (limit === undefined) return failure;
    const failures = this.#restarts + 1;
    const message = `${failure.message} The job has failed ${failures} times and was restarted ${this.#restarts} times; it is not restarted any more: ${limit}.`;
    return { ...failure, message };
  }
}

/** Of the chain of causes the first that says something decides: what a user's function throws may be anything, what wraps a mistake of the author is one. */
function isCurable(failure: FailureDescription): boolean {
  for (let at: FailureDescription | undefined = failure; at !== undefined; at = at.cause) {
    if (at.retryable || at.kind === 'retryable') return true;
    if (INCURABLE.has(at.kind)) return false;
  }
  return true;
}

const INCURABLE: ReadonlySet<string> = new Set(['usage', 'config', 'terminal', 'invariant']);

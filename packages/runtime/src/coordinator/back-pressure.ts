/**
 * Which vertex is the culprit of back-pressure. One rule: a vertex is back-pressured when a subtask of it waits for its output more than a tenth of the time, where
 * Flink's own scale leaves OK. The culprit is, among the vertices that consume from a back-pressured one and are not back-pressured themselves, the busiest.
 *
 * Time is that of the last seconds while a job runs, and all of it when no subtask is left. A task that waits for a slow sink or request of its own counts as
 * busy. Where everything downstream waits for each other, as around an iteration, nobody is named.
 */
import type { JobEdge } from '@millrace/streaming/graph/job-graph';
import type { SubtaskDetails, VertexDetails } from '../protocol/control-messages.ts';
import { isTerminal } from '../protocol/execution-state.ts';
import { TASK_METRIC } from '../protocol/slot-messages.ts';

/** Of the time of a subtask. */
const BACK_PRESSURED_MIN = 0.1;

/** Shares of time, each of the subtask that has the most of it. */
interface Pressure {
  readonly backPressured: number;
  readonly busy: number;
}

type Edge = Pick<JobEdge, 'source' | 'target'>;

/** The id of the vertex; undefined where none is back-pressured, or nobody can be named. */
export function backPressureCulprit(edges: readonly Edge[], vertices: readonly VertexDetails[]): string | undefined {
  const hasEnded = vertices.every(({ subtasks }) => subtasks.every(({ state }) => isTerminal(state)));
  const pressures = new Map(vertices.map((vertex) => [vertex.id, pressureOf(vertex, hasEnded)]));
  const waits = (id: string) => (pressures.get(id)?.backPressured ?? 0) > BACK_PRESSURED_MIN;
  const suspects = new Set(edges.filter(({ source, target }) => waits(source) && !waits(target)).map(({ target }) => target));
  let culprit: string | undefined;
  let most = -1;
  for (const [id, { busy }] of pressures) {
    if (!suspects.has(id) || busy <= most) continue;
    culprit = id;
    most = busy;
  }
  return culprit;
}

function pressureOf({ subtasks }: VertexDetails, hasEnded: boolean): Pressure {
  const shares = subtasks.map((subtask) => (hasEnded ? overall(subtask) : lately(subtask)));
  return {
    backPressured: Math.max(0, ...shares.map(({ backPressured }) => backPressured)),
    busy: Math.max(0, ...shares.map(({ busy }) => busy)),
  };
}

function lately({ rates }: SubtaskDetails): Pressure {
  return { backPressured: (rates?.backPressuredTimeMsPerSecond ?? 0) / 1000, busy: (rates?.busyTimeMsPerSecond ?? 0) / 1000 };
}

function overall({ metrics }: SubtaskDetails): Pressure {
  const figure = (index: number) => metrics?.[index] ?? 0;
  const [busyMs, backPressuredMs] = [figure(TASK_METRIC.busyTimeMs), figure(TASK_METRIC.backPressuredTimeMs)];
  const allMs = busyMs + backPressuredMs + figure(TASK_METRIC.idleTimeMs);
  return allMs === 0 ? { backPressured: 0, busy: 0 } : { backPressured: backPressuredMs / allMs, busy: busyMs / allMs };
}

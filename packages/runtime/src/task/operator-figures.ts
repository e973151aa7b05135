/**
 * What the engine tells of each operator beside the figures of its task, for reporters: where its watermarks stand, and how much it keeps. Made now and then, from outside
 * of the record path; sizes are estimated from a bounded part of the state, and seldom.
 */
import type { GaugeValue } from '@millrace/core/metrics/metric-group';
import { NO_TIMESTAMP } from '@millrace/streaming/contract/timestamp';
import type { OperatorMetric } from '../protocol/user-metrics.ts';
import type { OperatorMemory } from './memory-report.ts';
import type { RecordOutput } from './record-output.ts';
import type { SlotPorts } from './slot-ports.ts';
import type { Step } from './step.ts';
import type { TaskInput } from './task-input.ts';
import type { TaskMetricGroups } from './task-metric-groups.ts';

/** Of the estimates: looking at samples of every state each second would show in a profile. At the beginning, when states grow fastest, they come closer together. */
const SIZES_EVERY_MS = 10_000;
const FIRST_SIZES_MS = 500;

export interface OperatorFigureParts {
  readonly steps: readonly Step[];
  readonly outputs: readonly RecordOutput[];
  readonly input: TaskInput;
  /** In the order of the steps. */
  readonly memory: () => readonly OperatorMemory[];
}

export class OperatorFigures {
  readonly #parts: OperatorFigureParts;
  readonly #nowMs: () => number;
  #sizes: readonly OperatorMemory[] = [];
  #sizesAtMs = Number.NEGATIVE_INFINITY;
  #pauseMs = FIRST_SIZES_MS;

  constructor(parts: OperatorFigureParts, nowMs: () => number) {
    this.#parts = parts;
    this.#nowMs = nowMs;
  }

  *metrics(): Generator<OperatorMetric> {
    const nowMs = this.#nowMs();
    if (nowMs - this.#sizesAtMs >= this.#pauseMs) {
      this.#sizesAtMs = nowMs;
      this.#pauseMs = Math.min(SIZES_EVERY_MS, 2 * this.#pauseMs);
      this.#sizes = this.#parts.memory();
    }
    for (const [index, step] of this.#parts.steps.entries()) {
      yield* this.#watermarksOf(step);
      if (index === 0) yield* this.#splitsOf(step);
      const { numLateRecordsDropped } = step.operator ?? {};
      if (numLateRecordsDropped !== undefined)
        yield {
          ...named(step),
          groups: [],
          variables: [],
          name: 'numLateRecordsDropped',
          value: { kind: 'counter', count: numLateRecordsDropped },
        };
      for (const { name, entries, bytes } of this.#sizes[index]?.uses ?? []) {
        yield gauge(step, 'numEntries', entries, ['size', name]);
        yield gauge(step, 'estimatedBytes', bytes, ['size', name]);
      }
    }
  }

  *#watermarksOf(step: Step): Generator<OperatorMetric> {
    const isSource = step.plan.logic.kind === 'source';
    if (!isSource && step.watermark > NO_TIMESTAMP) yield gauge(step, 'currentInputWatermark', step.watermark);
    const sent = this.#sentBy(step);
    if (sent > NO_TIMESTAMP) yield gauge(step, 'currentOutputWatermark', sent);
  }

  *#splitsOf(step: Step): Generator<OperatorMetric> {
    for (const { splitId, ...times } of this.#parts.input.splitFigures?.() ?? []) {
      const own = { ...named(step), groups: ['split', 'watermark'], variables: [['split', splitId]] } as const;
      for (const [name, ms] of [
        ['Active', times.activeMs],
        ['Paused', times.pausedMs],
        ['Idle', times.idleMs],
      ] as const) {
        yield { ...own, name: `accumulated${name}TimeMs`, value: { kind: 'gauge', value: ms } };
        yield { ...own, name: `${name.toLowerCase()}TimeMsPerSecond`, value: { kind: 'meter', count: ms } };
      }
    }
  }

  /** What has come to whoever reads its main output; of one that nobody reads, what has come to it. */
  #sentBy(step: Step): number {
    const { steps, outputs, input } = this.#parts;
    const main = step.plan.outputs[0];
    const [consumer] = main?.steps ?? [];
    if (consumer !== undefined) return steps[consumer.index]?.watermark ?? NO_TIMESTAMP;
    const [edge] = main?.edges ?? [];
    if (edge !== undefined) return outputs[edge.index]?.watermark ?? NO_TIMESTAMP;
    return step.plan.logic.kind === 'source' ? input.watermark : step.watermark;
  }
}

/** Where somebody reads metrics, the task's reports have them. */
export function withOperatorFigures<Built extends OperatorFigureParts & { readonly metricGroups: TaskMetricGroups }>(
  built: Built,
  { system, clock }: Pick<SlotPorts, 'system' | 'clock'>,
): Built {
  if (system !== undefined) built.metricGroups.add(new OperatorFigures(built, () => clock.monotonic()));
  return built;
}

function named({ plan }: Step): Pick<OperatorMetric, 'operatorId' | 'operatorName' | 'origin'> {
  return { operatorId: plan.operator.id, operatorName: plan.operator.name, origin: 'operator' };
}

/** `of`: a group with a value. */
function gauge(step: Step, name: string, value: GaugeValue, of?: readonly [group: string, value: string]): OperatorMetric {
  return {
    ...named(step),
    groups: of === undefined ? [] : [of[0]],
    variables: of === undefined ? [] : [of],
    name,
    value: { kind: 'gauge', value },
  };
}

/** Makes the operators of two inputs of a random program. */
import type { Draw } from './draw.ts';
import type { IntervalJoinPlan, SourcePlan, SourceStep, TwoInputPlan, TwoInputSettings } from './program.ts';

type RecordStep = Extract<SourceStep, { kind: 'record' }>;
type Sides = readonly [readonly SourcePlan[], readonly SourcePlan[]];

/** No bound is further from 0. */
const BOUND_MS = 30;

/** `sides`: the sources that either input comes from. */
export function twoInputPlan(draw: Draw, settings: TwoInputSettings, sides: Sides): TwoInputPlan {
  const slideMs = 1 + draw.below(30);
  const sizeMs = draw.one(2) ? slideMs : 1 + draw.below(60);
  switch (draw.below(6)) {
    case 0:
      return { ...settings, op: 'coMap', flat: draw.one(2) };
    case 1:
      return { ...settings, op: 'coTimers', grainMs: 2 + draw.below(20), delayMs: draw.below(25) };
    case 2:
    case 3:
      return intervalJoinPlan(draw, settings, sides);
    default:
      return { ...settings, op: draw.of(['windowJoin', 'coGroup'] as const), sizeMs, slideMs };
  }
}

export function intervalJoinPlan(draw: Draw, settings: TwoInputSettings, sides: Sides): IntervalJoinPlan {
  const isOuter = draw.one(2);
  const outer = isOuter ? draw.of(['leftOuter', 'rightOuter', 'fullOuter'] as const) : 'inner';
  const lowerMs = isOuter ? -1 - draw.below(20) : draw.below(30) - 20;
  const upperMs = isOuter ? 1 + draw.below(20) : lowerMs + 2 + draw.below(20);
  const plan = { ...settings, op: 'intervalJoin', lowerMs, upperMs, outer } as const;
  const exclusive = { lowerExclusive: draw.one(3), upperExclusive: draw.one(3) };
  return draw.one(2) ? { ...plan, ...exclusive } : onTheBorder(draw, { ...plan, ...exclusive }, sides);
}

/**
 * Moves one bound so that two records are just as far apart as they may be to make a pair. The one that comes last is of those directly behind a watermark, so the
 * other one is kept at the last moment at which it must be.
 */
function onTheBorder(draw: Draw, plan: IntervalJoinPlan, [first, second]: Sides): IntervalJoinPlan {
  const isUpper = draw.one(2);
  const [early, last] = isUpper ? [recordsOf(first), behindWatermarks(second)] : [recordsOf(second), behindWatermarks(first)];
  if (early.length === 0 || last.length === 0) return plan;
  for (let attempts = 0; attempts < 60; attempts++) {
    const [one, other] = [draw.of(early), draw.of(last)];
    const distance = isUpper ? other.at - one.at : one.at - other.at;
    if (one.record.k !== other.record.k || Math.abs(distance) > BOUND_MS) continue;
    const moved = isUpper
      ? { ...plan, upperMs: distance + (plan.upperExclusive ? 1 : 0), lowerMs: Math.min(plan.lowerMs, distance - 2) }
      : { ...plan, lowerMs: distance - (plan.lowerExclusive ? 1 : 0), upperMs: Math.max(plan.upperMs, distance + 2) };
    if (moved.upperMs - moved.lowerMs >= 2) return moved;
  }
  return plan;
}

function recordsOf(sources: readonly SourcePlan[]): RecordStep[] {
  return sources.flatMap(({ phases }) => phases.flat().filter((step) => step.kind === 'record'));
}

function behindWatermarks(sources: readonly SourcePlan[]): RecordStep[] {
  return sources.flatMap(({ phases }) => {
    const steps = phases.flat();
    return steps.filter((step, index) => step.kind === 'record' && steps[index - 1]?.kind === 'watermark') as RecordStep[];
  });
}

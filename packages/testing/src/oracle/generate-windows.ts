/** Makes the windows of a random program. */
import type { Draw } from './draw.ts';
import type { AssignerPlan, EvictorPlan, GeneralWindowPlan, NodeSettings, TriggerPlan, WindowPlan } from './program.ts';

export function windowPlan(draw: Draw, keyed: NodeSettings): WindowPlan {
  const slideMs = 1 + draw.below(30);
  return {
    ...keyed,
    op: 'window',
    sizeMs: draw.of([slideMs, 1 + draw.below(60), slideMs * (1 + draw.below(4))]),
    slideMs,
    offsetMs: draw.below(slideMs),
    latenessMs: draw.one(2) ? 0 : draw.below(40),
    aggregate: draw.of(['count', 'sum-merging', 'reduce', 'max'] as const),
  };
}

export function generalWindowPlan(draw: Draw, keyed: NodeSettings): GeneralWindowPlan {
  const assigner = assignerPlan(draw);
  const trigger = triggerPlan(draw, assigner);
  const evictor: EvictorPlan = { kind: draw.of(['count', 'time']), limit: 1 + draw.below(12), after: draw.one(2) };
  // Behind a merge the order of elements is the window's own business.
  const evicts = draw.one(3) && !(assigner.kind === 'session' && evictor.kind === 'count');
  return {
    ...keyed,
    op: 'general',
    all: draw.one(4),
    assigner,
    trigger,
    evictor: evicts ? evictor : undefined,
    latenessMs: draw.one(2) || assigner.kind === 'clock' ? 0 : draw.below(40),
    result: draw.of(['aggregate', 'reduce', 'apply', 'process'] as const),
  };
}

/** Sessions that fire at their end: those that have an operator of their own, and those whose function sees all elements. */
export function sessionsPlan(draw: Draw, keyed: NodeSettings): GeneralWindowPlan {
  return {
    ...keyed,
    op: 'general',
    all: draw.one(2),
    assigner: sessionAssigner(draw),
    trigger: { kind: 'default' },
    evictor: undefined,
    latenessMs: draw.one(2) ? 0 : draw.below(40),
    result: draw.of(['aggregate', 'reduce', 'apply'] as const),
  };
}

function sessionAssigner(draw: Draw): AssignerPlan {
  return { kind: 'session', gapMs: 1 + 2 * draw.below(10), dynamic: draw.one(2) };
}

function assignerPlan(draw: Draw): AssignerPlan {
  const sizeMs = 1 + draw.below(40);
  switch (draw.below(8)) {
    case 0:
      return { kind: 'tumbling', sizeMs };
    case 1:
      return { kind: 'sliding', sizeMs, slideMs: 1 + draw.below(20) };
    case 2:
      return { kind: 'global' };
    case 3:
      return { kind: 'clock', sizeMs: sizeMs + (sizeMs & 1) }; // phases come at even times, so none at a window's last millisecond
    case 4:
      return { kind: 'custom', sizeMs };
    default:
      return sessionAssigner(draw);
  }
}

function triggerPlan(draw: Draw, { kind }: AssignerPlan): TriggerPlan {
  if (kind === 'clock' || draw.one(2)) return { kind: 'default' };
  switch (draw.below(kind === 'global' ? 2 : 3)) {
    case 0:
      return { kind: 'count', count: 1 + draw.below(4), purges: draw.one(2) };
    case 1:
      return { kind: 'continuous', intervalMs: 1 + draw.below(25) };
    default:
      return { kind: 'purging' };
  }
}

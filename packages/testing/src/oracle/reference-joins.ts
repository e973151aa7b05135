/** What joins must emit: every record of one side beside every record of the other. */
import { ReferenceWindows } from '@millrace/streaming/operators/reference-windows';
import { alone, grouped, joined } from './operations.ts';
import type { IntervalJoinPlan, TwoStreamWindowPlan } from './program.ts';
import { NO_PHASE, recordsOf, type Stream, type Timed, union, watermarkOf, withWatermark } from './reference-streams.ts';

export function intervalJoin(plan: IntervalJoinPlan, first: Stream, second: Stream): Stream {
  const { lowerMs, upperMs, lowerExclusive, upperExclusive } = plan;
  const isPair = (left: Timed, right: Timed) => {
    const distance = right.at - left.at;
    if (left.record.k !== right.record.k || distance < lowerMs || distance > upperMs) return false;
    return !(lowerExclusive && distance === lowerMs) && !(upperExclusive && distance === upperMs);
  };
  const pairs = recordsOf(first).flatMap((left) =>
    recordsOf(second)
      .filter((right) => isPair(left, right))
      .map((right) => ({ record: joined(left.record, right.record), at: Math.max(left.at, right.at), phase: NO_PHASE })),
  );
  const both = union([first, second]);
  const watermark = watermarkOf(both);
  /** Alone as soon as the watermark is past the last moment at which a partner could come. */
  const unmatched = (records: readonly Timed[], others: readonly Timed[], isLeft: boolean) =>
    records.flatMap((timed): Timed[] => {
      const moment = timed.at + (isLeft ? upperMs - (upperExclusive ? 1 : 0) : -lowerMs - (lowerExclusive ? 1 : 0)) + 1;
      if (moment > watermark || others.some((other) => (isLeft ? isPair(timed, other) : isPair(other, timed)))) return [];
      return [{ record: alone(timed.record, isLeft), at: moment, phase: NO_PHASE }];
    });
  const [left, right] = [recordsOf(first), recordsOf(second)];
  const lefts = plan.outer === 'leftOuter' || plan.outer === 'fullOuter' ? unmatched(left, right, true) : [];
  const rights = plan.outer === 'rightOuter' || plan.outer === 'fullOuter' ? unmatched(right, left, false) : [];
  return withWatermark([...pairs, ...lefts, ...rights], watermark, both.idle);
}

/** Window join and coGroup. */
export function windowsOfTwo({ op, sizeMs, slideMs }: TwoStreamWindowPlan, first: Stream, second: Stream): Stream {
  const [left, right] = [recordsOf(first), recordsOf(second)];
  const both = union([first, second]);
  const reference = new ReferenceWindows({ sizeMs, slideMs, offsetMs: 0, latenessMs: 0 });
  for (const [id, { record, at }] of [...left, ...right].entries()) reference.record({ key: record.k, id }, at);
  const emitted = reference.watermark(watermarkOf(both)).flatMap(({ key, end, ids }): Timed[] => {
    const ones = ids.filter((id) => id < left.length).map((id) => (left[id] as Timed).record);
    const others = ids.filter((id) => id >= left.length).map((id) => (right[id - left.length] as Timed).record);
    const results =
      op === 'coGroup' ? [grouped(key as number, ones, others)] : ones.flatMap((one) => others.map((other) => joined(one, other)));
    return results.map((record) => ({ record, at: end - 1, phase: NO_PHASE }));
  });
  return withWatermark(emitted, watermarkOf(both), both.idle);
}

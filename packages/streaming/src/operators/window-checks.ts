/** What of a windowed stream is refused before the job runs, and what is warned of. */
import { UsageError } from '@millrace/core/base/errors';
import { GlobalWindows } from '../window/global-windows.ts';
import { MergingWindowAssigner } from '../window/merging-window-assigner.ts';
import { NeverTrigger } from '../window/never-trigger.ts';
import type { Window } from '../window/window.ts';
import type { WindowSpec } from './window-spec.ts';

export function checkWindows<T, K, W extends Window, ACC, V, R>(spec: WindowSpec<T, K, W, ACC, V, R>): void {
  const { assigner, evictor } = spec;
  if (evictor !== undefined && evictor.evictBefore === undefined && evictor.evictAfter === undefined) {
    throw new UsageError(
      'evictor got an object without evictBefore and evictAfter, which would evict nothing. Give it one of them, or both.',
    );
  }
  if (assigner instanceof MergingWindowAssigner) checkMerging(spec);
}

function checkMerging<T, K, W extends Window, ACC, V, R>({
  assigner,
  trigger,
  aggregation,
  evictor,
}: WindowSpec<T, K, W, ACC, V, R>): void {
  const name = nameOf(assigner);
  const used = trigger ?? assigner.getDefaultTrigger();
  if (!used.canMerge()) {
    throw new UsageError(
      `The windows of ${name} merge, and ${nameOf(used)} does not. Use a trigger whose canMerge is true, and which has onMerge: EventTimeTrigger, CountTrigger, ContinuousEventTimeTrigger or one of your own.`,
    );
  }
  if (aggregation.kind !== 'aggregate' || aggregation.fn.merge !== undefined || evictor !== undefined) return;
  throw new UsageError(
    `The windows of ${name} merge, and their aggregate function has no merge. Give it merge(a, b), which returns the accumulator of both.`,
  );
}

/** What a user should know of windows that are not wrong, but do less, or keep more, than they may have been meant to. */
export function windowWarnings<T, K, W extends Window, ACC, V, R>(spec: WindowSpec<T, K, W, ACC, V, R>): string[] {
  const { assigner, trigger, evictor } = spec;
  const warnings: string[] = [];
  const alignment = assigner.alignment();
  if (alignment !== undefined && alignment.slideMs > alignment.sizeMs) {
    const gapMs = alignment.slideMs - alignment.sizeMs;
    warnings.push(
      `${assigner.toString()} has a slide above its size: records that fall into the ${gapMs} ms between two windows are in no window, and are lost.`,
    );
  }
  const used = trigger ?? assigner.getDefaultTrigger();
  if (!(assigner instanceof GlobalWindows)) return warnings;
  if (used instanceof NeverTrigger) {
    warnings.push(
      `${assigner.toString()} has no trigger, so it never fires, and keeps ${keptBy(spec)}. Set one, for example trigger(PurgingTrigger.of(CountTrigger.of(100))).`,
    );
  } else if (!used.purges() && evictor === undefined) {
    warnings.push(
      `${nameOf(used)} on ${assigner.toString()} never purges: the window of each key keeps ${keptBy(spec)}. Wrap it, PurgingTrigger.of(…), or set an evictor.`,
    );
  }
  return warnings;
}

function keptBy<T, K, W extends Window, ACC, V, R>({ aggregation, evictor }: WindowSpec<T, K, W, ACC, V, R>): string {
  if (aggregation.kind === 'elements' || evictor !== undefined) return 'every record for as long as the job runs';
  return `one ${aggregation.kind === 'reduce' ? 'reduced record' : 'accumulator'} for as long as the job runs, of all its records since the start`;
}

/** `EventTimeSessionWindows` of `EventTimeSessionWindows(5000 ms)`: the text and not the class, whose name a bundler may change. */
export function nameOf(named: { toString(): string; readonly constructor: { readonly name: string } }): string {
  const word = /^\w+/.exec(named.toString())?.[0];
  return word === undefined || word === 'Window' || word === 'Trigger' ? named.constructor.name : word;
}

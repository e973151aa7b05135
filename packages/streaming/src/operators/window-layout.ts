/** What a checkpoint says of the windows of a subtask beside their contents: how these are laid out, and where the watermark stood. */
import { UsageError } from '@millrace/core/base/errors';
import type { RuntimeContext } from '../contract/functions.ts';
import type { ListSnapshot, StateInitializationContext, StateSnapshotContext } from '../contract/snapshot.ts';

export interface WindowLayout {
  /** A table for each window, panes that windows share, a table of sessions, or keyed state by window. Each reads only its own. */
  readonly kind: 'tables' | 'panes' | 'sessions' | 'general';
  /** Of windows of a fixed grid. */
  readonly grid: { readonly sizeMs: number; readonly slideMs: number; readonly offsetMs: number } | undefined;
}

interface StoredLayout extends WindowLayout {
  readonly subtask: number;
  readonly parallelism: number;
  readonly watermark: number;
}

const LAYOUT: ListSnapshot<StoredLayout> = { name: 'window-layout', mode: 'union', elementType: undefined };

export function writeLayout(context: StateSnapshotContext, layout: WindowLayout, runtime: RuntimeContext, watermark: number): void {
  const place = { subtask: runtime.getIndexOfThisSubtask(), parallelism: runtime.getNumberOfParallelSubtasks() };
  context.writeList(LAYOUT, [{ ...layout, ...place, watermark }]);
}

/**
 * The watermark of this subtask, or, where the parallelism was another one, the least of all. Undefined where nothing was restored. Throws where windows were laid out in
 * another way: what was in them would be lost.
 */
export function readLayout(context: StateInitializationContext, layout: WindowLayout, runtime: RuntimeContext): number | undefined {
  const all = context.readList(LAYOUT);
  for (const stored of all) refuseOther(stored, layout);
  if (all.length === 0) return undefined;
  const own = all.find(
    ({ subtask, parallelism }) => subtask === runtime.getIndexOfThisSubtask() && parallelism === runtime.getNumberOfParallelSubtasks(),
  );
  return own?.watermark ?? Math.min(...all.map(({ watermark }) => watermark));
}

function refuseOther(stored: WindowLayout, wanted: WindowLayout): void {
  const before = describe(stored);
  const now = describe(wanted);
  if (before === now) return;
  throw new UsageError(
    `The checkpoint has ${before}, and the program has ${now}. What the windows hold cannot go from one to the other: keep assigner, trigger, evictor and the kind of function as they ` +
      'were, or give the operator another uid and restore with --allow-non-restored-state, which drops what was in the windows.',
    { reason: 'state-incompatible' },
  );
}

function describe({ kind, grid }: WindowLayout): string {
  if (kind === 'sessions') return 'sessions of an aggregate with the default trigger';
  if (grid === undefined) return 'windows with an assigner, a trigger, an evictor or a function of their own';
  const { sizeMs, slideMs, offsetMs } = grid;
  const how = kind === 'tables' ? 'an accumulator for each' : 'panes that they share';
  return `windows of ${sizeMs} ms every ${slideMs} ms${offsetMs === 0 ? '' : ` from ${offsetMs} ms on`} with ${how}`;
}

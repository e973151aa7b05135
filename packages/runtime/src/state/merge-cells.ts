import { UsageError } from '@millrace/core/base/errors';
import type { NamespaceCells } from './cells.ts';
import type { Mergeable } from './state-handles.ts';

/** What the current key has in the sources goes to the target, in the order of the sources and behind what is there. The cells stay where they were. */
export function mergeCells(
  name: string,
  cells: NamespaceCells<unknown>,
  handle: object,
  { target, sources }: { readonly target: unknown; readonly sources: Iterable<unknown> },
): void {
  if (!('merge' in handle))
    throw new UsageError(
      `State '${name}' cannot be merged: only lists, reducing and aggregating states can. Use one of these in windows that merge.`,
    );
  const before = cells.namespace;
  cells.at(target);
  let merged = cells.read();
  for (const source of sources) {
    cells.at(source);
    const value = cells.read();
    if (value === undefined) continue;
    cells.remove();
    merged = merged === undefined ? value : (handle as Mergeable<unknown>).merge(merged, value);
  }
  cells.at(target);
  if (merged !== undefined) cells.write(merged);
  if (before !== undefined) cells.at(before);
}

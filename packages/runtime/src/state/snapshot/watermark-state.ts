/** Where the event time of an operator's timers stood, as a checkpoint keeps it: one element for each subtask, known by its key groups. */
import { SHAPE } from '@millrace/core/types/descriptions';
import { NO_TIMESTAMP } from '@millrace/streaming/contract/timestamp';
import type { OperatorStateSchema } from '../../checkpoint/state-handles.ts';
import type { KeyGroups } from './key-groups.ts';
import { readLists } from './list-blocks.ts';
import type { RestoredStates } from './restored-states.ts';

interface StoredWatermark {
  readonly first: number;
  readonly last: number;
  readonly watermark: number;
}

const WATERMARK: OperatorStateSchema = { name: '#timer watermark', kind: 'list', mode: 'union', elementType: SHAPE };

export function watermarkList(keyGroups: KeyGroups, watermark: number): { schema: OperatorStateSchema; elements: readonly unknown[] } {
  const { first, last } = keyGroups;
  const stored: StoredWatermark = { first, last, watermark };
  return { schema: WATERMARK, elements: [stored] };
}

/** Of the subtask with these key groups; where there was none, the least of all. */
export function readWatermark(restored: RestoredStates, { first, last }: KeyGroups): number {
  const all = readLists(restored.takeLists(WATERMARK.name, 'list'), WATERMARK) as StoredWatermark[];
  if (all.length === 0) return NO_TIMESTAMP;
  const own = all.find((each) => each.first === first && each.last === last);
  return own?.watermark ?? Math.min(...all.map(({ watermark }) => watermark));
}

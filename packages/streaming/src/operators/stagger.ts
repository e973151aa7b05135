import { seededRandom } from '@millrace/core/base/random';
import type { OperatorContext } from '../contract/operator.ts';
import type { WindowAlignment } from '../window/window-assigner.ts';

/** The offset of this subtask's windows, decided at its first record. RANDOM is drawn from job and subtask, so that a replay draws the same. */
export function staggeredOffset({ stagger, offsetMs, slideMs }: WindowAlignment, context: OperatorContext): number {
  if (stagger === 'ALIGNED') return offsetMs;
  if (stagger === 'NATURAL') return floorMod(offsetMs + context.currentProcessingTime(), slideMs);
  const { runtime } = context;
  const seed = hashOf(runtime.getJobId()) + runtime.getIndexOfThisSubtask();
  return floorMod(offsetMs + Math.floor(seededRandom(seed).next() * slideMs), slideMs);
}

function floorMod(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}

function hashOf(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return hash;
}

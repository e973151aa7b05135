import type { OutputTag } from '../contract/output-tag.ts';
import type { Window } from './window.ts';

/** What a window function may ask about the window that fires. Valid during the call only: the object is used again. */
export interface ProcessWindowContext<out W extends Window> {
  window(): W;
  currentWatermark(): number;
  currentProcessingTime(): number;
  output<X>(tag: OutputTag<X>, value: NoInfer<X>): void;
}

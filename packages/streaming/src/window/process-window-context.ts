import type { KeyedStateStore } from '../contract/keyed-state.ts';
import type { OutputTag } from '../contract/output-tag.ts';
import type { Window } from './window.ts';

/** What a window function may ask about the window that fires. Valid during the call only: the object is used again. */
export interface ProcessWindowContext<out W extends Window> {
  window(): W;
  currentWatermark(): number;
  currentProcessingTime(): number;
  /** State of this key in this window, for what must be known at its next firing. What is put there, `clear` of the function takes away again. */
  windowState(): KeyedStateStore;
  /** State of this key in all windows. */
  globalState(): KeyedStateStore;
  output<X>(tag: OutputTag<X>, value: NoInfer<X>): void;
}

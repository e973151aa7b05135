import type { OperatorContext } from '../contract/operator.ts';
import type { ListSnapshot, StateInitializationContext, StateSnapshotContext } from '../contract/snapshot.ts';
import { windowsOf } from '../window/aligned-windows.ts';
import type { Window } from '../window/window.ts';
import type { WindowAlignment, WindowAssigner, WindowAssignerContext } from '../window/window-assigner.ts';
import { staggeredOffset } from './stagger.ts';

/** The windows of each record, and what a checkpoint must know of how they are chosen. */
export interface Assigning<T, W> {
  assign(record: T, timestamp: number, context: WindowAssignerContext): Iterable<W>;
  initializeState(context: StateInitializationContext): void;
  snapshotState(context: StateSnapshotContext): void;
}

/** The assigner's windows; of a fixed grid in order of time, and where they are staggered, those of the subtask's own grid. */
export function assigningOf<T, W extends Window>(assigner: WindowAssigner<T, W>, context: OperatorContext): Assigning<T, W> {
  const alignment = assigner.alignment();
  if (alignment !== undefined) return new GridAssigning<T, W>(assigner.isEventTime(), alignment, context);
  return {
    assign: (record, timestamp, now) => assigner.assignWindows(record, timestamp, now),
    initializeState() {},
    snapshotState() {},
  };
}

/** How far off the grid of a subtask stands; what there is at another parallelism, somebody takes over. */
const OFFSET: ListSnapshot<number> = { name: 'window-offset', mode: 'split', elementType: undefined };

/** The grid begins with the subtask's first record, or where a checkpoint had it. */
class GridAssigning<T, W extends Window> implements Assigning<T, W> {
  readonly #isEventTime: boolean;
  readonly #alignment: WindowAlignment;
  readonly #context: OperatorContext;
  #own: WindowAlignment | undefined;

  constructor(isEventTime: boolean, alignment: WindowAlignment, context: OperatorContext) {
    this.#isEventTime = isEventTime;
    this.#alignment = alignment;
    this.#context = context;
    this.#own = undefined;
  }

  assign(_record: T, timestamp: number, now: WindowAssignerContext): Iterable<W> {
    this.#own ??= { ...this.#alignment, offsetMs: staggeredOffset(this.#alignment, this.#context) };
    return windowsOf(this.#isEventTime ? timestamp : now.getCurrentProcessingTime(), this.#own).reverse() as Window[] as W[];
  }

  initializeState(context: StateInitializationContext): void {
    const [offsetMs] = context.readList(OFFSET);
    if (offsetMs !== undefined && this.#alignment.stagger !== 'ALIGNED') this.#own = { ...this.#alignment, offsetMs };
  }

  snapshotState(context: StateSnapshotContext): void {
    if (this.#own !== undefined && this.#alignment.stagger !== 'ALIGNED') context.writeList(OFFSET, [this.#own.offsetMs]);
  }
}

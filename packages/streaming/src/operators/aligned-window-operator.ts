/**
 * What the operators of aligned event-time windows have in common: the watermark, lateness, and emissions that can be suspended. How the state of the windows
 * is laid out is the subclass's business. Called by its task only.
 *
 * A1 `fired` is the last window that a watermark has ended; every window up to it that had data has fired. A record for such a window fires it at once,
 *    as long as it is above `expired`, the last window whose allowed lateness is over.
 * A2 while an emission is suspended no state of a window changes: what would change it first runs the emission to its end, as overdraft.
 * A3 the grid of windows begins with the first record, or with the first window that a checkpoint brought back; before that there is nothing to fire.
 * A4 what is left of windows up to the watermark of a checkpoint has fired, and fires again for late records only.
 */
import type { OneInputOperator, OperatorContext, Output, TaskFlow } from '../contract/operator.ts';
import type { StateInitializationContext, StateSnapshotContext } from '../contract/snapshot.ts';
import { NO_TIMESTAMP } from '../contract/timestamp.ts';
import type { TimeWindow } from '../window/time-window.ts';
import type { WindowAlignment } from '../window/window-assigner.ts';
import { type Accumulation, accumulationOf } from './accumulation.ts';
import { WindowEmitter } from './window-emitter.ts';
import { readLayout, type WindowLayout, writeLayout } from './window-layout.ts';
import { unboundedWatermark, WindowGrid } from './window-grid.ts';
import { withoutTimestamp } from './window-refusals.ts';
import { plainFunctionOf, type WindowSpec } from './window-spec.ts';

export interface AlignedWindows {
  readonly alignment: WindowAlignment;
  /** How the subclass lays out what is in them. */
  readonly layout: 'tables' | 'panes';
  /** An accumulator that has been emitted may be changed by a record that comes later. */
  readonly changesFired: boolean;
}

export abstract class AlignedWindowOperator<T, K, ACC, V, R> implements OneInputOperator<T> {
  numLateRecordsDropped: number;
  protected readonly flow: TaskFlow;
  protected readonly selector: (record: T) => K;
  protected readonly accumulation: Accumulation<T, ACC, V>;
  protected readonly emitter: WindowEmitter<K, ACC, V, R>;
  protected grid: WindowGrid | undefined;
  protected fired: number; // A1
  protected expired: number;
  /** The firings that one late record caused: of `lateKey`, in the windows from `lateNext` to `lateLast`. */
  protected lateKey: K | undefined;
  protected lateNext: number;
  protected lateLast: number;
  readonly #context: OperatorContext;
  readonly #alignment: WindowAlignment;
  readonly #layout: WindowLayout;
  readonly #latenessMs: number;
  readonly #lateTagId: string | undefined;
  readonly #lateOutput: Output<unknown> | undefined;
  #watermark: number; // unbounded
  #suspended: boolean;

  constructor(
    context: OperatorContext,
    spec: WindowSpec<T, K, TimeWindow, ACC, V, R>,
    { alignment, layout, changesFired }: AlignedWindows,
  ) {
    const { allowedLatenessMs = 0, lateTagId } = spec;
    this.numLateRecordsDropped = 0;
    this.flow = context.flow;
    this.selector = spec.key.selector;
    this.accumulation = accumulationOf(spec.aggregation);
    this.emitter = new WindowEmitter(
      context,
      this.accumulation as Accumulation<never, ACC, V>,
      plainFunctionOf(spec.windowFunction),
      changesFired,
    );
    this.grid = undefined;
    this.fired = Number.NEGATIVE_INFINITY;
    this.expired = Number.NEGATIVE_INFINITY;
    this.lateKey = undefined;
    this.lateNext = 0;
    this.lateLast = -1;
    this.#context = context;
    this.#alignment = alignment;
    const { sizeMs, slideMs, offsetMs } = alignment;
    this.#layout = { kind: layout, grid: { sizeMs, slideMs, offsetMs } };
    this.#latenessMs = allowedLatenessMs;
    this.#lateTagId = lateTagId;
    this.#lateOutput = lateTagId === undefined ? undefined : context.sideOutput(lateTagId);
    this.#watermark = Number.NEGATIVE_INFINITY;
    this.#suspended = false;
  }

  abstract processElement(record: T): void;

  initializeState(context: StateInitializationContext): void {
    const watermark = readLayout(context, this.#layout, this.#context.runtime);
    if (watermark === undefined) return;
    this.#watermark = watermark;
    if (this.grid !== undefined) this.#measure(this.grid);
    this.restoreWindows(context);
  }

  snapshotState(context: StateSnapshotContext): void {
    writeLayout(context, this.#layout, this.#context.runtime, this.#watermark);
    this.snapshotWindows(context);
  }

  /** What a checkpoint had is in the windows again. Those up to `fired`, once there is a grid, have fired. */
  protected abstract restoreWindows(context: StateInitializationContext): void;

  /** For what is in no table. */
  protected snapshotWindows(_context: StateSnapshotContext): void {}

  /** Emits what is due: first the firings of a late record, then the windows up to `fired`. Stops before a record that O2 forbids, unless it must not. */
  protected abstract emitDue(mayStop: boolean): boolean;

  /** `fired` and `expired` have moved. */
  protected abstract watermarkMoved(): void;

  processWatermark(timestamp: number): boolean {
    if (this.#suspended) this.#run(false); // A2
    this.emitter.watermark = timestamp;
    this.#watermark = unboundedWatermark(timestamp);
    if (this.grid === undefined) return true;
    this.#measure(this.grid);
    this.watermarkMoved();
    return this.#run(true);
  }

  resume(): boolean {
    return this.#suspended ? this.#run(true) : true;
  }

  /** Finds the record's place off the fast path: opens the grid, ends a suspended emission, refuses records without a timestamp. */
  protected gridFor(timestamp: number): WindowGrid {
    if (timestamp === NO_TIMESTAMP) throw withoutTimestamp();
    if (this.#suspended) this.#run(false); // A2
    if (this.grid !== undefined) return this.grid;
    const grid = this.openGrid(timestamp);
    this.emitDue(false); // nothing is: it only takes note of what has ended already
    return grid;
  }

  /** A3; by a restored window besides. */
  protected openGrid(timestamp: number): WindowGrid {
    this.grid ??= new WindowGrid(this.#alignment, this.#latenessMs, timestamp);
    this.#measure(this.grid);
    return this.grid;
  }

  /** For a record that is late for all its windows. */
  protected refuseLate(record: T): void {
    if (this.#lateTagId === undefined) this.numLateRecordsDropped++;
    else this.#lateOutput?.collect(record);
  }

  /** Fires the windows from `first` to `last` again, or for the first time, for one key. */
  protected fireLate(key: K, first: number, last: number): void {
    this.lateKey = key;
    this.lateNext = first;
    this.lateLast = last;
    this.#run(true);
  }

  #measure(grid: WindowGrid): void {
    this.fired = Math.max(this.fired, grid.lastEnded(this.#watermark));
    this.expired = Math.max(this.expired, grid.lastExpired(this.#watermark));
  }

  #run(mayStop: boolean): boolean {
    if (this.#suspended) {
      this.#suspended = false;
      this.flow.blocked--;
    }
    if (this.emitDue(mayStop)) return true;
    this.#suspended = true;
    this.flow.blocked++;
    return false;
  }
}

/**
 * The outputs of one source subtask and the watermark that they make together.
 *
 * Owned by the source task. The reader creates and releases the outputs of its splits.
 *
 * S1 the watermark is the minimum over the active outputs; an output that was created and has none yet holds it back. It never goes back.
 * S2 the source's own output takes part once something was emitted through it: a reader of splits never uses it.
 * S3 without outputs there is no watermark: a reader without a split holds it back until its input ends.
 * S4 an output that was restored with its split takes part from the beginning, with the watermark it had, until the reader creates it or gives it up.
 */
import { DataError } from '@millrace/core/base/errors';
import type { OperatorSettings, Output } from '@millrace/streaming/contract/operator';
import { NO_TIMESTAMP } from '@millrace/streaming/contract/timestamp';
import type { WatermarkStrategy } from '@millrace/streaming/contract/watermark-strategy';
import { type ControlElement, statusElement, watermarkElement } from './control-element.ts';
import type { Flow } from './flow.ts';
import type { RestoredPlaces } from './input-state.ts';
import { NO_SPLIT, type OutputState, RestoredOutputs } from './source-output-state.ts';
import type { SplitOutput, SplitOutputClass, SplitOutputHost } from './split-output.ts';
import type { SplitFigures, SplitTimes } from './split-times.ts';

interface SourceWatermarkOptions {
  readonly flow: Flow;
  readonly strategy: WatermarkStrategy<unknown>;
  readonly settings: OperatorSettings;
  readonly outputClass: SplitOutputClass;
  readonly control: (element: ControlElement) => void;
  readonly sides: ReadonlyMap<string, Output<unknown>>;
  /** Absent where nobody reads metrics. */
  readonly splitTimes?: SplitTimes;
}

export class SourceWatermarks implements SplitOutputHost {
  readonly flow: Flow;
  readonly strategy: WatermarkStrategy<unknown>;
  readonly settings: OperatorSettings;
  readonly main: SplitOutput;
  readonly #outputClass: SplitOutputClass;
  readonly #control: (element: ControlElement) => void;
  readonly #sides: ReadonlyMap<string, Output<unknown>>;
  readonly #splitTimes: SplitTimes | undefined;
  readonly #splits = new Map<string, SplitOutput>();
  readonly #restored = new RestoredOutputs();
  watermark = NO_TIMESTAMP;
  #pausedSplits: ReadonlySet<string> = new Set();
  #isHeld = false;
  #idle = false;
  /** Records of splits that were released since the last `takeRecords`. */
  #releasedRecords = 0;

  constructor(options: SourceWatermarkOptions) {
    this.flow = options.flow;
    this.strategy = options.strategy;
    this.settings = options.settings;
    this.#outputClass = options.outputClass;
    this.#control = options.control;
    this.#sides = options.sides;
    this.#splitTimes = options.splitTimes;
    this.main = new options.outputClass(this, undefined);
  }

  createOutputForSplit(splitId: string): SplitOutput {
    if (this.#splits.has(splitId)) {
      throw new DataError(
        `The source's reader created a second output for split '${splitId}'. Split ids are unique among the splits a reader has.`,
      );
    }
    const output = new this.#outputClass(this, splitId);
    this.#splits.set(splitId, output);
    output.restore(this.#restored.take(splitId));
    this.#updateStatus();
    this.#noteTimes();
    return output;
  }

  releaseOutputForSplit(splitId: string): void {
    const output = this.#splits.get(splitId);
    const restored = this.#restored.take(splitId);
    if (output === undefined && restored === undefined) return;
    this.#splits.delete(splitId);
    this.#splitTimes?.remove(splitId);
    this.#releasedRecords += output?.takeRecords() ?? 0;
    this.#advance();
    this.#updateStatus();
  }

  /** What a source puts aside has no time of its own. */
  emitAside(tagId: string, record: unknown): void {
    this.flow.timestamp = NO_TIMESTAMP;
    this.#sides.get(tagId)?.collect(record);
  }

  watermarkAdvanced(): void {
    this.#advance();
  }

  statusChanged(): void {
    this.#updateStatus();
    this.#advance();
    this.#noteTimes();
  }

  /** Held back by alignment: time that passes is not theirs. */
  get pausedSplits(): ReadonlySet<string> {
    return this.#pausedSplits;
  }

  set pausedSplits(splits: ReadonlySet<string>) {
    if (splits === this.#pausedSplits) return;
    this.#pausedSplits = splits;
    this.#noteTimes();
  }

  /** The whole reader is held back by alignment. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  set isHeld(isHeld: boolean) {
    this.#isHeld = isHeld;
    this.#noteTimes();
  }

  splitFigures(): readonly SplitFigures[] {
    return this.#splitTimes?.figures() ?? [];
  }

  /** Records emitted since the last call. */
  takeRecords(): number {
    let records = this.#releasedRecords + this.main.takeRecords();
    this.#releasedRecords = 0;
    for (const output of this.#splits.values()) records += output.takeRecords();
    return records;
  }

  /** What each output stands at, by its split's id; the source's own under NO_SPLIT where it takes part. */
  snapshot(): ReadonlyMap<string, OutputState> {
    const states = new Map(this.#restored.own());
    if (this.#takesPart(this.main)) states.set(NO_SPLIT, this.main.snapshot());
    for (const [splitId, output] of this.#splits) states.set(splitId, output.snapshot());
    return states;
  }

  /** Before anything is emitted: the watermark that this subtask had sent, and where the outputs of the checkpoint stood. */
  restore(watermark: number, { own, others }: RestoredPlaces): void {
    this.watermark = watermark;
    this.main.restore(own.get(NO_SPLIT) ?? others.get(NO_SPLIT));
    this.#restored.restore(own, others);
  }

  /** Says downstream where a restored source stands. */
  begin(): void {
    if (this.watermark !== NO_TIMESTAMP) this.#control(watermarkElement(this.watermark));
    this.#updateStatus();
  }

  elapse(elapsedMs: number, unread: boolean): number {
    let again = this.#takesPart(this.main) ? this.main.elapse(elapsedMs, unread) : Number.POSITIVE_INFINITY;
    for (const [splitId, output] of this.#splits)
      if (!this.#pausedSplits.has(splitId)) again = Math.min(again, output.elapse(elapsedMs, unread));
    return again;
  }

  get isIdle(): boolean {
    return this.#idle;
  }

  forEachSplit(visit: (splitId: string, watermark: number) => void): void {
    for (const [splitId, output] of this.#splits) visit(splitId, output.watermark);
  }

  #noteTimes(): void {
    if (this.#splitTimes === undefined) return;
    for (const [splitId, { isIdle }] of this.#splits) {
      const isPaused = this.#isHeld || this.#pausedSplits.has(splitId);
      this.#splitTimes.enter(splitId, isPaused ? 'paused' : isIdle ? 'idle' : 'active');
    }
  }

  #takesPart(output: SplitOutput): boolean {
    return output !== this.main || output.watermark !== NO_TIMESTAMP || output.greatest !== NO_TIMESTAMP || output.isIdle;
  }

  #advance(): void {
    let least = this.#restored.watermark;
    if (this.#takesPart(this.main) && !this.main.isIdle) least = this.main.watermark;
    for (const output of this.#splits.values()) if (!output.isIdle && output.watermark < least) least = output.watermark;
    if (least === Number.POSITIVE_INFINITY || least <= this.watermark) return;
    this.watermark = least;
    this.#control(watermarkElement(least));
  }

  #updateStatus(): void {
    let outputs = this.#restored.size;
    let active = this.#restored.active;
    for (const output of [this.main, ...this.#splits.values()]) {
      if (!this.#takesPart(output)) continue;
      outputs += 1;
      if (!output.isIdle) active += 1;
    }
    const idle = outputs > 0 && active === 0;
    if (idle === this.#idle) return;
    this.#idle = idle;
    this.#control(statusElement(idle));
  }
}

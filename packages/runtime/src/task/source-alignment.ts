/**
 * A source's part in its alignment group, in one subtask: reports its watermark, and holds the reader, or single splits of it, back while they are ahead of the group.
 *
 * Owned by the source's input. The group itself is in runtime/coordinator/watermark-alignment.ts.
 *
 * H1 a reader with `pauseOrResumeSplits` is told which of its splits are ahead, and is asked for records all the time; any other is not asked while its watermark is ahead.
 * H2 time in which something was held back counts for nobody's idleness, from before it began until after it ended.
 * H3 a report is urgent when the reader stops, becomes idle or ends: others may wait for it.
 */
import type { Cancellation } from '@millrace/core/base/clock';
import type { SourceReader } from '@millrace/streaming/contract/source';
import { MAX_WATERMARK, NO_TIMESTAMP } from '@millrace/streaming/contract/timestamp';
import type { AlignmentSettings } from '@millrace/streaming/contract/watermark-strategy';

/** What it looks at of the source's outputs. */
export interface AlignedOutputs {
  readonly watermark: number;
  readonly isIdle: boolean;
  /** Of splits that are to be left out when time passes. */
  pausedSplits: ReadonlySet<string>;
  /** The reader is not asked. */
  isHeld: boolean;
  elapse(elapsedMs: number, unread: boolean): number;
  /** Visits the outputs of splits that are there. */
  forEachSplit(visit: (splitId: string, watermark: number) => void): void;
}

export interface SourceAlignmentOptions {
  readonly settings: AlignmentSettings;
  readonly outputs: AlignedOutputs;
  readonly reader: Pick<SourceReader<unknown, unknown>, 'pauseOrResumeSplits'>;
  readonly report: (watermark: number, urgent: boolean) => void;
  /** Calls `action` between two elements, in the task's thread. */
  readonly schedule: (delayMs: number, action: () => void) => Cancellation;
}

export class SourceAlignment {
  readonly #options: SourceAlignmentOptions;
  /** Until the group has said something, nobody goes beyond a first watermark. */
  #maxWatermark = NO_TIMESTAMP;
  #paused: ReadonlySet<string> = new Set();
  #reported = NO_TIMESTAMP;
  #holds = false;
  /** Something was held back since time passed last. */
  #held = false;
  #timer: Cancellation | undefined;
  #ended = false;

  constructor(options: SourceAlignmentOptions) {
    this.#options = options;
  }

  start(): void {
    const { settings, schedule } = this.#options;
    this.#timer = schedule(settings.updateIntervalMs, () => {
      this.#report(false);
      this.start();
    });
  }

  announced(maxWatermark: number): void {
    this.#maxWatermark = maxWatermark;
    this.check();
  }

  /** After the reader has emitted. True while it must not be asked for more. */
  check(): boolean {
    const { outputs, reader } = this.#options;
    if (outputs.isIdle && this.#reported !== MAX_WATERMARK) this.#report(true);
    if (reader.pauseOrResumeSplits !== undefined) {
      this.#checkSplits();
      return false;
    }
    const holds = !outputs.isIdle && outputs.watermark > this.#maxWatermark;
    if (holds && !this.#holds) this.#report(true);
    if (holds !== this.#holds) outputs.isHeld = holds;
    this.#holds = holds;
    this.#held ||= holds;
    return holds;
  }

  /** As `elapse` of the outputs, for the time that counts. */
  elapse(elapsedMs: number, unread: boolean): number {
    const counts = !this.#held;
    this.#held = this.#holds;
    const { outputs } = this.#options;
    const again = counts ? outputs.elapse(elapsedMs, unread) : Number.POSITIVE_INFINITY;
    outputs.pausedSplits = this.#paused;
    return again;
  }

  ended(): void {
    this.#ended = true;
    this.#report(true);
  }

  close(): void {
    this.#timer?.cancel();
  }

  #checkSplits(): void {
    const { outputs, reader } = this.#options;
    const paused = this.#paused;
    const ahead = new Set<string>();
    outputs.forEachSplit((splitId, watermark) => {
      if (watermark > this.#maxWatermark) ahead.add(splitId);
    });
    const toPause = [...ahead].filter((splitId) => !paused.has(splitId));
    const toResume = [...paused].filter((splitId) => !ahead.has(splitId));
    if (toPause.length === 0 && toResume.length === 0) return;
    this.#paused = ahead;
    outputs.pausedSplits = new Set([...outputs.pausedSplits, ...ahead]);
    reader.pauseOrResumeSplits?.(toPause, toResume);
    if (toPause.length > 0) this.#report(true);
  }

  #report(urgent: boolean): void {
    const { outputs, report } = this.#options;
    const watermark = this.#ended || outputs.isIdle ? MAX_WATERMARK : outputs.watermark;
    if (watermark === NO_TIMESTAMP || (watermark === this.#reported && !urgent)) return;
    this.#reported = watermark;
    report(watermark, urgent);
  }
}

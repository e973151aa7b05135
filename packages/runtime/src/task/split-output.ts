/**
 * The outputs of a source: one for the source itself and one for each split that asks for it, each with its own timestamps and watermark.
 *
 * Made by the source task (source-watermarks.ts); called by the source's reader, once per record. `collect` is written by the chain generator, or by its twin,
 * because it is the head of the chain: the fields that it works on are those of `WatermarkTracker`.
 */
import type { OperatorSettings } from '@millrace/streaming/contract/operator';
import type { ReaderOutput, SourceOutput } from '@millrace/streaming/contract/source';
import type { WatermarkStrategy } from '@millrace/streaming/contract/watermark-strategy';
import { checkTimestamp, type WatermarkTarget, WatermarkTracker } from '@millrace/streaming/contract/watermark-tracker';
import type { Flow } from './flow.ts';
import type { OutputState } from './source-output-state.ts';

export interface SplitOutputHost extends WatermarkTarget {
  readonly flow: Flow;
  readonly strategy: WatermarkStrategy<unknown>;
  readonly settings: OperatorSettings;
  createOutputForSplit(splitId: string): SplitOutput;
  releaseOutputForSplit(splitId: string): void;
  /** To a side output of the source; dropped where nobody reads it. */
  emitAside(tagId: string, record: unknown): void;
}

export type SplitOutputClass = new (host: SplitOutputHost, splitId: string | undefined) => SplitOutput;

export abstract class SplitOutput extends WatermarkTracker implements ReaderOutput<unknown> {
  /** Undefined for the output of the source itself. */
  readonly splitId: string | undefined;
  readonly #host: SplitOutputHost;
  readonly #flow: Flow;
  #recordsTaken = 0;

  constructor(host: SplitOutputHost, splitId: string | undefined) {
    super(host.strategy, host.settings, host);
    this.#host = host;
    this.#flow = host.flow;
    this.splitId = splitId;
  }

  snapshot(): OutputState {
    const { records, greatest, watermark, isIdle } = this;
    return { records, greatest, watermark, isIdle };
  }

  /** Goes on where an output of a checkpoint stood; before its first record. Nobody is told. */
  restore(state: OutputState | undefined): void {
    if (state === undefined) return;
    this.resumeAt(state);
    this.#recordsTaken = this.recordsInAll;
  }

  /** Records since the last call. */
  takeRecords(): number {
    const taken = this.recordsInAll - this.#recordsTaken;
    this.#recordsTaken = this.recordsInAll;
    return taken;
  }

  abstract collect(record: unknown, timestamp?: number): void;

  createOutputForSplit(splitId: string): SourceOutput<unknown> {
    return this.#host.createOutputForSplit(splitId);
  }

  releaseOutputForSplit(splitId: string): void {
    this.#host.releaseOutputForSplit(splitId);
  }

  sideOutput<X>(tagId: string, record: X): void {
    this.#host.emitAside(tagId, record);
  }

  isBlocked(): boolean {
    return this.#flow.blocked !== 0;
  }

  /** @cold For a timestamp that is no safe integer. */
  checkTimestamp(timestamp: number, given: number): void {
    checkTimestamp(timestamp, given, () => (this.splitId === undefined ? 'the source' : `split ${this.splitId}`));
  }
}

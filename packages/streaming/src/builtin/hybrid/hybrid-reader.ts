/**
 * Reads several sources, one after another, each with a reader of its own.
 *
 * Owns the reader of the current source. Called by its source task.
 *
 * R1 there is no reader until the enumerator has said which source is current; splits that were restored wait for it.
 * R2 a reader that has ended says so once and waits for the next source; the last one ends the input.
 */
import type { InputStatus, ReaderOutput, Source, SourceReader, SourceReaderContext } from '../../contract/source.ts';
import { Signal } from '../signal.ts';
import {
  type HybridPart,
  type HybridReport,
  type HybridSplit,
  type InnerEvent,
  type SwitchSource,
  sourceAt,
  unwrapSplit,
  wrapSplit,
} from './hybrid-parts.ts';

interface CurrentSource<T> {
  readonly index: number;
  readonly source: Source<unknown>;
  readonly reader: SourceReader<T, unknown>;
  ended: boolean;
}

type FromEnumerator = SwitchSource | InnerEvent | { readonly kind: 'no-more-splits'; readonly sourceIndex: number };

export class HybridReader<T> implements SourceReader<T, HybridSplit> {
  readonly #context: SourceReaderContext;
  readonly #parts: readonly HybridPart[];
  readonly #changed = new Signal();
  #waiting: HybridSplit[] = [];
  #current: CurrentSource<T> | undefined;
  /** What starts and closes the readers, one after another. */
  #life: Promise<void> = Promise.resolve();
  #isStarting = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(context: SourceReaderContext, parts: readonly HybridPart[]) {
    this.#context = context;
    this.#parts = parts;
  }

  start(): void {}

  pollNext(output: ReaderOutput<T>): InputStatus {
    if (this.#failure !== undefined) throw this.#failure.error;
    const current = this.#current;
    if (current === undefined || current.ended || this.#isStarting) return this.#changed.none();
    const status = current.reader.pollNext(output);
    if (status !== 'END_OF_INPUT' || current.index === this.#parts.length - 1) return status;
    current.ended = true;
    this.#send({ kind: 'finished', sourceIndex: current.index });
    return this.#changed.none();
  }

  isAvailable(): Promise<void> {
    const current = this.#current;
    if (current === undefined || current.ended || this.#isStarting) return this.#changed.wait();
    return current.reader.isAvailable();
  }

  addSplits(splits: readonly HybridSplit[]): void {
    const current = this.#current;
    const now = splits.filter(({ sourceIndex }) => sourceIndex === current?.index);
    this.#waiting.push(...splits.filter(({ sourceIndex }) => sourceIndex !== current?.index));
    if (current !== undefined && now.length > 0) current.reader.addSplits(now.map((split) => unwrapSplit(current.source, split)));
  }

  notifyNoMoreSplits(): void {} // the enumerator says of which source

  handleSourceEvent(event: unknown): void {
    const message = event as FromEnumerator;
    if (message.kind === 'switch') {
      if (this.#current?.index !== message.sourceIndex) this.#switch(message);
      return;
    }
    const current = this.#current;
    if (current?.index !== message.sourceIndex) return;
    if (message.kind === 'no-more-splits') current.reader.notifyNoMoreSplits();
    else current.reader.handleSourceEvent?.(message.event);
  }

  snapshotState(checkpointId: number): readonly HybridSplit[] {
    const current = this.#current;
    if (current === undefined || current.ended) return this.#waiting;
    const splits = current.reader.snapshotState(checkpointId).map((split) => wrapSplit(current.source, current.index, split));
    return [...splits, ...this.#waiting];
  }

  isReadyForCheckpoint(): boolean {
    return this.#current?.reader.isReadyForCheckpoint?.() !== false;
  }

  async notifyCheckpointComplete(checkpointId: number): Promise<void> {
    await this.#current?.reader.notifyCheckpointComplete?.(checkpointId);
  }

  async close(): Promise<void> {
    await this.#life;
    await this.#current?.reader.close();
  }

  #switch({ sourceIndex, ended }: SwitchSource): void {
    const before = this.#current;
    const source = sourceAt(this.#parts, sourceIndex, ended);
    const reader = source.createReader(this.#innerContext(sourceIndex)) as SourceReader<T, unknown>;
    this.#current = { index: sourceIndex, source, reader, ended: false };
    const restored = this.#waiting.filter((split) => split.sourceIndex === sourceIndex);
    this.#waiting = this.#waiting.filter((split) => split.sourceIndex !== sourceIndex);
    if (restored.length > 0) reader.addSplits(restored.map((split) => unwrapSplit(source, split)));
    this.#isStarting = true;
    this.#life = this.#begin(before, reader);
  }

  async #begin(before: CurrentSource<T> | undefined, reader: SourceReader<T, unknown>): Promise<void> {
    try {
      await before?.reader.close();
      await reader.start();
    } catch (error) {
      this.#failure = { error };
    }
    this.#isStarting = false;
    this.#changed.raise();
  }

  #innerContext(sourceIndex: number): SourceReaderContext {
    return {
      ...this.#context,
      getRuntimeContext: () => this.#context.getRuntimeContext(),
      sendSplitRequest: () => this.#send({ kind: 'request', sourceIndex }),
      sendSourceEventToCoordinator: (event) => this.#send({ kind: 'event', sourceIndex, event }),
    };
  }

  #send(report: HybridReport | InnerEvent): void {
    this.#context.sendSourceEventToCoordinator(report);
  }
}

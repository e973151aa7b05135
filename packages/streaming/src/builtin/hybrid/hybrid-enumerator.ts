/**
 * Runs the enumerators of several sources, one after another.
 *
 * Owns the enumerator of the current source. Called by the source coordinator, one call at a time.
 *
 * E1 the next source begins when every reader has read the current one to its end.
 * E2 what a reader says of a source that is not the current one any more is passed over.
 * E3 a reader hears of the current source when it registers, before anything else.
 */
import type { ReaderInfo, Source, SplitEnumerator, SplitEnumeratorContext } from '../../contract/source.ts';
import {
  type HybridPart,
  type HybridReport,
  type HybridSplit,
  type HybridState,
  type InnerEvent,
  type SavedState,
  type SwitchSource,
  sourceAt,
  unwrapSplit,
  wrapSplit,
} from './hybrid-parts.ts';

export class HybridEnumerator implements SplitEnumerator<HybridSplit, HybridState> {
  readonly #context: SplitEnumeratorContext<HybridSplit>;
  readonly #parts: readonly HybridPart[];
  readonly #finished = new Set<number>();
  readonly #ended: SavedState[];
  #index: number;
  #source: Source<unknown>;
  #inner: SplitEnumerator<unknown, unknown>;

  constructor(context: SplitEnumeratorContext<HybridSplit>, parts: readonly HybridPart[], restored: HybridState | undefined) {
    this.#context = context;
    this.#parts = parts;
    this.#index = restored?.sourceIndex ?? 0;
    this.#ended = [...(restored?.ended ?? [])];
    this.#source = sourceAt(parts, this.#index, this.#ended);
    this.#inner = this.#create(restored?.current);
  }

  start() {
    return this.#inner.start();
  }

  handleSplitRequest(_subtask: number): void {} // readers say of which source

  handleSourceEvent(subtask: number, event: unknown): void {
    const report = event as HybridReport | InnerEvent;
    if (report.sourceIndex !== this.#index) return; // E2
    if (report.kind === 'request') this.#inner.handleSplitRequest(subtask);
    else if (report.kind === 'event') this.#inner.handleSourceEvent?.(subtask, report.event);
    else this.#readerFinished(subtask);
  }

  addReader(subtask: number): void {
    this.#finished.delete(subtask);
    this.#tell(subtask);
    this.#inner.addReader(subtask);
  }

  addSplitsBack(splits: readonly HybridSplit[], subtask: number): void {
    const current = splits.filter(({ sourceIndex }) => sourceIndex === this.#index);
    this.#inner.addSplitsBack(
      current.map((split) => unwrapSplit(this.#source, split)),
      subtask,
    );
  }

  async snapshotState(checkpointId: number): Promise<HybridState> {
    const [index, ended] = [this.#index, [...this.#ended]];
    return { sourceIndex: index, ended, current: await this.#save(checkpointId) };
  }

  async notifyCheckpointComplete(checkpointId: number): Promise<void> {
    await this.#inner.notifyCheckpointComplete?.(checkpointId);
  }

  async notifyCheckpointAborted(checkpointId: number): Promise<void> {
    await this.#inner.notifyCheckpointAborted?.(checkpointId);
  }

  close() {
    return this.#inner.close();
  }

  #readerFinished(subtask: number): void {
    this.#finished.add(subtask);
    if (this.#finished.size < this.#context.currentParallelism()) return;
    this.#finished.clear();
    this.#context.callAsync(
      () => this.#save(-1),
      (outcome) => {
        if ('error' in outcome) throw outcome.error;
        this.#switch(outcome.value);
      },
    );
  }

  #switch(ended: SavedState): void {
    const before = this.#inner;
    this.#ended.push(ended);
    this.#index += 1;
    this.#source = sourceAt(this.#parts, this.#index, this.#ended);
    this.#inner = this.#create(undefined);
    this.#context.callAsync(
      async () => {
        await before.close();
        await this.#inner.start();
      },
      (outcome) => {
        if ('error' in outcome) throw outcome.error;
        for (const subtask of this.#context.registeredReaders().keys()) {
          this.#tell(subtask);
          this.#inner.addReader(subtask);
        }
      },
    );
  }

  #tell(subtask: number): void {
    const event: SwitchSource = { kind: 'switch', sourceIndex: this.#index, ended: [...this.#ended] };
    this.#context.sendEventToSourceReader(subtask, event);
  }

  async #save(checkpointId: number): Promise<SavedState> {
    const serializer = this.#source.enumeratorStateSerializer();
    return { version: serializer.version, bytes: serializer.serialize(await this.#inner.snapshotState(checkpointId)) };
  }

  #create(saved: SavedState | undefined): SplitEnumerator<unknown, unknown> {
    const context = this.#innerContext();
    if (saved === undefined) return this.#source.createEnumerator(context);
    return this.#source.restoreEnumerator(context, this.#source.enumeratorStateSerializer().deserialize(saved.bytes, saved.version));
  }

  #innerContext(): SplitEnumeratorContext<unknown> {
    const [context, source, sourceIndex] = [this.#context, this.#source, this.#index];
    const innerReader = ({ location, reportedSplits }: ReaderInfo<HybridSplit>): ReaderInfo<unknown> => {
      const own = reportedSplits.filter((split) => split.sourceIndex === sourceIndex);
      return { location, reportedSplits: own.map((split) => unwrapSplit(source, split)) };
    };
    return {
      currentParallelism: () => context.currentParallelism(),
      registeredReaders: () => new Map(Array.from(context.registeredReaders(), ([subtask, reader]) => [subtask, innerReader(reader)])),
      assignSplit: (split, subtask) => context.assignSplit(wrapSplit(source, sourceIndex, split), subtask),
      signalNoMoreSplits: (subtask) => context.sendEventToSourceReader(subtask, { kind: 'no-more-splits', sourceIndex }),
      sendEventToSourceReader: (subtask, event) =>
        context.sendEventToSourceReader(subtask, { kind: 'event', sourceIndex, event } satisfies InnerEvent),
      callAsync: (work, handle, period) =>
        context.callAsync(work, (outcome) => (sourceIndex === this.#index ? handle(outcome) : undefined), period),
      setIsProcessingBacklog: (isProcessingBacklog) => context.setIsProcessingBacklog(isProcessingBacklog),
    };
  }
}

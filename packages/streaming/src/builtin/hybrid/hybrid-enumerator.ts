/**
 * Runs the enumerators of several sources, one after another.
 *
 * Owns the enumerator of the current source. Called by the source coordinator, one call at a time.
 *
 * E1 the next source begins when every reader has read the current one to its end.
 * E2 what a reader says of a source that is not the current one any more is passed over.
 * E3 a reader hears of the current source when it registers, before anything else.
 * E4 one that comes back alone from an older checkpoint, with splits of sources that are over, reads those to their ends first, source by source; and what it had lost of them.
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
  /** The source that is over and that a reader reads again (E4), by subtask. */
  readonly #behind = new Map<number, number>();
  #lost: readonly HybridSplit[];
  /** Between the end of a source and the start of the next: who registers then, and is told of it behind the start. */
  #arriving: Set<number> | undefined = undefined;
  #index: number;
  #source: Source<unknown>;
  #inner: SplitEnumerator<unknown, unknown>;

  constructor(context: SplitEnumeratorContext<HybridSplit>, parts: readonly HybridPart[], restored: HybridState | undefined) {
    this.#context = context;
    this.#parts = parts;
    this.#index = restored?.sourceIndex ?? 0;
    this.#ended = [...(restored?.ended ?? [])];
    this.#lost = restored?.lost ?? [];
    this.#source = sourceAt(parts, this.#index, this.#ended);
    this.#inner = this.#create(restored?.current);
  }

  start() {
    return this.#inner.start();
  }

  handleSplitRequest(_subtask: number): void {} // readers say of which source

  handleSourceEvent(subtask: number, event: unknown): void {
    const report = event as HybridReport | InnerEvent;
    if (report.sourceIndex === this.#behind.get(subtask)) return this.#heardOfOld(subtask, report);
    if (report.sourceIndex !== this.#index) return; // E2
    if (report.kind === 'request') this.#inner.handleSplitRequest(subtask);
    else if (report.kind === 'event') this.#inner.handleSourceEvent?.(subtask, report.event);
    else this.#readerFinished(subtask);
  }

  addReader(subtask: number): void {
    this.#finished.delete(subtask);
    if (this.#arriving === undefined) this.#goOn(subtask, 0);
    else this.#arriving.add(subtask);
  }

  addSplitsBack(splits: readonly HybridSplit[], subtask: number): void {
    const current = splits.filter(({ sourceIndex }) => sourceIndex === this.#index);
    this.#lost = [...this.#lost, ...splits.filter(({ sourceIndex }) => sourceIndex < this.#index)];
    this.#inner.addSplitsBack(
      current.map((split) => unwrapSplit(this.#source, split)),
      subtask,
    );
  }

  async snapshotState(checkpointId: number): Promise<HybridState> {
    const [sourceIndex, ended, lost] = [this.#index, [...this.#ended], this.#lost];
    return { sourceIndex, ended, current: await this.#save(checkpointId), lost };
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

  /** To the first source from `from` on that it has splits of, or the current one (E3, E4). */
  #goOn(subtask: number, from: number): void {
    const own = this.#context.registeredReaders().get(subtask)?.reportedSplits ?? [];
    const index = [...own, ...this.#lost].reduce(
      (least, { sourceIndex }) => (sourceIndex < from ? least : Math.min(least, sourceIndex)),
      this.#index,
    );
    this.#tell(subtask, index);
    if (index === this.#index) {
      this.#behind.delete(subtask);
      return this.#inner.addReader(subtask);
    }
    this.#behind.set(subtask, index);
    const lost = this.#lost.filter(({ sourceIndex }) => sourceIndex === index);
    this.#lost = this.#lost.filter(({ sourceIndex }) => sourceIndex !== index);
    for (const split of lost) this.#context.assignSplit(split, subtask);
    this.#context.sendEventToSourceReader(subtask, { kind: 'no-more-splits', sourceIndex: index });
  }

  /** A request needs no answer: the reader knows that there is no more. */
  #heardOfOld(subtask: number, report: HybridReport | InnerEvent): void {
    if (report.kind === 'finished') this.#goOn(subtask, report.sourceIndex + 1);
  }

  #readerFinished(subtask: number): void {
    this.#finished.add(subtask);
    if (this.#finished.size < this.#context.currentParallelism()) return;
    this.#context.callAsync(
      () => this.#save(-1),
      (outcome) => {
        if ('error' in outcome) throw outcome.error;
        // Or one of them has come back meanwhile, and will say again that it has finished.
        if (this.#finished.size === this.#context.currentParallelism()) this.#switch(outcome.value);
      },
    );
  }

  #switch(ended: SavedState): void {
    const before = this.#inner;
    const arriving = new Set<number>();
    this.#arriving = arriving;
    this.#finished.clear();
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
        this.#arriving = undefined;
        for (const subtask of this.#context.registeredReaders().keys()) {
          if (arriving.has(subtask)) this.#goOn(subtask, 0);
          else {
            this.#tell(subtask, this.#index);
            this.#inner.addReader(subtask);
          }
        }
      },
    );
  }

  #tell(subtask: number, sourceIndex: number): void {
    const event: SwitchSource = { kind: 'switch', sourceIndex, ended: this.#ended.slice(0, sourceIndex) };
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

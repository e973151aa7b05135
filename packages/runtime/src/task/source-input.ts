/**
 * The input of a source task: the reader of its source, fed with splits by the enumerator and asked for records by the task.
 *
 * Owns the reader and its outputs. Called by the task in its thread.
 *
 * R1 the reader is asked for records only while nothing is blocked; after NOTHING_AVAILABLE only when its promise has settled or an event came for it.
 * R2 at a checkpoint the splits of the reader go into it with the places of their outputs, and the barrier follows in the same turn: no record lies between. What was
 *    triggered once is not triggered again; restored splits come before anything of the enumerator.
 * R3 what a reader throws or rejects with fails the task under the source's name.
 */
import type { Cancellation, Clock } from '@millrace/core/base/clock';
import type { MaybePromise } from '@millrace/streaming/contract/emittable';
import type { RuntimeContext } from '@millrace/streaming/contract/functions';
import type { StateInitializationContext } from '@millrace/streaming/contract/snapshot';
import { NO_TIMESTAMP } from '@millrace/streaming/contract/timestamp';
import type { InputStatus, Source, SourceReader, SourceReaderMetrics } from '@millrace/streaming/contract/source';
import type { AlignmentSettings } from '@millrace/streaming/contract/watermark-strategy';
import type { CheckpointBarrier } from '../checkpoint/checkpoint-options.ts';
import type { EnumeratorEvent, ReaderEvent } from '../protocol/slot-messages.ts';
import type { Flow } from './flow.ts';
import {
  readOutputs,
  readSplits,
  readWatermarks,
  type SplitElement,
  type SubtaskPlace,
  splitIdOf,
  writeOutputs,
  writeSplits,
  writeWatermarks,
} from './input-state.ts';
import { SourceAlignment } from './source-alignment.ts';
import type { OutputState } from './source-output-state.ts';
import type { SourceWatermarks } from './source-watermarks.ts';
import type { SplitFigures } from './split-times.ts';
import { INPUT_EMPTY, INPUT_ENDED, INPUT_MORE, type InputResult, type TaskInput, type WriteInput } from './task-input.ts';

/** Batches of a reader in one turn, when they are small. */
const POLLS_MAX = 64;

interface SourceInputOptions {
  readonly source: Source<unknown>;
  readonly runtime: RuntimeContext;
  readonly clock: Clock;
  readonly flow: Flow;
  readonly outputs: SourceWatermarks;
  /** Undefined where the source is in no alignment group. */
  readonly alignment?: AlignmentSettings | undefined;
  readonly schedule: (delayMs: number, action: () => void) => Cancellation;
  /** Between two elements, in the task's thread. */
  readonly mail: (action: () => void) => void;
  send(event: EnumeratorEvent): void;
  readonly locate: (error: unknown) => Error;
  readonly place: SubtaskPlace;
  /** The barrier begins here. */
  readonly checkpoint: (barrier: CheckpointBarrier) => void;
}

export class SourceInput implements TaskInput {
  readonly #options: SourceInputOptions;
  readonly #reader: SourceReader<unknown, unknown>;
  readonly #metrics: SourceReaderMetrics = { numRecordsInErrors: 0 };
  readonly #alignment: SourceAlignment | undefined;
  #available = true;
  #ended = false;
  #restored: readonly unknown[] = [];
  polled = 0;

  constructor(options: SourceInputOptions) {
    this.#options = options;
    this.#reader = this.#called(() =>
      options.source.createReader({
        getRuntimeContext: () => options.runtime,
        clock: options.clock,
        metrics: this.#metrics,
        sendSplitRequest: () => options.send({ type: 'request-split' }),
        sendSourceEventToCoordinator: (event) => options.send({ type: 'source-event', event }),
      }),
    );
    const { alignment: settings, outputs, schedule } = options;
    const report = (watermark: number, urgent: boolean) => options.send({ type: 'report-watermark', watermark, urgent });
    this.#alignment =
      settings === undefined ? undefined : new SourceAlignment({ settings, outputs, reader: this.#reader, report, schedule });
  }

  get numRecordsInErrors(): number {
    return this.#metrics.numRecordsInErrors;
  }

  get watermark(): number {
    return this.#options.outputs.watermark;
  }

  /** The reader is known to the enumerator before it may ask for a split. */
  start(): MaybePromise<void> {
    const restored = this.#restored;
    this.#restored = [];
    if (restored.length > 0) this.#called(() => this.#reader.addSplits(restored));
    this.#options.send(this.#registration(restored));
    this.#alignment?.start();
    return this.#called(() => this.#reader.start());
  }

  #registration(restored: readonly unknown[]): EnumeratorEvent {
    if (restored.length === 0) return { type: 'register-reader' };
    const serializer = this.#called(() => this.#options.source.splitSerializer());
    const splits = restored.map((split) => this.#called(() => serializer.serialize(split)));
    return { type: 'register-reader', splits: { version: serializer.version, splits } };
  }

  restore(context: StateInitializationContext): void {
    const { outputs, place, source } = this.#options;
    const watermark = readWatermarks(context, place)?.watermark ?? NO_TIMESTAMP;
    const places = readOutputs(context, place);
    this.#restored = readSplits(context).map(({ version, split, splitId, output }) => {
      if (splitId !== undefined && output !== undefined) places.own.set(splitId, output);
      return this.#called(() => source.splitSerializer().deserialize(split, version));
    });
    outputs.restore(watermark, places);
  }

  begin(): void {
    this.#options.outputs.begin();
  }

  triggerCheckpoint(barrier: CheckpointBarrier): void {
    this.#options.checkpoint(barrier);
  }

  get isReadyForCheckpoint(): boolean {
    return this.#ended || this.#called(() => this.#reader.isReadyForCheckpoint?.()) !== false;
  }

  abortCheckpoint(): void {}

  snapshot(checkpointId: number): WriteInput {
    const { outputs, place } = this.#options;
    const { watermark } = outputs;
    const places = new Map(outputs.snapshot());
    const splits = this.#ended
      ? []
      : this.#called(() => this.#reader.snapshotState(checkpointId)).map((split) => this.#elementOf(split, places));
    return ({ context }) => {
      writeWatermarks(context, place, { watermark, inputs: [watermark] });
      writeOutputs(context, place, places);
      writeSplits(context, splits);
    };
  }

  /** Nobody waits for a promise of the reader; what it rejects with fails the task (R3). */
  notifyCheckpointComplete(checkpointId: number): void {
    const settled = this.#called(() => this.#reader.notifyCheckpointComplete?.(checkpointId));
    const { mail, locate } = this.#options;
    Promise.resolve(settled).catch((error: unknown) =>
      mail(() => {
        throw locate(error);
      }),
    );
  }

  poll(budget: number): InputResult {
    if (this.#ended) return INPUT_ENDED;
    const { flow, outputs } = this.#options;
    this.polled = 0;
    if (!this.#available || this.#alignment?.check() === true) return INPUT_EMPTY;
    for (let polls = 0; polls < POLLS_MAX && flow.blocked === 0 && this.polled < budget; polls++) {
      const status = this.#pollReader(outputs);
      if (status === 'END_OF_INPUT') {
        this.#ended = true;
        this.#alignment?.ended();
        return INPUT_ENDED;
      }
      if (this.#alignment?.check() === true) return INPUT_EMPTY;
      if (status === 'NOTHING_AVAILABLE') return this.#await();
    }
    return INPUT_MORE;
  }

  elapse(elapsedMs: number, unread: boolean): number {
    return (this.#alignment ?? this.#options.outputs).elapse(elapsedMs, unread);
  }

  splitFigures(): readonly SplitFigures[] {
    return this.#options.outputs.splitFigures();
  }

  handleEvent(event: ReaderEvent): void {
    if (event.type === 'watermark-alignment') return this.#alignment?.announced(event.maxWatermark);
    this.#available = true;
    this.#called(() => {
      if (event.type === 'no-more-splits') this.#reader.notifyNoMoreSplits();
      else if (event.type === 'source-event') this.#reader.handleSourceEvent?.(event.event);
      else if (event.type === 'add-splits') {
        const serializer = this.#options.source.splitSerializer();
        this.#reader.addSplits(event.splits.map((split) => serializer.deserialize(split, event.version)));
      }
    });
  }

  close(): MaybePromise<void> {
    this.#alignment?.close();
    return this.#reader.close();
  }

  /** Takes the split's own output out of `places`. */
  #elementOf(split: unknown, places: Map<string, OutputState>): SplitElement {
    const serializer = this.#options.source.splitSerializer();
    const splitId = splitIdOf(split, places);
    const output = splitId === undefined ? undefined : places.get(splitId);
    if (splitId !== undefined) places.delete(splitId);
    return { version: serializer.version, split: this.#called(() => serializer.serialize(split)), splitId, output };
  }

  #pollReader(outputs: SourceWatermarks): InputStatus {
    try {
      return this.#reader.pollNext(outputs.main);
    } catch (error) {
      throw this.#options.locate(error);
    } finally {
      this.polled += outputs.takeRecords();
    }
  }

  #await(): InputResult {
    this.#available = false;
    const { mail, locate } = this.#options;
    this.#called(() => this.#reader.isAvailable()).then(
      () =>
        mail(() => {
          this.#available = true;
        }),
      (error: unknown) =>
        mail(() => {
          throw locate(error);
        }),
    );
    return INPUT_EMPTY;
  }

  #called<R>(action: () => R): R {
    try {
      return action();
    } catch (error) {
      throw this.#options.locate(error);
    }
  }
}

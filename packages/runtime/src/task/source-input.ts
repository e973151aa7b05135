/**
 * The input of a source task: the reader of its source, fed with splits by the enumerator and asked for records by the task.
 *
 * Owns the reader and its outputs. Called by the task in its thread.
 *
 * R1 the reader is asked for records only while nothing is blocked; after NOTHING_AVAILABLE only when its promise has settled or an event came for it.
 * R2 what a reader throws or rejects with fails the task under the source's name.
 */
import type { Clock } from '@millrace/core/base/clock';
import type { MaybePromise } from '@millrace/streaming/contract/emittable';
import type { RuntimeContext } from '@millrace/streaming/contract/functions';
import type { InputStatus, Source, SourceReader, SourceReaderMetrics } from '@millrace/streaming/contract/source';
import type { EnumeratorEvent, ReaderEvent } from '../protocol/slot-messages.ts';
import type { Flow } from './flow.ts';
import type { SourceWatermarks } from './source-watermarks.ts';
import { INPUT_EMPTY, INPUT_ENDED, INPUT_MORE, type InputResult, type TaskInput } from './task-input.ts';

/** Batches of a reader in one turn, when they are small. */
const POLLS_MAX = 64;

interface SourceInputOptions {
  readonly source: Source<unknown>;
  readonly runtime: RuntimeContext;
  readonly clock: Clock;
  readonly flow: Flow;
  readonly outputs: SourceWatermarks;
  /** Between two elements, in the task's thread. */
  readonly mail: (action: () => void) => void;
  send(event: EnumeratorEvent): void;
  readonly locate: (error: unknown) => Error;
}

export class SourceInput implements TaskInput {
  readonly #options: SourceInputOptions;
  readonly #reader: SourceReader<unknown, unknown>;
  readonly #metrics: SourceReaderMetrics = { numRecordsInErrors: 0 };
  #available = true;
  #ended = false;
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
  }

  get numRecordsInErrors(): number {
    return this.#metrics.numRecordsInErrors;
  }

  get watermark(): number {
    return this.#options.outputs.watermark;
  }

  /** The reader is known to the enumerator before it may ask for a split. */
  start(): MaybePromise<void> {
    this.#options.send({ type: 'register-reader' });
    return this.#called(() => this.#reader.start());
  }

  poll(budget: number): InputResult {
    if (this.#ended) return INPUT_ENDED;
    const { flow, outputs } = this.#options;
    this.polled = 0;
    if (!this.#available) return INPUT_EMPTY;
    for (let polls = 0; polls < POLLS_MAX && flow.blocked === 0 && this.polled < budget; polls++) {
      const status = this.#pollReader(outputs);
      if (status === 'END_OF_INPUT') {
        this.#ended = true;
        return INPUT_ENDED;
      }
      if (status === 'NOTHING_AVAILABLE') return this.#await();
    }
    return INPUT_MORE;
  }

  elapse(elapsedMs: number, unread: boolean): number {
    return this.#options.outputs.elapse(elapsedMs, unread);
  }

  handleEvent(event: ReaderEvent): void {
    this.#available = true;
    this.#called(() => {
      if (event.type === 'no-more-splits') this.#reader.notifyNoMoreSplits();
      else if (event.type === 'source-event') this.#reader.handleSourceEvent?.(event.event);
      else {
        const serializer = this.#options.source.splitSerializer();
        this.#reader.addSplits(event.splits.map((split) => serializer.deserialize(split, event.version)));
      }
    });
  }

  close(): MaybePromise<void> {
    return this.#reader.close();
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

/**
 * Runs the split enumerator of one source: gives it its context, hands it what readers say, and sends what it assigns. Flink: SourceCoordinator.
 *
 * It runs user code, so it lives in the coordinator isolate of its job, never in a JobManager's thread (architecture D14).
 *
 * S1 the enumerator is called by one thread, one call at a time, and not before `start` has settled: what comes earlier waits in order.
 * S2 whatever it throws, or a promise of it rejects with, fails the job with the name of the source; it is not called again.
 * S3 a subtask gets splits only once its reader has registered.
 * S4 a snapshot is the enumerator's state as of the call: while a promise of it is open the enumerator is not called, and what it sends goes out after the snapshot.
 * S5 splits that a subtask had and lost are given back before its reader registers again.
 */
import type { Cancellation, Clock } from '@millrace/core/base/clock';
import { MillraceError, UsageError } from '@millrace/core/base/errors';
import { Duration, type DurationLike } from '@millrace/core/config/duration';
import type { ReaderInfo, Source, SplitEnumerator, SplitEnumeratorContext } from '@millrace/streaming/contract/source';
import type { WatermarkStrategy } from '@millrace/streaming/contract/watermark-strategy';
import type { CoordinatorState } from '../checkpoint/checkpoint-metadata.ts';
import type { EnumeratorEvent, ReaderEvent } from '../protocol/slot-messages.ts';
import { SplitAssignments } from './split-assignments.ts';
import type { AlignmentMember, WatermarkAlignment } from './watermark-alignment.ts';

export interface SourceCoordinatorOptions {
  readonly operatorName: string;
  readonly uid: string | undefined;
  readonly source: Source<unknown>;
  readonly parallelism: number;
  readonly clock: Clock;
  /** What the enumerator begins with; it is created anew without. */
  readonly restored?: CoordinatorState | undefined;
  /** Splits can be given back only where somebody remembers them; a job that is never restarted needs nobody. */
  readonly remembersAssignments?: boolean;
  /** Of the source, and of its job. */
  readonly strategy?: WatermarkStrategy<unknown>;
  readonly alignment?: WatermarkAlignment;
  send(subtask: number, event: ReaderEvent): void;
  snapshotTaken?(checkpointId: number, state: CoordinatorState): void;
  /** Before anything is sent to the reader that comes next (S5). */
  subtaskReset?(subtask: number): void;
  backlog?(isProcessingBacklog: boolean): void;
  /** Called once (S2). */
  fail(error: unknown): void;
}

/** `busy`: a promise of `start` or of a snapshot is open; calls wait. */
type State = 'busy' | 'running' | 'ended';

export class SourceCoordinator {
  readonly #options: SourceCoordinatorOptions;
  readonly #readers = new Map<number, ReaderInfo<unknown>>();
  readonly #early: (() => void)[] = [];
  readonly #assignments: SplitAssignments | undefined;
  readonly #timers = new Set<Cancellation>();
  #enumerator: SplitEnumerator<unknown, unknown> | undefined;
  readonly #aligned: AlignmentMember | undefined;
  #state: State = 'busy';
  /** What is sent while a snapshot is open (S4). */
  #held: (() => void)[] | undefined;

  constructor(options: SourceCoordinatorOptions) {
    this.#options = options;
    this.#assignments = options.remembersAssignments === true ? new SplitAssignments() : undefined;
    const settings = options.strategy?.describe().alignment;
    const announce = (maxWatermark: number, subtask: number | undefined) => this.#announce(maxWatermark, subtask);
    this.#aligned = settings === undefined ? undefined : options.alignment?.join({ settings, announce });
  }

  start(): void {
    const { source, restored } = this.#options;
    this.#guard(restored === undefined ? 'createEnumerator' : 'restoreEnumerator', () => {
      const context = this.#context();
      this.#enumerator =
        restored === undefined
          ? source.createEnumerator(context)
          : source.restoreEnumerator(context, source.enumeratorStateSerializer().deserialize(restored.bytes, restored.version));
    });
    this.#guard(
      'start',
      () => this.#enumerator?.start(),
      () => this.#goOn(),
    );
  }

  handleEvent(subtask: number, event: EnumeratorEvent): void {
    this.#whenIdle(() => this.#handle(subtask, event));
  }

  snapshot(checkpointId: number): void {
    this.#whenIdle(() => this.#snapshot(checkpointId));
  }

  notifyCheckpoint(checkpointId: number, outcome: 'complete' | 'aborted'): void {
    this.#whenIdle(() => {
      if (outcome === 'complete') this.#assignments?.completed(checkpointId);
      const call = outcome === 'complete' ? 'notifyCheckpointComplete' : 'notifyCheckpointAborted';
      this.#guard(call, () => this.#enumerator?.[call]?.(checkpointId));
    });
  }

  /** The reader of this subtask begins again from the checkpoint, or from nothing (S5). */
  resetSubtask(subtask: number, checkpointId: number | undefined): void {
    this.#whenIdle(() => {
      this.#readers.delete(subtask);
      this.#aligned?.forget(subtask);
      this.#options.subtaskReset?.(subtask);
      const splits = this.#assignments?.takeBack(subtask, checkpointId) ?? [];
      if (splits.length > 0) this.#guard('addSplitsBack', () => this.#enumerator?.addSplitsBack(splits, subtask));
    });
  }

  close(): void {
    const wasAlive = this.#state !== 'ended';
    this.#state = 'ended';
    for (const timer of this.#timers) timer.cancel();
    if (wasAlive) this.#aligned?.close();
    const enumerator = this.#enumerator;
    if (!wasAlive || enumerator === undefined) return;
    // The job is over: nothing is left that an error of its clean-up could fail.
    try {
      Promise.resolve(enumerator.close()).catch(() => {});
    } catch {}
  }

  #whenIdle(action: () => void): void {
    if (this.#state === 'busy') this.#early.push(action);
    else action();
  }

  /** One of them may make the enumerator busy again: the rest waits on. */
  #goOn(): void {
    this.#state = 'running';
    while (this.#isRunning()) {
      const action = this.#early.shift();
      if (action === undefined) return;
      action();
    }
  }

  #isRunning(): boolean {
    return this.#state === 'running';
  }

  #snapshot(checkpointId: number): void {
    this.#state = this.#state === 'ended' ? 'ended' : 'busy';
    this.#held = [];
    this.#assignments?.snapshot(checkpointId);
    let taken: unknown;
    this.#guard(
      'snapshotState',
      () => {
        const result: unknown = this.#enumerator?.snapshotState(checkpointId);
        if (!isPromise(result)) {
          taken = result;
          return undefined;
        }
        return result.then((state) => {
          taken = state;
        });
      },
      () =>
        this.#guard(
          'enumeratorStateSerializer',
          () => this.#taken(checkpointId, taken),
          () => this.#goOn(),
        ),
    );
  }

  #taken(checkpointId: number, state: unknown): void {
    const serializer = this.#options.source.enumeratorStateSerializer();
    // A copy: what a serializer gives may be a view of a larger buffer, or be used again.
    const bytes = Uint8Array.from(serializer.serialize(state));
    this.#options.snapshotTaken?.(checkpointId, { version: serializer.version, bytes });
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const send of held) send();
  }

  #handle(subtask: number, event: EnumeratorEvent): void {
    switch (event.type) {
      case 'register-reader':
        return this.#guard('addReader', () => {
          this.#readers.set(subtask, { location: `subtask ${subtask}`, reportedSplits: this.#reported(event.splits) });
          this.#aligned?.registered(subtask);
          return this.#enumerator?.addReader(subtask);
        });
      case 'request-split':
        return this.#guard('handleSplitRequest', () => this.#enumerator?.handleSplitRequest(subtask));
      case 'report-watermark':
        return this.#aligned?.report(subtask, event.watermark, event.urgent);
      case 'source-event':
        return this.#guard('handleSourceEvent', () => this.#sourceEvent(subtask, event.event));
    }
  }

  #reported(splits: Extract<EnumeratorEvent, { type: 'register-reader' }>['splits']): readonly unknown[] {
    if (splits === undefined) return [];
    const serializer = this.#options.source.splitSerializer();
    return splits.splits.map((split) => serializer.deserialize(split, splits.version));
  }

  #announce(maxWatermark: number, subtask: number | undefined): void {
    if (this.#state === 'ended') return;
    const event = { type: 'watermark-alignment', maxWatermark } as const;
    for (const reader of subtask === undefined ? this.#readers.keys() : [subtask]) this.#options.send(reader, event);
  }

  #sourceEvent(subtask: number, event: unknown): void {
    if (this.#enumerator?.handleSourceEvent === undefined) {
      throw new UsageError('its reader sent an event, but its enumerator has no handleSourceEvent. Add the method, or do not send events.');
    }
    this.#enumerator.handleSourceEvent(subtask, event);
  }

  /** Calls the enumerator; failure ends everything (S2). */
  #guard(call: string, action: () => unknown, then?: () => void): void {
    if (this.#state === 'ended') return;
    try {
      const result = action();
      if (isPromise(result)) {
        result.then(
          () => (this.#state === 'ended' ? undefined : then?.()),
          (error: unknown) => this.#failed(call, error),
        );
      } else then?.();
    } catch (error) {
      this.#failed(call, error);
    }
  }

  #failed(call: string, error: unknown): void {
    if (this.#state === 'ended') return;
    this.close();
    const { operatorName, uid } = this.#options;
    const text = error instanceof Error ? error.message : String(error);
    const named = uid === undefined ? `'${operatorName}'` : `'${operatorName}' (uid ${uid})`;
    this.#options.fail(
      new MillraceError('user-code', `The split enumerator of ${named} failed in ${call}: ${text}`, {
        cause: error,
        reason: 'enumerator',
      }),
    );
  }

  #context(): SplitEnumeratorContext<unknown> {
    return {
      currentParallelism: () => this.#options.parallelism,
      registeredReaders: () => this.#readers,
      assignSplit: (split, subtask) => this.#assign(split, subtask),
      signalNoMoreSplits: (subtask) => this.#send('signalNoMoreSplits', subtask, { type: 'no-more-splits' }),
      sendEventToSourceReader: (subtask, event) => this.#send('sendEventToSourceReader', subtask, { type: 'source-event', event }),
      callAsync: (work, handle, period) => this.#callAsync(work, handle, period),
      setIsProcessingBacklog: (isProcessingBacklog) => this.#backlog(isProcessingBacklog),
    };
  }

  #backlog(isProcessingBacklog: boolean): void {
    if (this.#state !== 'ended') this.#options.backlog?.(isProcessingBacklog);
  }

  #assign(split: unknown, subtask: number): void {
    const serializer = this.#options.source.splitSerializer();
    this.#send('assignSplit', subtask, { type: 'add-splits', version: serializer.version, splits: [serializer.serialize(split)] });
    this.#assignments?.assigned(subtask, split);
  }

  #send(call: string, subtask: number, event: ReaderEvent): void {
    if (this.#state === 'ended') return;
    if (!this.#readers.has(subtask)) {
      const known = [...this.#readers.keys()].join(', ') || 'none';
      throw new UsageError(`${call} for subtask ${subtask}, whose reader has not registered; registered: ${known}. Wait for addReader.`);
    }
    const send = () => this.#options.send(subtask, event);
    if (this.#held === undefined) send();
    else this.#held.push(send);
  }

  /** `handle` runs in the coordinator's turn like every other call. With a period the next round begins after the last has been handled. */
  #callAsync<V>(
    work: () => Promise<V>,
    handle: (outcome: { readonly value: V } | { readonly error: unknown }) => void,
    period: DurationLike | undefined,
  ): void {
    if (this.#state === 'ended') return;
    const handled = (outcome: { readonly value: V } | { readonly error: unknown }): void => {
      if (this.#state === 'busy') return void this.#early.push(() => handled(outcome));
      this.#guard('callAsync', () => handle(outcome));
      if (period !== undefined) this.#later(Duration.from(period).toMillis(), () => this.#callAsync(work, handle, period));
    };
    // `work` itself may throw before it gives a promise.
    Promise.resolve()
      .then(work)
      .then(
        (value) => handled({ value }),
        (error: unknown) => handled({ error }),
      );
  }

  #later(delayMs: number, action: () => void): void {
    if (this.#state === 'ended') return;
    const timer = this.#options.clock.schedule(delayMs, () => {
      this.#timers.delete(timer);
      action();
    });
    this.#timers.add(timer);
  }
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

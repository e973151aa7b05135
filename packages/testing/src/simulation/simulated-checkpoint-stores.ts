/** Checkpoints in memory that outlive the jobs of a simulation: every answer comes in a turn of its own, and may be a failure. */
import type { StoredCheckpoint } from '@millrace/runtime/checkpoint/checkpoint-directory';
import type {
  CheckpointStore,
  CheckpointStoreProvider,
  CheckpointStoreRequest,
  OpenedCheckpointStore,
  StoreOutcome,
} from '@millrace/runtime/coordinator/checkpoints/checkpoint-store';
import type { FailureDescription } from '@millrace/runtime/protocol/execution-state';
import { terminalFailure } from '@millrace/runtime/protocol/failure-description';

export class SimulatedCheckpointStores implements CheckpointStoreProvider {
  /** Complete ones, by path. */
  readonly stored = new Map<string, StoredCheckpoint>();
  /** Ids of those that were given up, in order. */
  readonly discarded: number[] = [];
  numOpen = 0;
  /** What the next `begin` or `complete` fails with. */
  failNext: { readonly call: 'begin' | 'complete'; readonly failure: FailureDescription } | undefined;
  /** While set, `complete` does not answer, nor does `close`, which comes behind it. */
  #held: (() => void)[] | undefined;
  #heldOpen: (() => void)[] | undefined;
  readonly #later: (action: () => void) => void;

  constructor(later: (action: () => void) => void) {
    this.#later = later;
  }

  /** As a disk that hangs; calling the result lets the answers go. */
  holdWrites(): () => void {
    const held: (() => void)[] = [];
    this.#held = held;
    return () => {
      this.#held = undefined;
      for (const answer of held) this.#later(answer);
    };
  }

  /** The same of `open`. */
  holdOpen(): () => void {
    const held: (() => void)[] = [];
    this.#heldOpen = held;
    return () => {
      this.#heldOpen = undefined;
      for (const answer of held) this.#later(answer);
    };
  }

  open({ jobId, restorePath }: CheckpointStoreRequest, settle: (outcome: StoreOutcome<OpenedCheckpointStore>) => void): void {
    this.#orHold(this.#heldOpen, () => {
      const owned = [...this.stored.values()].filter(({ base }) => base === `/${jobId}`);
      const restored = restorePath === undefined ? undefined : this.stored.get(restorePath);
      if (restorePath !== undefined && restored === undefined)
        return settle({ ok: false, failure: terminalFailure('checkpoint-missing', `'${restorePath}' is no checkpoint.`) });
      const ids = [...owned, ...(restored === undefined ? [] : [restored])].map(({ metadata }) => metadata.checkpointId);
      this.numOpen += 1;
      settle({ ok: true, value: { store: this.#store(jobId), owned, restored, nextCheckpointId: Math.max(0, ...ids) + 1 } });
    });
  }

  #store(jobId: string): CheckpointStore {
    const base = `/${jobId}`;
    const pathOf = (checkpointId: number) => `${base}/chk-${checkpointId}`;
    return {
      begin: (checkpointId, settle) => {
        const failed = this.#failureOf('begin');
        const value = { kind: 'directory', base, exclusive: pathOf(checkpointId), shared: `${base}/shared`, inlineBytesMax: 1 } as const;
        this.#later(() => settle(failed ?? { ok: true, value }));
      },
      complete: (metadata, settle) => {
        const failed = this.#failureOf('complete');
        const stored = { metadata, base, path: pathOf(metadata.checkpointId) };
        const answer = () => {
          if (failed === undefined) this.stored.set(stored.path, stored);
          settle(failed ?? { ok: true, value: stored });
        };
        this.#orHold(this.#held, answer);
      },
      remove: ({ path }) => void this.stored.delete(path),
      discard: (checkpointId) => void this.discarded.push(checkpointId),
      close: (settle) => {
        this.#orHold(this.#held, () => {
          this.numOpen -= 1;
          settle();
        });
      },
    };
  }

  #orHold(held: (() => void)[] | undefined, answer: () => void): void {
    if (held === undefined) this.#later(answer);
    else held.push(answer);
  }

  #failureOf(call: 'begin' | 'complete'): { readonly ok: false; readonly failure: FailureDescription } | undefined {
    const next = this.failNext;
    if (next?.call !== call) return undefined;
    this.failNext = undefined;
    return { ok: false, failure: next.failure };
  }
}

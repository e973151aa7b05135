/** Opens, snapshots and closes the object of a user in one subtask, in the order that rich functions count on, and says which call failed. */
import { UsageError } from '@millrace/core/base/errors';
import type { MaybePromise } from '../contract/emittable.ts';
import { FailingCall } from '../contract/failing-call.ts';
import type { OperatorStateStore } from '../contract/keyed-state.ts';
import type { StreamOperator } from '../contract/operator.ts';
import { type FunctionLife, RUNTIME_CONTEXT } from '../contract/rich-function.ts';
import type { StateInitializationContext, StateSnapshotContext } from '../contract/snapshot.ts';

export class FunctionLifeCycle<C> {
  readonly #fn: FunctionLife<C>;
  readonly #runtimeContext: C;
  readonly #operatorState: () => OperatorStateStore;
  readonly #isRestored: boolean;
  #isInitialized = false;

  /** `isRestored` is for those who open without `initializeState`. */
  constructor(fn: FunctionLife<C>, runtimeContext: C, operatorState: () => OperatorStateStore, isRestored = false) {
    this.#fn = fn;
    this.#runtimeContext = runtimeContext;
    this.#operatorState = operatorState;
    this.#isRestored = isRestored;
  }

  async initializeState({ isRestored, restoredCheckpointId }: Restored): Promise<void> {
    this.#isInitialized = true;
    const fn = this.#fn;
    (fn as { [RUNTIME_CONTEXT]?: C })[RUNTIME_CONTEXT] = this.#runtimeContext;
    await named('initializeState', () =>
      fn.initializeState?.({
        isRestored: () => isRestored,
        getRestoredCheckpointId: () => restoredCheckpointId,
        getOperatorStateStore: this.#operatorState,
      }),
    );
  }

  async open(): Promise<void> {
    if (!this.#isInitialized) await this.initializeState({ isRestored: this.#isRestored, restoredCheckpointId: undefined });
    await named('open', () => this.#fn.open?.(this.#runtimeContext));
  }

  /** Synchronous: the state is frozen when this returns. */
  snapshotState({ checkpointId, checkpointTimestamp }: Pick<StateSnapshotContext, 'checkpointId' | 'checkpointTimestamp'>): void {
    const fn = this.#fn;
    if (fn.snapshotState === undefined) return;
    const context = { getCheckpointId: () => checkpointId, getCheckpointTimestamp: () => checkpointTimestamp };
    try {
      const result: unknown = fn.snapshotState(context);
      if (typeof (result as { then?: unknown } | undefined)?.then === 'function') throw asynchronous();
    } catch (error) {
      throw FailingCall.of('snapshotState', error);
    }
  }

  async notifyCheckpointComplete(checkpointId: number): Promise<void> {
    await named('notifyCheckpointComplete', () => this.#fn.notifyCheckpointComplete?.(checkpointId));
  }

  async notifyCheckpointAborted(checkpointId: number): Promise<void> {
    await named('notifyCheckpointAborted', () => this.#fn.notifyCheckpointAborted?.(checkpointId));
  }

  async close(): Promise<void> {
    await named('close', () => this.#fn.close?.());
  }
}

type Restored = Pick<StateInitializationContext, 'isRestored' | 'restoredCheckpointId'>;

/** What an operator calls of the life of a function that it runs. */
export type FunctionCalls = Pick<
  FunctionLifeCycle<unknown>,
  'initializeState' | 'open' | 'snapshotState' | 'notifyCheckpointComplete' | 'notifyCheckpointAborted' | 'close'
>;

/** An operator that runs a function, and passes on to it what the task says of its life. */
export abstract class FunctionOperator implements StreamOperator {
  readonly #function: FunctionCalls | undefined;

  constructor(life: FunctionCalls | undefined) {
    this.#function = life;
  }

  initializeState(context: StateInitializationContext): MaybePromise<void> {
    return this.#function?.initializeState(context);
  }

  open(): MaybePromise<void> {
    return this.#function?.open();
  }

  snapshotState(context: StateSnapshotContext): MaybePromise<void> {
    this.#function?.snapshotState(context);
  }

  notifyCheckpointComplete(checkpointId: number): MaybePromise<void> {
    return this.#function?.notifyCheckpointComplete(checkpointId);
  }

  notifyCheckpointAborted(checkpointId: number): MaybePromise<void> {
    return this.#function?.notifyCheckpointAborted(checkpointId);
  }

  close(): MaybePromise<void> {
    return this.#function?.close();
  }
}

async function named(call: string, action: () => unknown): Promise<void> {
  try {
    await action();
  } catch (error) {
    throw FailingCall.of(call, error);
  }
}

function asynchronous(): UsageError {
  return new UsageError(
    'snapshotState returned a promise. It must be synchronous: the state is frozen when it returns. Bring operator state up to date there, and wait elsewhere.',
  );
}

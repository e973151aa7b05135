/** Opens and closes the object of a user in one subtask, in the order that rich functions count on, and says which call failed. */
import { FailingCall } from '../contract/failing-call.ts';
import type { OperatorStateStore } from '../contract/keyed-state.ts';
import { type FunctionLife, RUNTIME_CONTEXT } from '../contract/rich-function.ts';

export class FunctionLifeCycle<C> {
  readonly #fn: FunctionLife<C>;
  readonly #runtimeContext: C;
  readonly #operatorState: () => OperatorStateStore;
  readonly #isRestored: boolean;

  constructor(fn: FunctionLife<C>, runtimeContext: C, operatorState: () => OperatorStateStore, isRestored = false) {
    this.#fn = fn;
    this.#runtimeContext = runtimeContext;
    this.#operatorState = operatorState;
    this.#isRestored = isRestored;
  }

  async open(): Promise<void> {
    const fn = this.#fn;
    (fn as { [RUNTIME_CONTEXT]?: C })[RUNTIME_CONTEXT] = this.#runtimeContext;
    await named('initializeState', () =>
      fn.initializeState?.({
        isRestored: () => this.#isRestored,
        getRestoredCheckpointId: () => undefined,
        getOperatorStateStore: this.#operatorState,
      }),
    );
    await named('open', () => fn.open?.(this.#runtimeContext));
  }

  async close(): Promise<void> {
    await named('close', () => this.#fn.close?.());
  }
}

async function named(call: string, action: () => unknown): Promise<void> {
  try {
    await action();
  } catch (error) {
    throw FailingCall.of(call, error);
  }
}

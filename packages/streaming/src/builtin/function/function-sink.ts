import { FailingCall } from '../../contract/failing-call.ts';
import type { MaybePromise } from '../../contract/emittable.ts';
import type { RuntimeContext } from '../../contract/functions.ts';
import type { SinkContext, StatefulSinkWriter, SupportsWriterState, WriterInitContext } from '../../contract/sink.ts';
import type { SinkFunctionLife } from '../../contract/sink-function.ts';
import { FunctionLifeCycle } from '../../operators/function-life.ts';
import { FunctionState, type SavedList, savedListSerializer } from './function-state.ts';

export interface FunctionSinkOptions<T, C> {
  /** One object for each call, or the same: whoever calls sees to it that subtasks do not share it. */
  readonly create: () => SinkFunctionLife<T, C>;
  readonly runtimeContext: (subtask: RuntimeContext) => C;
}

/** A sink function as a Sink V2: a writer that calls it. Its list state is the writer's, element by element, so that subtasks share it out when there are more or fewer. */
export class FunctionSink<in T, C> implements SupportsWriterState<T, SavedList> {
  readonly #options: FunctionSinkOptions<T, C>;

  constructor(options: FunctionSinkOptions<T, C>) {
    this.#options = options;
  }

  createWriter(context: WriterInitContext): Promise<StatefulSinkWriter<T, SavedList>> {
    return this.restoreWriter(context, []);
  }

  restoreWriter(context: WriterInitContext, states: readonly SavedList[]): Promise<StatefulSinkWriter<T, SavedList>> {
    const { create, runtimeContext } = this.#options;
    const fn = create(); // before anything is awaited: who counts objects looks on during this call
    return openWriter(fn, runtimeContext(context.getRuntimeContext()), { states, restoredCheckpointId: context.getRestoredCheckpointId() });
  }

  writerStateSerializer() {
    return savedListSerializer();
  }
}

interface Restored {
  readonly states: readonly SavedList[];
  /** Undefined where the job begins without a checkpoint; a subtask may have no states though it begins with one. */
  readonly restoredCheckpointId: number | undefined;
}

async function openWriter<T, C>(fn: SinkFunctionLife<T, C>, runtimeContext: C, { states, restoredCheckpointId }: Restored) {
  const state = new FunctionState(states);
  const life = new FunctionLifeCycle<C>(fn, runtimeContext, () => state);
  try {
    await life.initializeState({ isRestored: restoredCheckpointId !== undefined, restoredCheckpointId });
    await life.open();
  } catch (error) {
    await life.close().catch(() => {}); // the first failure is the one that counts
    throw error;
  }
  return new FunctionWriter<T, C>(fn, life, state);
}

class FunctionWriter<T, C> implements StatefulSinkWriter<T, SavedList> {
  readonly #fn: SinkFunctionLife<T, C>;
  readonly #life: FunctionLifeCycle<C>;
  readonly #state: FunctionState;

  constructor(fn: SinkFunctionLife<T, C>, life: FunctionLifeCycle<C>, state: FunctionState) {
    this.#fn = fn;
    this.#life = life;
    this.#state = state;
  }

  write(element: T, context: SinkContext): MaybePromise<void> {
    return this.#fn.invoke(element, context);
  }

  writeWatermark(timestamp: number): MaybePromise<void> {
    return this.#fn.writeWatermark?.(timestamp);
  }

  async flush(endOfInput: boolean): Promise<void> {
    if (!endOfInput) return;
    try {
      await this.#fn.finish?.();
    } catch (error) {
      throw FailingCall.of('finish', error);
    }
  }

  snapshotState(checkpointId: number, checkpointTimestamp: number): readonly SavedList[] {
    this.#life.snapshotState({ checkpointId, checkpointTimestamp });
    return this.#state.save().flatMap(({ name, elements }) => elements.map((element) => ({ name, elements: [element] })));
  }

  notifyCheckpointComplete(checkpointId: number): MaybePromise<void> {
    if (this.#fn.notifyCheckpointComplete !== undefined) return this.#life.notifyCheckpointComplete(checkpointId);
  }

  notifyCheckpointAborted(checkpointId: number): MaybePromise<void> {
    if (this.#fn.notifyCheckpointAborted !== undefined) return this.#life.notifyCheckpointAborted(checkpointId);
  }

  close(): Promise<void> {
    return this.#life.close();
  }
}

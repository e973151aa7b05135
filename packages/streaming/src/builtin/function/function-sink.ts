import { FailingCall } from '../../contract/failing-call.ts';
import type { MaybePromise } from '../../contract/emittable.ts';
import type { RuntimeContext } from '../../contract/functions.ts';
import type { Sink, SinkContext, SinkWriter, WriterInitContext } from '../../contract/sink.ts';
import type { SinkFunctionLife } from '../../contract/sink-function.ts';
import { FunctionLifeCycle } from '../../operators/function-life.ts';
import { FunctionState } from './function-state.ts';

export interface FunctionSinkOptions<T, C> {
  /** One object for each call, or the same: whoever calls sees to it that subtasks do not share it. */
  readonly create: () => SinkFunctionLife<T, C>;
  readonly runtimeContext: (subtask: RuntimeContext) => C;
}

/** A sink function as a Sink V2: a writer that calls it. */
export class FunctionSink<in T, C> implements Sink<T> {
  readonly #options: FunctionSinkOptions<T, C>;

  constructor(options: FunctionSinkOptions<T, C>) {
    this.#options = options;
  }

  createWriter(context: WriterInitContext): Promise<SinkWriter<T>> {
    const { create, runtimeContext } = this.#options;
    const fn = create(); // before anything is awaited: who counts objects looks on during this call
    return openWriter(fn, runtimeContext(context.getRuntimeContext()));
  }
}

async function openWriter<T, C>(fn: SinkFunctionLife<T, C>, runtimeContext: C): Promise<SinkWriter<T>> {
  const state = new FunctionState([]);
  const life = new FunctionLifeCycle<C>(fn, runtimeContext, () => state);
  try {
    await life.open();
  } catch (error) {
    await life.close().catch(() => {}); // the first failure is the one that counts
    throw error;
  }
  return new FunctionWriter<T, C>(fn, life);
}

class FunctionWriter<T, C> implements SinkWriter<T> {
  readonly #fn: SinkFunctionLife<T, C>;
  readonly #life: FunctionLifeCycle<C>;

  constructor(fn: SinkFunctionLife<T, C>, life: FunctionLifeCycle<C>) {
    this.#fn = fn;
    this.#life = life;
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

  close(): Promise<void> {
    return this.#life.close();
  }
}

import { Types } from '@millrace/core/types/types';
import type { RuntimeContext } from '../../contract/functions.ts';
import type { Boundedness, Source, SourceReader, SourceReaderContext, SplitEnumeratorContext } from '../../contract/source.ts';
import type { SourceFunctionLife } from '../../contract/source-function.ts';
import { FunctionSourceReader } from './function-source-reader.ts';
import { RunEnumerator, type RunEnumeratorState } from './run-enumerator.ts';
import { runSerializer, type SourceRun } from './source-run.ts';

export interface FunctionSourceOptions<T, C> {
  /** One object for each call, or the same: whoever calls sees to it that subtasks do not share it. */
  readonly create: () => SourceFunctionLife<T, C>;
  readonly runtimeContext: (subtask: RuntimeContext) => C;
  /** True where the function's state says from where it goes on. */
  readonly isReplayable?: boolean;
}

/** A source function as a split source: each subtask has one split, the call of `run`. */
export class FunctionSource<out T, C> implements Source<T, SourceRun, RunEnumeratorState> {
  readonly isReplayable: boolean;
  readonly #create: () => SourceFunctionLife<T, C>;
  readonly #runtimeContext: (subtask: RuntimeContext) => C;

  constructor(options: FunctionSourceOptions<T, C>) {
    this.isReplayable = options.isReplayable ?? false;
    this.#create = options.create;
    this.#runtimeContext = options.runtimeContext;
  }

  /** Nobody knows whether `run` returns. */
  getBoundedness(): Boundedness {
    return 'CONTINUOUS_UNBOUNDED';
  }

  createReader(context: SourceReaderContext): SourceReader<T, SourceRun> {
    return new FunctionSourceReader<T, C>(context, this.#create(), this.#runtimeContext(context.getRuntimeContext()));
  }

  createEnumerator(context: SplitEnumeratorContext<SourceRun>) {
    return new RunEnumerator(context, undefined);
  }

  restoreEnumerator(context: SplitEnumeratorContext<SourceRun>, state: RunEnumeratorState) {
    return new RunEnumerator(context, state);
  }

  splitSerializer() {
    return runSerializer();
  }

  enumeratorStateSerializer() {
    return Types.shape<RunEnumeratorState>().createSerializer();
  }
}

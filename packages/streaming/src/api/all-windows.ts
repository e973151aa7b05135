import { UsageError } from '@millrace/core/base/errors';
import type { TransformationId } from '../graph/transformation.ts';
import type { GlobalWindow } from '../window/global-window.ts';
import { GlobalWindows } from '../window/global-windows.ts';
import type { Window } from '../window/window.ts';
import { WindowAssigner } from '../window/window-assigner.ts';
import type { AllWindowedStream } from './all-windowed-stream.ts';
import { countWindow } from './count-window.ts';
import type { DataStream } from './data-stream.ts';
import { show } from './function-checks.ts';
import type { KeyOf, StreamScope } from './stream-scope.ts';

/** One key for all records, so that their windows have state and timers as those of a key. */
const ONE_KEY: KeyOf<unknown, unknown> = { selector: () => 0, type: undefined };

/** The windows of a stream without a key. */
export function allWindows<T, W extends Window>(
  scope: StreamScope,
  input: TransformationId,
  assigner: WindowAssigner<T, W>,
): AllWindowedStream<T, W> {
  if (!(assigner instanceof WindowAssigner)) {
    throw new UsageError(`windowAll got ${show(assigner)}. Give it a window assigner, for example TumblingEventTimeWindows.of('1 min').`);
  }
  const id = scope.program.add({ kind: 'partition', input, partitioner: 'global' });
  return scope.streams.allWindowed<T, W>({ scope, id, key: ONE_KEY }, assigner);
}

export function allCountWindows<T>(stream: DataStream<T>, size: number, slide: number | undefined): AllWindowedStream<T, GlobalWindow> {
  return countWindow(stream.windowAll<GlobalWindow>(GlobalWindows.create()), 'countWindowAll', size, slide);
}

/** Flink's functions of windows: all that a window holds, with its context and a collector; state of the key in the window and in all windows. */
import type { Collector, Nothing } from '../contract/emittable.ts';
import type { ProcessWindowContext } from '../window/process-window-context.ts';
import type { Window } from '../window/window.ts';
import { RichFunction, type RichFunctionLike } from './rich-functions.ts';

export interface ProcessWindowFunctionLike<in I, out O, in K, in W extends Window> extends RichFunctionLike {
  readonly process: (key: K, context: ProcessWindowContext<W>, elements: Iterable<I>, out: Collector<O>) => Nothing;
  /** The window goes: the place to clear what `process` put into `windowState`. */
  readonly clear?: (context: ProcessWindowContext<W>) => Nothing;
}

/**
 * ```ts
 * class Visits extends ProcessWindowFunction<number, Visit, string, TimeWindow> {
 *   override process(user: string, context: ProcessWindowContext<TimeWindow>, [pages = 0]: Iterable<number>, out: Collector<Visit>) {
 *     out.collect({ user, hour: context.window().start, pages });
 *   }
 * }
 * byUser.window(TumblingEventTimeWindows.of('1 h')).aggregate(countPages, new Visits());
 * ```
 */
export abstract class ProcessWindowFunction<I, O, K, W extends Window> extends RichFunction {
  abstract process(key: K, context: ProcessWindowContext<W>, elements: Iterable<I>, out: Collector<O>): Nothing;
  clear(_context: ProcessWindowContext<W>): Nothing {}
}

export interface ProcessAllWindowFunctionLike<in I, out O, in W extends Window> extends RichFunctionLike {
  readonly process: (context: ProcessWindowContext<W>, elements: Iterable<I>, out: Collector<O>) => Nothing;
  readonly clear?: (context: ProcessWindowContext<W>) => Nothing;
}

export abstract class ProcessAllWindowFunction<I, O, W extends Window> extends RichFunction {
  abstract process(context: ProcessWindowContext<W>, elements: Iterable<I>, out: Collector<O>): Nothing;
  clear(_context: ProcessWindowContext<W>): Nothing {}
}

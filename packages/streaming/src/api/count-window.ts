import { CountEvictor } from '../window/count-evictor.ts';
import { checkCount, CountTrigger } from '../window/count-trigger.ts';
import type { Evictor } from '../window/evictor.ts';
import type { GlobalWindow } from '../window/global-window.ts';
import { PurgingTrigger } from '../window/purging-trigger.ts';
import type { Trigger } from '../window/trigger.ts';
import type { Window } from '../window/window.ts';

interface Windowed {
  trigger(trigger: Trigger<unknown, GlobalWindow>): this;
  evictor(evictor: Evictor<unknown, Window>): this;
}

/** Count windows are global windows with a trigger: purged after each firing, or, with a slide, cut to the last `size` records. */
export function countWindow<S extends Windowed>(stream: S, where: string, size: number, slide: number | undefined): S {
  checkCount(size, `${where}, for its size,`);
  if (slide === undefined) return stream.trigger(PurgingTrigger.of(CountTrigger.of(size)));
  checkCount(slide, `${where}, for its slide,`);
  return stream.evictor(CountEvictor.of(size)).trigger(CountTrigger.of(slide));
}

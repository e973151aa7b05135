/** Assigners, triggers and evictors for records, made to work on tagged records: they see what their user gave them, never a tag. */
import type { Evictor, EvictorContext, TimestampedValue } from '../window/evictor.ts';
import { MergingWindowAssigner } from '../window/merging-window-assigner.ts';
import { type OnMergeContext, Trigger, type TriggerContext } from '../window/trigger.ts';
import type { TriggerResult } from '../window/trigger-result.ts';
import { type WindowAlignment, WindowAssigner, type WindowAssignerContext } from '../window/window-assigner.ts';
import type { Window } from '../window/window.ts';
import { type Tagged, untag } from './tagged.ts';

export function untaggingAssigner<W extends Window>(assigner: WindowAssigner<unknown, W>): WindowAssigner<Tagged, W> {
  return assigner instanceof MergingWindowAssigner ? new UntaggingMergingAssigner(assigner) : new UntaggingAssigner(assigner);
}

class UntaggingAssigner<W extends Window> extends WindowAssigner<Tagged, W> {
  readonly #assigner: WindowAssigner<unknown, W>;

  constructor(assigner: WindowAssigner<unknown, W>) {
    super();
    this.#assigner = assigner;
  }

  override assignWindows(element: Tagged, timestamp: number, context: WindowAssignerContext): Iterable<W> {
    return this.#assigner.assignWindows(untag(element), timestamp, context);
  }

  override getDefaultTrigger(): Trigger<Tagged, W> {
    return untaggingTrigger(this.#assigner.getDefaultTrigger());
  }

  override isEventTime(): boolean {
    return this.#assigner.isEventTime();
  }

  override alignment(): WindowAlignment | undefined {
    return this.#assigner.alignment();
  }

  override toString(): string {
    return this.#assigner.toString();
  }
}

class UntaggingMergingAssigner<W extends Window> extends MergingWindowAssigner<Tagged, W> {
  readonly #assigner: MergingWindowAssigner<unknown, W>;

  constructor(assigner: MergingWindowAssigner<unknown, W>) {
    super();
    this.#assigner = assigner;
  }

  override assignWindows(element: Tagged, timestamp: number, context: WindowAssignerContext): Iterable<W> {
    return this.#assigner.assignWindows(untag(element), timestamp, context);
  }

  override mergeWindows(windows: Iterable<W>, merge: (merged: readonly W[], result: W) => void): void {
    this.#assigner.mergeWindows(windows, merge);
  }

  override getDefaultTrigger(): Trigger<Tagged, W> {
    return untaggingTrigger(this.#assigner.getDefaultTrigger());
  }

  override isEventTime(): boolean {
    return this.#assigner.isEventTime();
  }

  override toString(): string {
    return this.#assigner.toString();
  }
}

export function untaggingTrigger<W extends Window>(trigger: Trigger<unknown, W>): Trigger<Tagged, W> {
  return new UntaggingTrigger(trigger);
}

class UntaggingTrigger<W extends Window> extends Trigger<Tagged, W> {
  readonly #trigger: Trigger<unknown, W>;

  constructor(trigger: Trigger<unknown, W>) {
    super();
    this.#trigger = trigger;
  }

  override onElement(element: Tagged, timestamp: number, window: W, context: TriggerContext): TriggerResult {
    return this.#trigger.onElement(untag(element), timestamp, window, context);
  }

  override onEventTime(time: number, window: W, context: TriggerContext): TriggerResult {
    return this.#trigger.onEventTime(time, window, context);
  }

  override onProcessingTime(time: number, window: W, context: TriggerContext): TriggerResult {
    return this.#trigger.onProcessingTime(time, window, context);
  }

  override clear(window: W, context: TriggerContext): undefined {
    this.#trigger.clear(window, context);
  }

  override canMerge(): boolean {
    return this.#trigger.canMerge();
  }

  override onMerge(window: W, context: OnMergeContext): undefined {
    this.#trigger.onMerge(window, context);
  }

  override purges(): boolean {
    return this.#trigger.purges();
  }

  override toString(): string {
    return this.#trigger.toString();
  }
}

export function untaggingEvictor<W extends Window>(evictor: Evictor<unknown, W>): Evictor<Tagged, W> {
  const before: Evict<W> = (elements, window, context) => evictor.evictBefore?.(elements, window, context) ?? elements;
  const after: Evict<W> = (elements, window, context) => evictor.evictAfter?.(elements, window, context) ?? elements;
  return {
    ...(evictor.evictBefore === undefined
      ? {}
      : { evictBefore: (elements, window, context) => evict(before, elements, { window, context }) }),
    ...(evictor.evictAfter === undefined ? {} : { evictAfter: (elements, window, context) => evict(after, elements, { window, context }) }),
  };
}

type Evict<W extends Window> = (
  elements: readonly TimestampedValue<unknown>[],
  window: W,
  context: EvictorContext,
) => Iterable<TimestampedValue<unknown>>;

/** What stays is known by the very objects that the evictor was given. */
function evict<U extends Tagged, W extends Window>(
  rule: Evict<W>,
  elements: readonly TimestampedValue<U>[],
  { window, context }: { readonly window: W; readonly context: EvictorContext },
): TimestampedValue<U>[] {
  const tagged = new Map<TimestampedValue<unknown>, TimestampedValue<U>>();
  for (const element of elements) tagged.set({ value: untag(element.value), timestamp: element.timestamp }, element);
  return [...rule([...tagged.keys()], window, context)].map((kept) => tagged.get(kept) as TimestampedValue<U>);
}

import { UsageError } from '@millrace/core/base/errors';
import { Duration, type DurationLike } from '@millrace/core/config/duration';
import type { TypeInformation } from '@millrace/core/types/type-information';
import type { KeyContext, PlainFunction } from '../contract/operator.ts';
import { isFirst, type Tagged, tagFirst, taggedType, tagSecond } from '../operators/tagged.ts';
import { untaggingAssigner, untaggingEvictor, untaggingTrigger } from '../operators/untagging.ts';
import { windowOperator } from '../operators/window-operator.ts';
import type { FlatWindowFunction } from '../operators/window-spec.ts';
import type { Evictor } from '../window/evictor.ts';
import { Trigger } from '../window/trigger.ts';
import { WindowAssigner } from '../window/window-assigner.ts';
import type { Window } from '../window/window.ts';
import { show } from './function-checks.ts';
import type { SingleOutputStreamOperator } from './single-output-stream-operator.ts';
import type { KeyedPair, StreamPair } from './stream-scope.ts';
import type { TransformationId } from '../graph/transformation.ts';

/** What a join or coGroup is called in graphs and messages. */
type Call = 'Join' | 'CoGroup';

/**
 * The windows over two streams that `join` and `coGroup` share: both streams become one of tagged records, keyed by `where` and `equalTo`, under the windows of
 * any keyed stream.
 */
export class TwoStreamWindow<out A, out B, out W extends Window> {
  readonly #call: Call;
  readonly #pair: KeyedPair;
  readonly #assigner: WindowAssigner<unknown, never>;
  #trigger: Trigger<unknown, never> | undefined;
  #evictor: Evictor<unknown, never> | undefined;
  #allowedLatenessMs = 0;
  /** For the compiler only. */
  declare protected readonly holds: readonly [A, B, W];

  /** Internal: made by `window`. */
  constructor(call: Call, pair: KeyedPair, assigner: WindowAssigner<A | B, W>) {
    if (!(assigner instanceof WindowAssigner)) {
      throw new UsageError(`window got ${show(assigner)}. Give it a window assigner, for example TumblingEventTimeWindows.of('1 min').`);
    }
    this.#call = call;
    this.#pair = pair;
    this.#assigner = assigner as unknown as WindowAssigner<unknown, never>;
  }

  /** Decides when a window fires, in place of the assigner's own trigger. It sees the records of both streams. */
  trigger(trigger: Trigger<A | B, W>): this {
    if (!(trigger instanceof Trigger))
      throw new UsageError(`trigger got ${show(trigger)}. Give it a trigger, for example CountTrigger.of(10).`);
    this.#trigger = trigger as unknown as Trigger<unknown, never>;
    return this;
  }

  /** Takes records of both streams out of a window when it fires. */
  evictor(evictor: Evictor<A | B, W>): this {
    const methods = evictor as Partial<Evictor<A | B, W>> | undefined;
    if (typeof methods?.evictBefore !== 'function' && typeof methods?.evictAfter !== 'function') {
      throw new UsageError(`evictor got ${show(evictor)}. Give it an evictor, for example CountEvictor.of(10).`);
    }
    this.#evictor = evictor as unknown as Evictor<unknown, never>;
    return this;
  }

  /** For how long after its end, in event time, a window still takes records; each of them fires it again. 0 unless set. */
  allowedLateness(lateness: DurationLike): this {
    const millis = Duration.from(lateness).toMillis();
    if (millis < 0) throw new UsageError(`allowedLateness got ${millis} ms. Give a duration of 0 ms or more.`);
    this.#allowedLatenessMs = millis;
    return this;
  }

  protected fired<R>(windowFunction: FlatWindowFunction<unknown, never, Iterable<Tagged>, unknown>): SingleOutputStreamOperator<R> {
    const { scope, keys } = this.#pair;
    const type = taggedType(this.#typeOf(this.#pair.first), this.#typeOf(this.#pair.second));
    const [where, equalTo] = keys as unknown as readonly [KeyContext, KeyContext];
    const selector = (tagged: Tagged) => (isFirst(tagged) ? where.selector(tagged.first) : equalTo.selector(tagged.second));
    const inputs = [this.#tagged(this.#pair.first, tagFirst, type), this.#tagged(this.#pair.second, tagSecond, type)];
    const { program } = scope;
    const input = program.add({
      kind: 'partition',
      input: program.add({ kind: 'union', inputs }),
      partitioner: 'hash',
      keySelector: selector as PlainFunction,
    });
    const logic = windowOperator<Tagged, unknown, never, unknown, Iterable<Tagged>, unknown>({
      key: { selector, type: undefined },
      assigner: untaggingAssigner(this.#assigner),
      aggregation: { kind: 'elements', type },
      windowFunction,
      trigger: this.#trigger && untaggingTrigger(this.#trigger),
      evictor: this.#evictor && untaggingEvictor(this.#evictor),
      allowedLatenessMs: this.#allowedLatenessMs,
    });
    const description = this.#assigner.toString();
    return scope.streams.operator(scope, program.addOperator({ operation: this.#call, description, logic, type: undefined, input }));
  }

  /** A map in the task of the stream that it tags. */
  #tagged(input: TransformationId, tag: PlainFunction, type: TypeInformation<Tagged> | undefined): TransformationId {
    const { scope } = this.#pair;
    const stream = scope.streams.stream(scope, input);
    const id = scope.program.addOperator({ operation: 'Map', name: `Tag for ${this.#call}`, logic: { kind: 'map', fn: tag }, type, input });
    scope.program.change(id, { parallelism: stream.getParallelism() });
    return id;
  }

  #typeOf(id: TransformationId): TypeInformation<unknown> | undefined {
    return this.#pair.scope.program.typeOf(id) as TypeInformation<unknown> | undefined;
  }
}

/** Puts the keys of `where` and `equalTo` beside the streams that they are of. */
export function keyedPair(pair: StreamPair, where: unknown, equalTo: unknown): KeyedPair {
  const keys = [where, equalTo].map((selector) => ({ selector, type: undefined }));
  return { ...pair, keys: keys as unknown as KeyedPair['keys'] };
}

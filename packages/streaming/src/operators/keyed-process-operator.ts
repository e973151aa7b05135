/**
 * Runs a process function on a keyed stream: state of its keys, and timers. Flink: `KeyedProcessOperator`.
 *
 * The current key is set before each record and each timer; `open` and `close` have none.
 */
import type { Collector, MaybePromise, Nothing } from '../contract/emittable.ts';
import type { KeyedStateBackend } from '../contract/keyed-state.ts';
import type { KeyContext, OneInputOperator, OperatorContext, OperatorLogic } from '../contract/operator.ts';
import type { KeyedProcessContext } from '../contract/process-context.ts';
import type { FunctionLife } from '../contract/rich-function.ts';
import { KeyedElementContext } from './element-context.ts';
import { FunctionOperator } from './function-life.ts';
import { refuseResult } from './refused-result.ts';
import { declaredBy, type FunctionSpec, userFunction } from './user-function.ts';
import { type TimedFunction, UserTimers } from './user-timers.ts';

interface KeyedProcessObject<C> extends FunctionLife<C>, TimedFunction {
  readonly processElement: (value: unknown, context: KeyedProcessContext<unknown>, out: Collector<unknown>) => Nothing;
}

export interface KeyedProcessSpec<C> extends FunctionSpec<KeyedProcessObject<C>, C> {
  readonly key: KeyContext;
}

export function keyedProcessOperator<C>(spec: KeyedProcessSpec<C>): OperatorLogic {
  return { kind: 'operator', create: (context) => new KeyedProcessOperator(context, spec), key: spec.key, ...declaredBy(spec) };
}

class KeyedProcessOperator<C> extends FunctionOperator implements OneInputOperator {
  readonly #fn: KeyedProcessObject<C>;
  readonly #selector: (record: unknown) => unknown;
  readonly #state: KeyedStateBackend;
  readonly #timers: UserTimers;
  readonly #elementContext: KeyedProcessContext<unknown>;
  readonly #output: Collector<unknown>;

  constructor(context: OperatorContext, spec: KeyedProcessSpec<C>) {
    const { fn, states, life } = userFunction(context, spec);
    super(life);
    this.#fn = fn;
    this.#selector = spec.key.selector;
    this.#state = context.keyedState;
    this.#timers = new UserTimers(context, fn, states);
    this.#elementContext = new KeyedElementContext(context, this.#timers.service, states);
    this.#output = context.output;
  }

  override close(): MaybePromise<void> {
    this.#state.clearCurrentKey();
    return super.close();
  }

  processElement(record: unknown): void {
    this.#state.setCurrentKey(this.#selector(record));
    const result: unknown = this.#fn.processElement(record, this.#elementContext, this.#output);
    if (result !== undefined) refuseResult('processElement', result);
  }

  processWatermark(timestamp: number): boolean {
    return this.#timers.advanceWatermark(timestamp);
  }

  resume(): boolean {
    return this.#timers.resume();
  }
}

/** The contexts that operators hand to process functions: one object of each kind for an operator, for all its records. */
import type { KeyedStateBackend } from '../contract/keyed-state.ts';
import type { OperatorContext, TaskFlow } from '../contract/operator.ts';
import type { OutputTag } from '../contract/output-tag.ts';
import type { KeyedProcessContext, OnTimerContext, ProcessContext } from '../contract/process-context.ts';
import type { DeclaredStateStore, TypedStateDeclaration } from '../contract/state-declaration.ts';
import type { InternalTimerService, ReadOnlyTimerService, TimeDomain, TimerService } from '../contract/timers.ts';
import { VOID_NAMESPACE } from '../contract/timers.ts';
import { NO_TIMESTAMP } from '../contract/timestamp.ts';
import { KeylessTimers } from './keyless-timers.ts';
import { SideOutputs } from './side-outputs.ts';

export class ElementContext implements ProcessContext {
  protected readonly flow: TaskFlow;
  readonly #timers: ReadOnlyTimerService;
  readonly #sideOutputs: SideOutputs;
  readonly #states: DeclaredStateStore;

  constructor(context: OperatorContext, timers: ReadOnlyTimerService, states: DeclaredStateStore) {
    this.flow = context.flow;
    this.#timers = new KeylessTimers(timers);
    this.#sideOutputs = new SideOutputs(context);
    this.#states = states;
  }

  getState<S>(declaration: TypedStateDeclaration<S>): S {
    return this.#states.getState(declaration);
  }

  timestamp(): number | undefined {
    const { timestamp } = this.flow;
    return timestamp === NO_TIMESTAMP ? undefined : timestamp;
  }

  timerService(): ReadOnlyTimerService {
    return this.#timers;
  }

  output<X>(tag: OutputTag<X>, value: NoInfer<X>): void {
    this.#sideOutputs.output(tag, value);
  }
}

export class KeyedElementContext<K> extends ElementContext implements KeyedProcessContext<K> {
  readonly #state: KeyedStateBackend;
  readonly #keyedTimers: TimerService;

  constructor(context: OperatorContext, timers: TimerService, states: DeclaredStateStore) {
    super(context, timers, states);
    this.#state = context.keyedState;
    this.#keyedTimers = timers;
  }

  getCurrentKey(): K {
    return this.#state.getCurrentKey() as K;
  }

  override timerService(): TimerService {
    return this.#keyedTimers;
  }
}

export class TimerContext<K> extends KeyedElementContext<K> implements OnTimerContext<K> {
  /** Of the timer that fires: set before each call. */
  time = NO_TIMESTAMP;
  domain: TimeDomain = 'EVENT_TIME';

  override timestamp(): number {
    return this.time;
  }

  timeDomain(): TimeDomain {
    return this.domain;
  }
}

/** The timers of an operator as user functions see them: outside all namespaces. */
export class KeyTimerService implements TimerService {
  readonly #timers: InternalTimerService<number>;

  constructor(timers: InternalTimerService<number>) {
    this.#timers = timers;
  }

  currentProcessingTime(): number {
    return this.#timers.currentProcessingTime();
  }

  currentWatermark(): number {
    return this.#timers.currentWatermark();
  }

  registerEventTimeTimer(time: number): void {
    this.#timers.registerEventTimeTimer(VOID_NAMESPACE, time);
  }

  registerProcessingTimeTimer(time: number): void {
    this.#timers.registerProcessingTimeTimer(VOID_NAMESPACE, time);
  }

  deleteEventTimeTimer(time: number): void {
    this.#timers.deleteEventTimeTimer(VOID_NAMESPACE, time);
  }

  deleteProcessingTimeTimer(time: number): void {
    this.#timers.deleteProcessingTimeTimer(VOID_NAMESPACE, time);
  }
}

/**
 * Event-time sessions with the default trigger, no allowed lateness and a value that is aggregated: what most session windows are. Called by its task only.
 *
 * Owns a table with the open sessions of each key, mostly one, and a timer for each.
 *
 * S1 the sessions of a key neither overlap nor touch, and none has ended: the last millisecond of each is above the watermark.
 * S2 a session grows without touching its timer. A timer that comes before its session's end is set anew for that end, so there is one in each gap, not one for each record.
 * S3 each session has a timer at `timer`, which is not after its end. Timers of sessions that were merged away find nothing to do.
 * S4 state is up to date before anything is emitted; a suspended emission stops nothing but timers and watermarks.
 */
import type { TypeInformation } from '@millrace/core/types/type-information';
import { Types } from '@millrace/core/types/types';
import type { MaybePromise } from '../contract/emittable.ts';
import type { RuntimeContext } from '../contract/functions.ts';
import type { KeyedStateBackend } from '../contract/keyed-state.ts';
import type { OneInputOperator, OperatorContext, Output, TaskFlow } from '../contract/operator.ts';
import type { StateInitializationContext, StateSnapshotContext } from '../contract/snapshot.ts';
import type { KeyedTable } from '../contract/state.ts';
import { type InternalTimer, type InternalTimerService, type Triggerable, VOID_NAMESPACE, VOID_NAMESPACES } from '../contract/timers.ts';
import { MAX_TIMESTAMP, NO_TIMESTAMP } from '../contract/timestamp.ts';
import type { EventTimeSessionWindows } from '../window/event-time-session-windows.ts';
import { TimeWindow } from '../window/time-window.ts';
import { type Accumulation, accumulationOf } from './accumulation.ts';
import { FunctionOperator } from './function-life.ts';
import { processorOf, WindowFiring } from './window-firing.ts';
import { readLayout, type WindowLayout, writeLayout } from './window-layout.ts';
import { WindowNamespaces } from './window-namespaces.ts';
import { withoutTimestamp } from './window-refusals.ts';
import { accumulatorTypeOf, type WindowSpec } from './window-spec.ts';

const STATE = 'window-contents'; // Flink's name of it

/** Plain data: it is written as it is. */
interface Session<ACC> {
  start: number;
  end: number;
  timer: number;
  accumulator: ACC;
}

type Merge<ACC> = (a: ACC, b: ACC) => ACC;

const LAYOUT: WindowLayout = { kind: 'sessions', grid: undefined };

export class WindowSessionsOperator<T, K, ACC, V, R> extends FunctionOperator implements OneInputOperator<T>, Triggerable<K, number> {
  numLateRecordsDropped: number;
  readonly #runtime: RuntimeContext;
  readonly #flow: TaskFlow;
  readonly #selector: (record: T) => K;
  readonly #assigner: EventTimeSessionWindows<T>;
  readonly #accumulation: Accumulation<T, ACC, V>;
  readonly #table: KeyedTable<K, Session<ACC>[]>;
  readonly #backend: KeyedStateBackend;
  readonly #timers: InternalTimerService<number>;
  readonly #firing: WindowFiring<K, TimeWindow, V, R>;
  readonly #lateTagId: string | undefined;
  readonly #lateOutput: Output<unknown> | undefined;

  constructor(context: OperatorContext, spec: WindowSpec<T, K, TimeWindow, ACC, V, R>, assigner: EventTimeSessionWindows<T>) {
    const processor = processorOf(spec.windowFunction, context);
    super(processor?.life);
    const { lateTagId } = spec;
    this.#runtime = context.runtime;
    this.numLateRecordsDropped = 0;
    this.#flow = context.flow;
    this.#selector = spec.key.selector;
    this.#assigner = assigner;
    this.#accumulation = accumulationOf(spec.aggregation);
    this.#table = context.tables.createTable(STATE, spec.key.type, sessionsType(spec));
    this.#backend = context.keyedState;
    this.#timers = context.timers<K, number>('window-timers', this, VOID_NAMESPACES); // Flink's name of them
    const namespaces = new WindowNamespaces<TimeWindow>(false);
    this.#firing = new WindowFiring({ context, time: this.#timers, namespaces, merges: true }, spec.windowFunction, processor);
    this.#lateTagId = lateTagId;
    this.#lateOutput = lateTagId === undefined ? undefined : context.sideOutput(lateTagId);
  }

  override initializeState(context: StateInitializationContext): MaybePromise<void> {
    readLayout(context, LAYOUT, this.#runtime);
    return super.initializeState(context);
  }

  override snapshotState(context: StateSnapshotContext): MaybePromise<void> {
    writeLayout(context, LAYOUT, this.#runtime, this.#timers.currentWatermark());
    return super.snapshotState(context);
  }

  override close(): MaybePromise<void> {
    this.#firing.emissions.close();
    return super.close();
  }

  get isSuspended(): boolean {
    return this.#firing.emissions.isSuspended;
  }

  processElement(record: T): void {
    const { timestamp } = this.#flow;
    if (timestamp === NO_TIMESTAMP) throw withoutTimestamp();
    const end = timestamp + this.#assigner.gapAfter(record);
    const key = this.#selector(record);
    const slot = this.#table.find(key);
    const sessions = slot < 0 ? undefined : this.#table.values[slot];
    const first = sessions?.[0];
    if (first !== undefined && sessions?.length === 1 && timestamp <= first.end && end >= first.start)
      this.#extend(first, record, timestamp, end);
    else this.#place(record, end, key, sessions);
  }

  processWatermark(timestamp: number): boolean {
    return this.#timers.advanceWatermark(timestamp);
  }

  resume(): boolean {
    return this.#firing.emissions.resume() && this.#timers.resume();
  }

  onEventTime({ key, timestamp }: InternalTimer<K, number>): boolean {
    const slot = this.#table.find(key);
    const sessions = slot < 0 ? undefined : this.#table.values[slot];
    if (sessions === undefined) return true;
    const open = sessions.filter(({ end }) => end - 1 > timestamp);
    for (const session of open) if (session.timer <= timestamp) this.#setTimer(session); // S2
    if (open.length === sessions.length) return true;
    if (open.length === 0) this.#table.remove(key);
    else this.#table.values[slot] = open;
    for (const { start, end, accumulator } of sessions) {
      if (end - 1 <= timestamp) this.#firing.fire(key, new TimeWindow(start, end), this.#accumulation.getResult(accumulator));
    }
    return !this.isSuspended;
  }

  onProcessingTime(): boolean {
    return true; // it sets none
  }

  #extend(session: Session<ACC>, record: T, start: number, end: number): void {
    session.accumulator = this.#accumulation.add(record, session.accumulator);
    if (start < session.start) session.start = start;
    if (end > session.end) session.end = end;
  }

  /** The way of a record that begins a session, is late, or touches one of several. */
  #place(record: T, end: number, key: K, sessions: Session<ACC>[] | undefined): void {
    const { timestamp } = this.#flow;
    const touched = (sessions ?? []).filter((session) => timestamp <= session.end && end >= session.start);
    const [into, ...others] = touched;
    if (into !== undefined) {
      for (const other of others) this.#merge(into, other);
      this.#extend(into, record, timestamp, end);
      if (others.length > 0) this.#table.values[this.#table.find(key)] = (sessions ?? []).filter((session) => !others.includes(session));
    } else if (end - 1 <= this.#timers.currentWatermark()) this.#refuseLate(record);
    else this.#begin({ start: timestamp, end, timer: 0, accumulator: this.#accumulation.createAccumulator(record) }, key);
  }

  #begin(session: Session<ACC>, key: K): void {
    this.#backend.setCurrentKey(key);
    this.#setTimer(session);
    const slot = this.#table.slotOf(key);
    const sessions = this.#table.values[slot];
    this.#table.values[slot] = sessions === undefined ? [session] : [...sessions, session];
  }

  #merge(into: Session<ACC>, other: Session<ACC>): void {
    into.start = Math.min(into.start, other.start);
    into.end = Math.max(into.end, other.end);
    into.timer = Math.max(into.timer, other.timer); // both come; the later one decides
    into.accumulator = (this.#accumulation.merge as Merge<ACC>)(into.accumulator, other.accumulator); // without one the job was refused
  }

  /** Of the backend's current key. */
  #setTimer(session: Session<ACC>): void {
    session.timer = Math.min(session.end - 1, MAX_TIMESTAMP);
    this.#timers.registerEventTimeTimer(VOID_NAMESPACE, session.timer);
  }

  #refuseLate(record: T): void {
    if (this.#lateTagId === undefined) this.numLateRecordsDropped++;
    else this.#lateOutput?.collect(record);
  }
}

/** Of what the table holds; learned where the accumulator's type is not declared. */
function sessionsType<T, K, ACC, V, R>(spec: WindowSpec<T, K, TimeWindow, ACC, V, R>): TypeInformation<Session<ACC>[]> | undefined {
  const accumulator = accumulatorTypeOf(spec.aggregation);
  if (accumulator === undefined) return undefined;
  const session = Types.row({ start: Types.LONG, end: Types.LONG, timer: Types.LONG, accumulator });
  return Types.list(session as unknown as TypeInformation<Session<ACC>>);
}

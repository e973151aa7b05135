/** From a drawn program to the API. Runs once for each slot and each process, as a user's program does. */
import { MapStateDescriptor, OutputTag, StreamExecutionEnvironment, Types, ValueStateDescriptor } from 'millrace';
import { AsyncDataStream, KeyedBroadcastProcessFunction, KeyedCoProcessFunction, KeyedProcessFunction, RichMapFunction } from 'millrace';
import { EventTimeSessionWindows, SlidingEventTimeWindows, TumblingEventTimeWindows, WatermarkStrategy } from 'millrace';
import { ListStateDescriptor } from 'millrace';
import type {
  Collector,
  DataStream,
  FunctionInitializationContext,
  FunctionSnapshotContext,
  KeyedBroadcastContext,
  KeyedProcessContext,
  KeyedRuntimeContext,
  ListState,
  OnTimerContext,
  ReadOnlyKeyedBroadcastContext,
  RuntimeContext,
  ValueState,
} from 'millrace';
import type { CompiledJob } from '@millrace/streaming/graph/job-graph';
import { Isolate } from './isolate.ts';
import { boundMs, type Branch, GAP_MS, type Program, SLIDE_MS, TIMER_MS, WINDOW_MS } from './program.ts';
import { type SimRecord, SplitSource } from './split-source.ts';
import { writeTo } from './sinks.ts';
import { CHECKPOINTS, world } from './world.ts';

const END = Number.MAX_SAFE_INTEGER;

class SimulatedEnvironment extends StreamExecutionEnvironment {
  static create(): SimulatedEnvironment {
    return new SimulatedEnvironment();
  }
}

export const JOB_NAME = 'simulated';

export function compileProgram(program: Program, parallelism: number): CompiledJob {
  const env = SimulatedEnvironment.create();
  env.setParallelism(parallelism).setMaxParallelism(16);
  const streams = program.sources.map((spec) => {
    const strategy = WatermarkStrategy.forBoundedOutOfOrderness<SimRecord>(`${boundMs(program, spec)} ms`);
    const stream = env.fromSource(new SplitSource(spec), strategy, spec.name).uid(spec.name);
    return spec.splits.length === 1 && program.branches[0]?.kind === 'late' ? stream.setParallelism(1) : stream;
  });
  const staged = streams.map((stream, index) => stageOf(stream, program, index));
  for (const [index, branch] of program.branches.entries()) addBranch(staged, program, branch, `${branch.kind}-${index}`);
  const job = env.compile(JOB_NAME);
  const { configuration } = job.jobGraph;
  return {
    ...job,
    jobGraph: {
      ...job.jobGraph,
      configuration: {
        ...configuration,
        autoWatermarkRecords: program.autoWatermarkRecords,
        checkpointing: {
          intervalMs: program.checkpointIntervalMs,
          timeoutMs: program.checkpointTimeoutMs,
          maxConcurrent: program.maxConcurrent,
          inlineBytesMax: program.inlineBytesMax,
          retained: program.retained,
          incremental: program.incremental,
          retention: 'RETAIN_ON_CANCELLATION',
          tolerableFailures: 1_000_000,
          storage: CHECKPOINTS,
        },
        restartStrategy: { kind: 'fixed-delay', attempts: program.restarts, delayMs: 40 },
      },
    },
  };
}

function stageOf(stream: DataStream<SimRecord>, { stage }: Program, index: number): DataStream<SimRecord> {
  const name = `stage-${index}`;
  const answer = (record: SimRecord) =>
    new Promise<SimRecord>((resolve, reject) => {
      Isolate.current?.clock.schedule(record.value % 7, () => {
        try {
          world().faults.at('async');
          resolve(record);
        } catch (error) {
          reject(error as Error);
        }
      });
    });
  switch (stage) {
    case 'none':
      return stream;
    case 'rebalance':
      return stream.rebalance().map(failing).name(name).uid(name);
    case 'ordered-async':
      return AsyncDataStream.orderedWait(stream, answer, { timeout: '1 h', capacity: 5 }).name(name).uid(name);
    case 'unordered-async':
      return AsyncDataStream.unorderedWait(stream, answer, { timeout: '1 h', capacity: 5 }).name(name).uid(name);
    case 'counted':
      return stream.map(new Counted(name)).name(name).uid(name);
  }
}

function failing(record: SimRecord): SimRecord {
  world().faults.at('map');
  return record;
}

/** Counts the records of its subtask in operator state; all subtasks together get back what all have counted (c). */
class Counted extends RichMapFunction<SimRecord, SimRecord> {
  readonly #name: string;
  #count = 0;
  #sharedCount = 0;
  #restoredId: number | undefined = undefined;
  #subtask = 0;
  #state: ListState<number> | undefined;
  #shared: ListState<number> | undefined;

  constructor(name: string) {
    super();
    this.#name = name;
  }

  initializeState(context: FunctionInitializationContext) {
    world().faults.at('initialize');
    const store = context.getOperatorStateStore();
    this.#state = store.getListState(new ListStateDescriptor('counts', Types.LONG));
    this.#shared = store.getUnionListState(new ListStateDescriptor('shared counts', Types.LONG));
    for (const count of this.#state.get()) this.#count += count;
    for (const count of this.#shared.get()) this.#sharedCount += count;
    this.#restoredId = context.getRestoredCheckpointId();
  }

  override open(context: RuntimeContext) {
    world().faults.at('open');
    this.#subtask = context.getIndexOfThisSubtask();
    if (this.#restoredId === undefined) return;
    const { oracles, generation } = world();
    const was = oracles.countedIn(this.#restoredId, this.#name);
    const counts = {
      was,
      shared: this.#sharedCount,
      own: this.#count,
      subtask: this.#subtask,
      parallelism: context.getNumberOfParallelSubtasks(),
    };
    oracles.restored(`${generation}.${context.getAttemptNumber()}.${this.#restoredId}`, this.#name, counts);
  }

  override map(record: SimRecord): SimRecord {
    world().faults.at('map');
    this.#count += 1;
    return record;
  }

  snapshotState(context: FunctionSnapshotContext) {
    world().faults.at('snapshot');
    this.#state?.update([this.#count]);
    this.#shared?.update([this.#count]);
    world().oracles.counted(context.getCheckpointId(), this.#name, this.#subtask, this.#count);
  }
}

function addBranch(streams: readonly DataStream<SimRecord>[], { sources, stage }: Program, { kind, sink }: Branch, name: string): void {
  const isInOrder = stage === 'none' || stage === 'counted'; // requests in flight may be given to other subtasks
  const rules = (sources[1] ?? sources[0])?.splits.reduce((sum, records) => sum + records, 0) ?? 0;
  const [first, ...others] = streams as [DataStream<SimRecord>, ...DataStream<SimRecord>[]];
  const all = others.length === 0 ? first : first.union(...others);
  const second = others[0] ?? first;
  writeTo(linesOf(kind, { all, first, second, rules, isInOrder }, name).uid(name), sink, `sink-of-${name}`);
}

interface Inputs {
  readonly all: DataStream<SimRecord>;
  readonly first: DataStream<SimRecord>;
  readonly second: DataStream<SimRecord>;
  /** Records of the second. */
  readonly rules: number;
  readonly isInOrder: boolean;
}

function linesOf(kind: Branch['kind'], { all, first, second, rules, isInOrder }: Inputs, name: string) {
  const byKey = (record: SimRecord) => record.key;
  switch (kind) {
    case 'records':
      return all.keyBy((record) => record.split).process(new Records());
    case 'totals':
      return all.keyBy(byKey).process(new Totals());
    case 'timers':
      return all.keyBy(byKey).process(new Timers());
    case 'tumbling':
      return all
        .keyBy(byKey)
        .window(TumblingEventTimeWindows.of(`${WINDOW_MS} ms`))
        .aggregate(sum, lineOfWindow);
    case 'sliding':
      return all
        .keyBy(byKey)
        .window(SlidingEventTimeWindows.of(`${WINDOW_MS} ms`, `${SLIDE_MS} ms`))
        .aggregate(sum, lineOfWindow);
    case 'session':
      return all
        .keyBy(byKey)
        .window(EventTimeSessionWindows.withGap(`${GAP_MS} ms`))
        .aggregate(sum, lineOfWindow);
    case 'join':
      return first.keyBy(byKey).connect(second.keyBy(byKey)).process(new Join());
    case 'broadcast':
      return first.keyBy(byKey).connect(second.broadcast(RULES)).process(new Rules(rules, isInOrder));
    case 'late':
      return lateLines(all, name);
  }
}

const sum = {
  createAccumulator: () => ({ count: 0, sum: 0 }),
  add: (record: SimRecord, acc: { count: number; sum: number }) => ({ count: acc.count + 1, sum: acc.sum + record.value }),
  getResult: (acc: { count: number; sum: number }) => acc,
  merge: (a: { count: number; sum: number }, b: { count: number; sum: number }) => ({ count: a.count + b.count, sum: a.sum + b.sum }),
};

function lineOfWindow(
  key: number,
  window: { readonly start: number; readonly end: number },
  total: { count: number; sum: number },
): string {
  world().faults.at('process');
  return `${key} ${window.start}-${window.end} ${total.count} ${total.sum}`;
}

const LATE = new OutputTag('late', Types.row({ split: Types.INT, seq: Types.INT, key: Types.INT, value: Types.INT, at: Types.LONG }));

function lateLines(all: DataStream<SimRecord>, name: string): DataStream<string> & { uid(uid: string): DataStream<string> } {
  const windows = all
    .keyBy((record) => record.key)
    .window(TumblingEventTimeWindows.of(`${WINDOW_MS} ms`))
    .sideOutputLateData(LATE)
    .aggregate(sum, lineOfWindow)
    .uid(`${name}-windows`);
  return windows.union(windows.getSideOutput(LATE).map((record) => `late ${record.seq}`)).map((line) => line);
}

/** Each record of a split once, and in its order where nothing before has changed it. */
class Records extends KeyedProcessFunction<number, SimRecord, string> {
  #watermark = Number.NEGATIVE_INFINITY;

  override processElement(record: SimRecord, context: KeyedProcessContext<number>, out: Collector<string>) {
    world().faults.at('process');
    const watermark = context.timerService().currentWatermark();
    world().oracles.ascends('(e) the watermark', this.#watermark, watermark);
    this.#watermark = watermark;
    out.collect(`${record.split}/${record.seq}/${record.at}`);
  }
}

class Totals extends KeyedProcessFunction<number, SimRecord, string> {
  #count!: ValueState<number>;
  #sum!: ValueState<number>;

  override open(context: KeyedRuntimeContext) {
    world().faults.at('open');
    this.#count = context.getState(new ValueStateDescriptor('count', Types.LONG));
    this.#sum = context.getState(new ValueStateDescriptor('sum', Types.LONG));
  }

  override processElement(record: SimRecord, context: KeyedProcessContext<number>) {
    world().faults.at('process');
    this.#count.update((this.#count.value() ?? 0) + 1);
    this.#sum.update((this.#sum.value() ?? 0) + record.value);
    context.timerService().registerEventTimeTimer(END);
  }

  override onTimer(_time: number, context: OnTimerContext<number>, out: Collector<string>) {
    world().faults.at('timer');
    out.collect(`${context.getCurrentKey()} ${this.#count.value()} ${this.#sum.value()}`);
  }
}

/** One timer for each key and time, whatever came twice. */
class Timers extends KeyedProcessFunction<number, SimRecord, string> {
  override processElement(record: SimRecord, context: KeyedProcessContext<number>) {
    world().faults.at('process');
    context.timerService().registerEventTimeTimer(Math.floor(record.at / 20) * 20 + TIMER_MS);
  }

  override onTimer(time: number, context: OnTimerContext<number>, out: Collector<string>) {
    world().faults.at('timer');
    out.collect(`${context.getCurrentKey()} ${time}`);
  }
}

class Join extends KeyedCoProcessFunction<number, SimRecord, SimRecord, string> {
  #left!: ValueState<number>;
  #right!: ValueState<number>;

  override open(context: KeyedRuntimeContext) {
    this.#left = context.getState(new ValueStateDescriptor('left', Types.LONG));
    this.#right = context.getState(new ValueStateDescriptor('right', Types.LONG));
  }

  override processElement1(_record: SimRecord, context: KeyedProcessContext<number>) {
    world().faults.at('process');
    this.#left.update((this.#left.value() ?? 0) + 1);
    context.timerService().registerEventTimeTimer(END);
  }

  override processElement2(_record: SimRecord, context: KeyedProcessContext<number>) {
    this.#right.update((this.#right.value() ?? 0) + 1);
    context.timerService().registerEventTimeTimer(END);
  }

  override onTimer(_time: number, context: OnTimerContext<number>, out: Collector<string>) {
    out.collect(`${context.getCurrentKey()} ${this.#left.value() ?? 0} ${this.#right.value() ?? 0}`);
  }
}

const RULES = new MapStateDescriptor('rules', Types.STRING, Types.LONG);

/** The broadcast side tells once, in one subtask, when all rules are there; the keyed side counts its own. */
class Rules extends KeyedBroadcastProcessFunction<number, SimRecord, SimRecord, string> {
  readonly #rules: number;
  /** Nothing before changes the order of a split. */
  readonly #isInOrder: boolean;
  #count!: ValueState<number>;

  constructor(rules: number, isInOrder: boolean) {
    super();
    this.#rules = rules;
    this.#isInOrder = isInOrder;
  }

  override open(context: KeyedRuntimeContext) {
    world().faults.at('open');
    this.#count = context.getState(new ValueStateDescriptor('count', Types.LONG));
  }

  override processElement(_record: SimRecord, context: ReadOnlyKeyedBroadcastContext<number>) {
    world().faults.at('process');
    this.#count.update((this.#count.value() ?? 0) + 1);
    context.timerService().registerEventTimeTimer(END);
  }

  override processBroadcastElement({ split, seq, value }: SimRecord, context: KeyedBroadcastContext<number>, out: Collector<string>) {
    const rules = context.getBroadcastState(RULES);
    const id = `${split}/${seq}`;
    if (rules.contains(id)) world().oracles.violated(`(b) rule ${id} came twice`);
    if (this.#isInOrder && seq > 0 && !rules.contains(`${split}/${seq - 1}`))
      world().oracles.violated(`(b) rule ${id} came, and the one before is lost`);
    rules.put(id, value);
    let [count, total] = [0, 0];
    for (const [, each] of rules.entries()) {
      count += 1;
      total += each;
    }
    if (count === this.#rules && this.getRuntimeContext().getIndexOfThisSubtask() === 0) out.collect(`rules ${count} ${total}`);
  }

  override onTimer(_time: number, context: OnTimerContext<number>, out: Collector<string>) {
    out.collect(`${context.getCurrentKey()} ${this.#count.value()}`);
  }
}

/** Writes a random program in the DataStream API, as a user would. */
import type { DataStream } from '@millrace/streaming/api/data-stream';
import type { SingleOutputStreamOperator } from '@millrace/streaming/api/single-output-stream-operator';
import type { Sink } from '@millrace/streaming/contract/sink';
import { OutputTag } from '@millrace/streaming/contract/output-tag';
import { WatermarkStrategy } from '@millrace/streaming/contract/watermark-strategy';
import { SlidingEventTimeWindows } from '@millrace/streaming/window/sliding-event-time-windows';
import { TumblingEventTimeWindows } from '@millrace/streaming/window/tumbling-event-time-windows';
import { Duration } from '@millrace/core/config/duration';
import { TestEnvironment } from '../environment/test-environment.ts';
import type { TestSource } from '../environment/test-source.ts';
import { copiesOf, isKept, mapped, partitionOf } from './operations.ts';
import type { NodePlan, OracleProgram, OracleRecord, Partitioning, WindowPlan } from './program.ts';
import { lineOf } from './reference.ts';
import { traitsOf } from './traits.ts';

/** Carries its own time, so that sources and operators can say what it is. */
export interface TimedRecord extends OracleRecord {
  readonly at?: number;
  readonly padding?: string;
}

type Records = DataStream<TimedRecord>;

export interface BuiltProgram {
  readonly environment: TestEnvironment;
  readonly sources: readonly TestSource<TimedRecord>[];
  /** What each sink has got so far. */
  readonly lines: readonly string[][];
}

export function buildProgram(program: OracleProgram, parallelism: number): BuiltProgram {
  const environment = TestEnvironment.create({ parallelism });
  environment.configure({ 'pipeline.auto-watermark-records': program.autoWatermarkRecords });
  if (!program.chaining) environment.disableOperatorChaining();
  const sources = program.sources.map((_plan, index) =>
    environment.testSource<TimedRecord>({ name: `source ${index}`, timestamp: ({ at }) => at as number }),
  );
  const streams: Records[] = sources.map(({ stream }) => stream);
  const lateTags = new Map<number, OutputTag<TimedRecord>>();
  for (const [index, node] of program.nodes.entries()) {
    const tag = new OutputTag<TimedRecord>(`late ${index}`);
    lateTags.set(sources.length + index, tag);
    streams.push(streamOf(node, streams, { tag, lateTags }));
  }
  const traits = traitsOf(program);
  const lines = program.sinks.map((stream) => {
    const arrived: string[] = [];
    streams[stream]?.sinkTo(lineSink(arrived, traits[stream]?.timestampsKnown === true));
    return arrived;
  });
  return { environment, sources, lines };
}

interface Tags {
  readonly tag: OutputTag<TimedRecord>;
  readonly lateTags: ReadonlyMap<number, OutputTag<TimedRecord>>;
}

function streamOf(node: NodePlan, streams: readonly Records[], { tag, lateTags }: Tags): Records {
  if (node.op === 'union') {
    const [first, ...others] = node.inputs.map((input) => streams[input] as Records);
    return (first as Records).union(...others);
  }
  const input = streams[node.input] as Records;
  if (node.op === 'late') {
    return (input as SingleOutputStreamOperator<TimedRecord>).getSideOutput(lateTags.get(node.input) as OutputTag<TimedRecord>);
  }
  const made = node.op === 'window' ? windowed(node, input, tag) : simple(node, partitioned(input, node.partitioning));
  if (node.parallelism !== undefined) made.setParallelism(node.parallelism);
  if (node.chaining === 'HEAD') made.startNewChain();
  else if (node.chaining === 'NEVER') made.disableChaining();
  return made;
}

function partitioned(input: Records, partitioning: Partitioning): Records {
  if (partitioning === 'custom') return input.partitionCustom(partitionOf, ({ k }) => k);
  return partitioning === 'none' ? input : input[partitioning]();
}

type SimpleNode = Exclude<NodePlan, { op: 'window' | 'union' | 'late' }>;

function simple(node: SimpleNode, input: Records): SingleOutputStreamOperator<TimedRecord> {
  switch (node.op) {
    case 'map':
      return input.map((record) => withTime(mapped(record, node.factor, node.keys, node.plus), record));
    case 'filter':
      return input.filter((record) => isKept(record, node.modulus, node.remainder));
    case 'flatMap':
      return input.flatMap((record) =>
        node.lazy ? lazily(record, node.copies) : copiesOf(record, node.copies).map((copy) => withTime(copy, record)),
      );
    case 'rolling':
      return rolling(node.aggregate, input, node.parallelism);
    case 'timestamps':
      return input.assignTimestampsAndWatermarks(
        WatermarkStrategy.forBoundedOutOfOrderness<TimedRecord>(Duration.ofMillis(node.outOfOrdernessMs)).withTimestampAssigner(
          (_record, recordTimestamp) => recordTimestamp + 5,
        ),
      );
  }
}

function* lazily(record: TimedRecord, copies: number): Generator<TimedRecord> {
  for (const copy of copiesOf(record, copies)) yield withTime(copy, record);
}

function withTime(made: OracleRecord, from: TimedRecord): TimedRecord {
  return from.at === undefined || from.padding === undefined ? made : { ...made, at: from.at, padding: from.padding };
}

function rolling(
  aggregate: 'count' | 'sum' | 'max' | 'reduce',
  input: Records,
  parallelism: number | undefined,
): SingleOutputStreamOperator<TimedRecord> {
  if (aggregate === 'count') {
    const ones = input.map(({ k }): TimedRecord => ({ k, v: 1 }));
    if (parallelism !== undefined) ones.setParallelism(parallelism);
    return ones.keyBy(({ k }) => k).reduce((a, b) => ({ k: a.k, v: a.v + b.v }));
  }
  const keyed = input.keyBy(({ k }) => k);
  if (aggregate === 'reduce') return keyed.reduce((a, b) => ({ k: a.k, v: a.v + b.v }));
  return aggregate === 'sum' ? keyed.sum('v') : keyed.max('v');
}

function windowed(node: WindowPlan, input: Records, tag: OutputTag<TimedRecord>): SingleOutputStreamOperator<TimedRecord> {
  const [size, slide, offset] = [node.sizeMs, node.slideMs, node.offsetMs].map((ms) => Duration.ofMillis(ms)) as [
    Duration,
    Duration,
    Duration,
  ];
  const assigner =
    node.sizeMs === node.slideMs ? TumblingEventTimeWindows.of(size, offset) : SlidingEventTimeWindows.of(size, slide, offset);
  const windows = input
    .keyBy(({ k }) => k)
    .window(assigner)
    .allowedLateness(Duration.ofMillis(node.latenessMs))
    .sideOutputLateData(tag);
  switch (node.aggregate) {
    case 'count':
      return windows.aggregate({ createAccumulator: () => 0, add: (_record, n) => n + 1, getResult: (n) => n }, (k, _window, v) => ({
        k,
        v,
      }));
    case 'sum-merging':
      return windows.aggregate(
        { createAccumulator: () => 0, add: ({ v }, sum) => sum + v, getResult: (sum) => sum, merge: (a, b) => a + b },
        (k, _window, v) => ({ k, v }),
      );
    case 'reduce':
      return windows.reduce(
        (a, b) => ({ k: a.k, v: a.v + b.v }),
        (k, _window, { v }) => ({ k, v }),
      );
    case 'max':
      return windows.max('v');
  }
}

function lineSink(lines: string[], timestampsKnown: boolean): Sink<TimedRecord> {
  return {
    createWriter: () => ({
      write: (record, context) => void lines.push(lineOf(record, timestampsKnown ? context.timestamp() : undefined)),
      flush() {},
      close() {},
    }),
  };
}

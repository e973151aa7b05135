/** Writes a random program in the DataStream API, as a user would. */
import type { DataStream } from '@millrace/streaming/api/data-stream';
import type { SingleOutputStreamOperator } from '@millrace/streaming/api/single-output-stream-operator';
import { rich } from '@millrace/streaming/api/rich-functions';
import type { Sink } from '@millrace/streaming/contract/sink';
import { OutputTag } from '@millrace/streaming/contract/output-tag';
import { WatermarkStrategy } from '@millrace/streaming/contract/watermark-strategy';
import { Duration } from '@millrace/core/config/duration';
import { TestEnvironment } from '../environment/test-environment.ts';
import { Arrivals, ArrivalsSink } from '../environment/test-sink.ts';
import type { TestSource } from '../environment/test-source.ts';
import { asynchronous, slow } from './build-async.ts';
import { manyInputs, twoInputs } from './build-two-inputs.ts';
import { counted, generalWindow, windowed } from './build-windows.ts';
import { copiesOf, isKept, mapped, partitionOf, SHIFT_MS } from './operations.ts';
import { buckets, clockTimers, parting, sequence } from './process-functions.ts';
import type { NodePlan, OperatorPlan, OracleProgram, OracleRecord, Partitioning, RunPlan, SimplePlan, TimersPlan } from './program.ts';
import { lineOf } from './reference-streams.ts';
import { traitsOf } from './traits.ts';

/** Carries its own time, so that sources and operators can say what it is. */
export interface TimedRecord extends OracleRecord {
  readonly at?: number;
  readonly padding?: string;
}

export type Records = DataStream<TimedRecord>;
export type Made = SingleOutputStreamOperator<TimedRecord>;
export type Tag = OutputTag<TimedRecord>;

export interface BuiltProgram {
  readonly environment: TestEnvironment;
  readonly sources: readonly TestSource<TimedRecord>[];
  /** What each sink has got so far. */
  readonly lines: readonly Arrivals<string>[];
}

export function buildProgram(program: OracleProgram, { parallelism, markers }: Pick<RunPlan, 'parallelism' | 'markers'>): BuiltProgram {
  const environment = TestEnvironment.create({ parallelism });
  environment.configure({ 'pipeline.auto-watermark-records': program.autoWatermarkRecords });
  if (markers > 0) environment.getConfig().setLatencyTrackingInterval('1 ms');
  if (!program.chaining) environment.disableOperatorChaining();
  const sources = program.sources.map((_plan, index) =>
    environment.testSource<TimedRecord>({ name: `source ${index}`, timestamp: ({ at }) => at as number }),
  );
  const streams: Records[] = sources.map(({ stream }) => stream);
  /** Of late records and of other side outputs, by the stream that has them. */
  const tags = new Map<number, Tag>();
  for (const [index, node] of program.nodes.entries()) {
    const tag = new OutputTag<TimedRecord>(`side ${index}`);
    tags.set(sources.length + index, tag);
    streams.push(streamOf(node, streams, { tag, tags }));
  }
  const traits = traitsOf(program);
  const lines = program.sinks.map((stream) => {
    const arrived = new Arrivals<string>();
    streams[stream]?.sinkTo(lineSink(arrived, traits[stream]?.timestampsKnown === true));
    return arrived;
  });
  return { environment, sources, lines };
}

interface Tags {
  readonly tag: Tag;
  readonly tags: ReadonlyMap<number, Tag>;
}

function streamOf(node: NodePlan, streams: readonly Records[], { tag, tags }: Tags): Records {
  if (node.op === 'union') {
    const [first, ...others] = node.inputs.map((input) => streams[input] as Records);
    return (first as Records).union(...others);
  }
  if (node.op === 'late' || node.op === 'side') return (streams[node.input] as Made).getSideOutput(tags.get(node.input) as Tag);
  const made = operatorOf(node, streams, tag);
  const isOne = node.op === 'general' && node.all;
  if (node.parallelism !== undefined && !isOne) made.setParallelism(node.parallelism);
  if (node.chaining === 'HEAD') made.startNewChain();
  else if (node.chaining === 'NEVER') made.disableChaining();
  return made;
}

function operatorOf(node: OperatorPlan, streams: readonly Records[], tag: Tag): Made {
  if (node.op === 'many')
    return manyInputs(
      node,
      node.inputs.map((input) => streams[input] as Records),
    );
  if ('inputs' in node) return twoInputs(node, streams[node.inputs[0]] as Records, streams[node.inputs[1]] as Records);
  const input = streams[node.input] as Records;
  switch (node.op) {
    case 'window':
      return windowed(node, input, tag);
    case 'general':
      return generalWindow(node, input, tag);
    case 'timers':
      return timers(node, input, tag);
    default:
      return simple(node, partitioned(input, node.partitioning), tag);
  }
}

function timers({ how, ...grain }: TimersPlan, input: Records, tag: Tag): Made {
  const keyed = input.keyBy(({ k }) => k);
  if (how === 'clock') return keyed.process<OracleRecord>(() => clockTimers(grain, tag));
  return keyed.process<OracleRecord>(() => (how === 'buckets' ? buckets(grain, tag) : sequence(grain, tag)));
}

function partitioned(input: Records, partitioning: Partitioning): Records {
  if (partitioning === 'custom') return input.partitionCustom(partitionOf, ({ k }) => k);
  return partitioning === 'none' ? input : input[partitioning]();
}

function simple(node: SimplePlan, input: Records, tag: Tag): Made {
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
          (_record, recordTimestamp) => recordTimestamp + SHIFT_MS,
        ),
      );
    case 'process':
      return input.process<TimedRecord>(rich(() => parting(node.modulus, tag)));
    case 'async':
      return asynchronous(node, input);
    case 'slow':
      return slow(node, input);
    case 'countWindow':
      return counted(node, input);
  }
}

function* lazily(record: TimedRecord, copies: number): Generator<TimedRecord> {
  for (const copy of copiesOf(record, copies)) yield withTime(copy, record);
}

function withTime(made: OracleRecord, from: TimedRecord): TimedRecord {
  return from.at === undefined || from.padding === undefined ? made : { ...made, at: from.at, padding: from.padding };
}

function rolling(aggregate: 'count' | 'sum' | 'max' | 'reduce', input: Records, parallelism: number | undefined): Made {
  if (aggregate === 'count') {
    const ones = input.map(({ k }): TimedRecord => ({ k, v: 1 }));
    if (parallelism !== undefined) ones.setParallelism(parallelism);
    return ones.keyBy(({ k }) => k).reduce((a, b) => ({ k: a.k, v: a.v + b.v }));
  }
  const keyed = input.keyBy(({ k }) => k);
  if (aggregate === 'reduce') return keyed.reduce((a, b) => ({ k: a.k, v: a.v + b.v }));
  return aggregate === 'sum' ? keyed.sum('v') : keyed.max('v');
}

function lineSink(lines: Arrivals<string>, timestampsKnown: boolean): Sink<TimedRecord> {
  return new ArrivalsSink<TimedRecord, string>(lines, (record, context) =>
    lineOf(record, timestampsKnown ? context.timestamp() : undefined),
  );
}

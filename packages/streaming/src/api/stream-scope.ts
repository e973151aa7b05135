/** What every stream holds: the program that its calls add to, and how the streams that they return are made. Internal to this room. */
import { UsageError } from '@millrace/core/base/errors';
import type { DurationLike } from '@millrace/core/config/duration';
import type { TypeInformation } from '@millrace/core/types/type-information';
import type { AnyMapStateDescriptor } from '../contract/state-descriptor.ts';
import type { SubmittedJob } from '../graph/executor.ts';
import type { TransformationId } from '../graph/transformation.ts';
import type { Window } from '../window/window.ts';
import type { WindowAssigner } from '../window/window-assigner.ts';
import type { ConnectedStreams, KeyedConnectedStreams } from './connected-streams.ts';
import type { DataStream } from './data-stream.ts';
import type { DataStreamSink } from './data-stream-sink.ts';
import type { DataStreamSource } from './data-stream-source.ts';
import type { AllWindowedStream } from './all-windowed-stream.ts';
import type { BroadcastConnectedStream, KeyedBroadcastConnectedStream } from './broadcast-connected-stream.ts';
import type { BroadcastStream } from './broadcast-stream.ts';
import type { CoGroupedStreams } from './co-grouped-streams.ts';
import type { IntervalJoin } from './interval-join.ts';
import type { IterationOptions, IterativeStream } from './iterative-stream.ts';
import type { JoinedStreams } from './joined-streams.ts';
import type { KeyedStream } from './keyed-stream.ts';
import type { PartitionWindowedStream } from './partition-windowed-stream.ts';
import type { Program } from './program.ts';
import type { SideOutputDataStream } from './side-output-data-stream.ts';
import type { SingleOutputStreamOperator } from './single-output-stream-operator.ts';
import type { SplitStream } from './split-stream.ts';
import type { StreamExecutionEnvironment } from './stream-execution-environment.ts';
import type { WindowedStream } from './windowed-stream.ts';

export interface StreamScope {
  readonly environment: StreamExecutionEnvironment;
  readonly program: Program;
  readonly streams: StreamFactory;
  /** The job's parallelism, for operators that say nothing. */
  parallelism(): number;
  /** Compiles what was added since the last time, and submits it. */
  submit(jobName: string | undefined, onCollected?: (bytes: Uint8Array) => Promise<void>): Promise<SubmittedJob>;
}

export interface StreamFactory {
  stream<T>(scope: StreamScope, id: TransformationId): DataStream<T>;
  operator<T>(scope: StreamScope, id: TransformationId): SingleOutputStreamOperator<T>;
  iterate<T>(
    scope: StreamScope,
    input: TransformationId,
    maxWaitTime: DurationLike | undefined,
    options: IterationOptions | undefined,
  ): IterativeStream<T>;
  split<T>(scope: StreamScope, input: TransformationId, selector: (value: T) => unknown): SplitStream<T>;
  partitionWindowed<T>(scope: StreamScope, input: TransformationId): PartitionWindowedStream<T>;
  keyedPartitionWindowed<T, K>(input: WindowedInput<T, K>): PartitionWindowedStream<T>;
  source<T>(scope: StreamScope, id: TransformationId): DataStreamSource<T>;
  sideOutput<T>(scope: StreamScope, id: TransformationId): SideOutputDataStream<T>;
  sink(scope: StreamScope, id: TransformationId): DataStreamSink;
  keyed<T, K>(scope: StreamScope, id: TransformationId, key: KeyOf<T, K>): KeyedStream<T, K>;
  connected<A, B>(pair: StreamPair): ConnectedStreams<A, B>;
  keyedConnected<K, A, B>(pair: KeyedPair): KeyedConnectedStreams<K, A, B>;
  intervalJoin<A, B>(pair: KeyedPair): IntervalJoin<A, B>;
  broadcast<T>(scope: StreamScope, id: TransformationId, descriptors: readonly AnyMapStateDescriptor[]): BroadcastStream<T>;
  broadcastConnected<A, B>(pair: BroadcastPair): BroadcastConnectedStream<A, B>;
  keyedBroadcastConnected<K, A, B>(pair: BroadcastPair, key: KeyOf<A, K>): KeyedBroadcastConnectedStream<K, A, B>;
  joined<A, B>(pair: StreamPair): JoinedStreams<A, B>;
  coGrouped<A, B>(pair: StreamPair): CoGroupedStreams<A, B>;
  windowed<T, K, W extends Window>(stream: WindowedInput<T, K>, assigner: WindowAssigner<T, W>): WindowedStream<T, K, W>;
  allWindowed<T, W extends Window>(stream: WindowedInput<T, unknown>, assigner: WindowAssigner<T, W>): AllWindowedStream<T, W>;
}

/** Two streams of one program, as what reads both of them sees them. */
export interface StreamPair {
  readonly scope: StreamScope;
  readonly first: TransformationId;
  readonly second: TransformationId;
}

/** … both of them keyed. */
export interface KeyedPair extends StreamPair {
  readonly keys: readonly [KeyOf<never, unknown>, KeyOf<never, unknown>];
}

/** A stream and a broadcast one. */
export interface BroadcastPair extends StreamPair {
  readonly descriptors: readonly AnyMapStateDescriptor[];
}

export interface KeyOf<T, K> {
  readonly selector: (value: T) => K;
  readonly type: TypeInformation<K> | undefined;
}

/** A keyed stream as its windows see it. */
export interface WindowedInput<T, K> {
  readonly scope: StreamScope;
  readonly id: TransformationId;
  readonly key: KeyOf<T, K>;
}

export function checkSameEnvironment(one: StreamScope, other: StreamScope, where: string): void {
  if (one !== other) throw new UsageError(`${where} got a stream of another environment. Build both streams from one environment.`);
}

/**
 * What `import … from 'millrace'` gives: the DataStream API under Flink's names. Importing it also says who runs the jobs of a program that is started without
 * the command line: a mini cluster of this process, made on first use.
 */

import { setProgramListener } from '@millrace/streaming/api/execution-context';
import { JobClient } from '@millrace/streaming/api/job-client';
import type { Configuration } from '@millrace/streaming/api/stream-types';
import { mainProgramExecutor, watchMainProgram } from './client/main-program.ts';
import { hasHostExecutor, setHostExecutor } from './client/program-scope.ts';

if (!hasHostExecutor()) {
  setHostExecutor(mainProgramExecutor);
  setProgramListener(watchMainProgram());
}

export {
  ConfigError,
  DataError,
  isMillraceError,
  MillraceError,
  TerminalError,
  UsageError,
  UserCodeError,
} from '@millrace/core/base/errors';
export { Duration, type DurationLike, type DurationText, type TimeUnit } from '@millrace/core/config/duration';
export type {
  AnyTypeInformation,
  OptionalTypeInformation,
  SimpleVersionedSerializer,
  TypeInformation,
} from '@millrace/core/types/type-information';
export { type RowFields, type RowOf, type Simplify, type StandardSchema, type TypeOf, Types } from '@millrace/core/types/types';
export type { LogFields, Logger, LogLevel } from '@millrace/core/base/log';
export type { Counter, Histogram as HistogramMetric, Meter, MetricGroup } from '@millrace/core/metrics/metric-group';
export { AsyncDataStream, type AsyncWait } from '@millrace/streaming/api/async-data-stream';
export {
  type AsyncContext,
  type AsyncOptions,
  type AsyncRetryStrategy,
  RichAsyncFunction,
  type RichAsyncFunctionLike,
} from '@millrace/streaming/api/async-function';
export type { ResultFuture } from '@millrace/streaming/operators/async-request';
export { BroadcastConnectedStream, KeyedBroadcastConnectedStream } from '@millrace/streaming/api/broadcast-connected-stream';
export {
  BroadcastProcessFunction,
  type BroadcastProcessFunctionLike,
  KeyedBroadcastProcessFunction,
  type KeyedBroadcastProcessFunctionLike,
} from '@millrace/streaming/api/broadcast-process-functions';
export type { BroadcastStream } from '@millrace/streaming/api/broadcast-stream';
export { CheckpointConfig, CheckpointingMode, ExternalizedCheckpointRetention } from '@millrace/streaming/api/checkpoint-config';
export type { CloseableIterator } from '@millrace/streaming/api/closeable-iterator';
export { CoGroupedStreams, type CoGroupEqualTo, type CoGroupWhere, type WindowCoGroup } from '@millrace/streaming/api/co-grouped-streams';
export {
  CoProcessFunction,
  type CoProcessFunctionLike,
  KeyedCoProcessFunction,
  type KeyedCoProcessFunctionLike,
} from '@millrace/streaming/api/co-process-functions';
export { ConnectedStreams, KeyedConnectedStreams } from '@millrace/streaming/api/connected-streams';
export { DataStream } from '@millrace/streaming/api/data-stream';
export { DataStreamSink } from '@millrace/streaming/api/data-stream-sink';
export { DataStreamSource } from '@millrace/streaming/api/data-stream-source';
export { DataStreamUtils } from '@millrace/streaming/api/data-stream-utils';
export { ExecutionConfig } from '@millrace/streaming/api/execution-config';
export { IntervalJoin, IntervalJoined, OuterIntervalJoined } from '@millrace/streaming/api/interval-join';
export { JobClient, JobExecutionResult } from '@millrace/streaming/api/job-client';
export { ConnectedIterativeStreams, type IterationOptions, IterativeStream } from '@millrace/streaming/api/iterative-stream';
export { JoinedStreams, type JoinEqualTo, type JoinWhere, type WindowJoin } from '@millrace/streaming/api/joined-streams';
export { KeyedStream } from '@millrace/streaming/api/keyed-stream';
export {
  KeyedMultipleConnectedStreams,
  type KeyedMultipleInputProcessFunctionLike,
  MultipleConnectedStreams,
  type MultipleInputProcessFunctionLike,
} from '@millrace/streaming/api/multiple-connected-streams';
export { ParameterTool } from '@millrace/streaming/api/parameter-tool';
export {
  type OuterProcessJoinContext,
  type ProcessJoinContext,
  ProcessJoinFunction,
  type ProcessJoinFunctionLike,
} from '@millrace/streaming/api/process-join-function';
export {
  KeyedProcessFunction,
  type KeyedProcessFunctionLike,
  KeyedRichFunction,
  type KeyedRichFunctionLike,
  ProcessFunction,
  type ProcessFunctionLike,
} from '@millrace/streaming/api/process-functions';
export { FileProcessingMode, type ReadableFormat, type ReadFileOptions } from '@millrace/streaming/api/read-file';
export {
  RichFilterFunction,
  type RichFilterFunctionLike,
  RichFlatMapFunction,
  type RichFlatMapFunctionLike,
  RichFunction,
  type RichFunctionLike,
  RichMapFunction,
  type RichMapFunctionLike,
  rich,
} from '@millrace/streaming/api/rich-functions';
export type { KeyedRuntimeContext, RuntimeContext } from '@millrace/streaming/api/runtime-context';
export {
  MessageAcknowledgingSourceBase,
  MultipleIdsMessageAcknowledgingSourceBase,
} from '@millrace/streaming/api/message-acknowledging-source';
export {
  StandardSinkTopologies,
  type SupportsPostCommitTopology,
  type SupportsPreCommitTopology,
  type SupportsPreWriteTopology,
} from '@millrace/streaming/api/sink-topologies';
export type { CommittableMessage } from '@millrace/streaming/contract/committable-message';
export { TwoPhaseCommitSinkFunction, type TwoPhaseCommitSinkFunctionLike } from '@millrace/streaming/api/two-phase-commit-sink-function';
export { RichSinkFunction, type SinkFunction, type SinkFunctionLike } from '@millrace/streaming/api/sink-functions';
export {
  type ParallelSourceFunction,
  RichParallelSourceFunction,
  RichSourceFunction,
  type SourceFunction,
  type SourceFunctionLike,
} from '@millrace/streaming/api/source-functions';
export type { SourceContext } from '@millrace/streaming/contract/source-function';
export { SideOutputDataStream } from '@millrace/streaming/api/side-output-data-stream';
export { SingleOutputStreamOperator } from '@millrace/streaming/api/single-output-stream-operator';
export { type ExponentialDelay, RestartStrategies, type RestartStrategy } from '@millrace/streaming/api/restart-strategies';
export { StreamExecutionEnvironment } from '@millrace/streaming/api/stream-execution-environment';
export type {
  Collection,
  Comparable,
  Configuration,
  ElementOf,
  FieldOf,
  Summable,
} from '@millrace/streaming/api/stream-types';
export { Order, PartitionWindowedStream } from '@millrace/streaming/api/partition-windowed-stream';
export { RuntimeExecutionMode } from '@millrace/streaming/api/runtime-execution-mode';
export { SplitStream } from '@millrace/streaming/api/split-stream';
export type { StrategyFunction, WatermarkStrategies, WatermarkStrategyOf } from '@millrace/streaming/api/watermark-strategies';
export { AllWindowedStream, type AllWindowProcess, type AllWindowResult } from '@millrace/streaming/api/all-windowed-stream';
export {
  ProcessAllWindowFunction,
  type ProcessAllWindowFunctionLike,
  ProcessWindowFunction,
  type ProcessWindowFunctionLike,
} from '@millrace/streaming/api/process-window-functions';
export { WindowedStream, type WindowProcess, type WindowResult } from '@millrace/streaming/api/windowed-stream';
export type { FileFormat } from '@millrace/streaming/builtin/file/file-split-source';
export type { PathFilter, PathFilter as FilePathFilter } from '@millrace/streaming/builtin/file/file-listing';
export type { OnFileChange } from '@millrace/streaming/builtin/file/file-monitor';
export { type FileInputFormat, StreamFormat } from '@millrace/streaming/builtin/file/stream-format';
export { SplitBalancer } from '@millrace/streaming/builtin/split-balancer';
export { HybridSource, type HybridSourceBuilder, type SourceFactory } from '@millrace/streaming/builtin/hybrid/hybrid-source';
export type { SourceSwitchContext } from '@millrace/streaming/builtin/hybrid/hybrid-parts';
export { rateLimited } from '@millrace/streaming/builtin/rate-limit/rate-limited-source';
export { RateLimiterStrategies } from '@millrace/streaming/builtin/rate-limit/rate-limiter-strategies';
export type { RateLimiter, RateLimiterStrategy } from '@millrace/streaming/contract/rate-limiter';
export type { ReconnectionOptions } from '@millrace/streaming/builtin/socket/reconnection';
export type { SocketTextOptions } from '@millrace/streaming/builtin/socket/socket-lines';
export { type SerializationSchema, SocketSink, type SocketSchema } from '@millrace/streaming/builtin/socket/socket-sink';
export { DiscardingSink } from '@millrace/streaming/builtin/discarding-sink';
export type {
  BroadcastContext,
  BroadcastReader,
  KeyedBroadcastContext,
  ReadOnlyBroadcastContext,
  ReadOnlyKeyedBroadcastContext,
} from '@millrace/streaming/contract/broadcast-context';
export type { Collector, Emittable, MaybePromise, Nothing } from '@millrace/streaming/contract/emittable';
export {
  type Accumulator,
  AverageAccumulator,
  DoubleCounter,
  DoubleMaximum,
  DoubleMinimum,
  Histogram,
  IntCounter,
  IntMaximum,
  IntMinimum,
  ListAccumulator,
  LongCounter,
  LongMaximum,
  LongMinimum,
} from '@millrace/streaming/contract/accumulators';
export type { AggregateFunction, CheckpointListener } from '@millrace/streaming/contract/functions';
export type {
  AggregatingState,
  BroadcastState,
  KeyedStateStore,
  ListState,
  MapState,
  OperatorStateStore,
  ReadOnlyBroadcastState,
  ReducingState,
  State,
  ValueState,
} from '@millrace/streaming/contract/keyed-state';
export { OutputTag } from '@millrace/streaming/contract/output-tag';
export type { KeyedProcessContext, OnTimerContext, ProcessContext, SideOutputContext } from '@millrace/streaming/contract/process-context';
export type {
  CheckpointedFunction,
  DeclaringFunction,
  FunctionInitializationContext,
  FunctionSnapshotContext,
} from '@millrace/streaming/contract/rich-function';
export type {
  CommitRequest,
  Committer,
  CommittingSinkWriter,
  Sink,
  SinkContext,
  SinkWriter,
  StatefulSinkWriter,
  SupportsCommitter,
  SupportsWriterState,
  WriterInitContext,
} from '@millrace/streaming/contract/sink';
export type {
  Boundedness,
  InputStatus,
  ReaderInfo,
  ReaderOutput,
  Source,
  SourceOutput,
  SourceReader,
  SourceReaderContext,
  SplitEnumerator,
  SplitEnumeratorContext,
} from '@millrace/streaming/contract/source';
export {
  AggregatingStateDeclaration,
  BroadcastStateDeclaration,
  type DeclaredStateStore,
  ListStateDeclaration,
  MapStateDeclaration,
  ReducingStateDeclaration,
  RedistributionMode,
  RedistributionStrategy,
  StateDeclaration,
  TypedStateDeclaration,
  ValueStateDeclaration,
} from '@millrace/streaming/contract/state-declaration';
export { StateDeclarations } from '@millrace/streaming/contract/state-declarations';
export {
  AggregatingStateDescriptor,
  type AnyMapStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  StateDescriptor,
  ValueStateDescriptor,
} from '@millrace/streaming/contract/state-descriptor';
export type { StateBackend } from '@millrace/streaming/contract/state-backend';
export type { StateTtlConfig } from '@millrace/streaming/contract/state-ttl';
export type { ReadOnlyTimerService, TimeDomain, TimerService } from '@millrace/streaming/contract/timers';
export {
  type TimestampAssigner,
  type WatermarkGenerator,
  type WatermarkOutput,
  WatermarkStrategy,
} from '@millrace/streaming/contract/watermark-strategy';
export type { JobStatus } from '@millrace/streaming/graph/executor';
export { ContinuousEventTimeTrigger } from '@millrace/streaming/window/continuous-event-time-trigger';
export { ContinuousProcessingTimeTrigger } from '@millrace/streaming/window/continuous-processing-time-trigger';
export { CountEvictor } from '@millrace/streaming/window/count-evictor';
export { CountTrigger } from '@millrace/streaming/window/count-trigger';
export { DeltaEvictor } from '@millrace/streaming/window/delta-evictor';
export { DeltaTrigger } from '@millrace/streaming/window/delta-trigger';
export { EventTimeSessionWindows } from '@millrace/streaming/window/event-time-session-windows';
export { EventTimeTrigger } from '@millrace/streaming/window/event-time-trigger';
export type { Evictor, EvictorContext, TimestampedValue } from '@millrace/streaming/window/evictor';
export { GlobalWindow } from '@millrace/streaming/window/global-window';
export { GlobalWindows } from '@millrace/streaming/window/global-windows';
export { mergeTimeWindows } from '@millrace/streaming/window/merge-time-windows';
export { MergingWindowAssigner } from '@millrace/streaming/window/merging-window-assigner';
export { ProcessingTimeSessionWindows } from '@millrace/streaming/window/processing-time-session-windows';
export { ProcessingTimeTrigger } from '@millrace/streaming/window/processing-time-trigger';
export { ProcessingTimeoutTrigger } from '@millrace/streaming/window/processing-timeout-trigger';
export type { ProcessWindowContext } from '@millrace/streaming/window/process-window-context';
export { PurgingTrigger } from '@millrace/streaming/window/purging-trigger';
export { SlidingEventTimeWindows } from '@millrace/streaming/window/sliding-event-time-windows';
export { SlidingProcessingTimeWindows } from '@millrace/streaming/window/sliding-processing-time-windows';
export { TimeEvictor } from '@millrace/streaming/window/time-evictor';
export { TimeWindow } from '@millrace/streaming/window/time-window';
export { type OnMergeContext, Trigger, type TriggerContext } from '@millrace/streaming/window/trigger';
export { TriggerResult } from '@millrace/streaming/window/trigger-result';
export { TumblingEventTimeWindows } from '@millrace/streaming/window/tumbling-event-time-windows';
export { TumblingProcessingTimeWindows } from '@millrace/streaming/window/tumbling-processing-time-windows';
export { Window } from '@millrace/streaming/window/window';
export { WindowAssigner } from '@millrace/streaming/window/window-assigner';

/**
 * For programs that embed Millrace, an HTTP server that starts jobs for instance: runs the program in `module` with `args` as its `process.argv.slice(2)`
 * and gives its first job. The calling program itself is never run again.
 *
 * ```ts
 * const job = await submit(new URL('./job.ts', import.meta.url), ['--input', path]);
 * await job.getJobExecutionResult();
 * ```
 */
export async function submit(module: URL, args?: readonly string[], configuration?: Configuration): Promise<JobClient> {
  const { submitProgram } = await import('./client/submit.ts');
  return new JobClient(await submitProgram(module, args, configuration));
}

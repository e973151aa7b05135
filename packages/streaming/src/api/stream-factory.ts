/** The one module that knows every stream class, so that none of them has to know another one's subclass. */
import { ConnectedStreams, KeyedConnectedStreams } from './connected-streams.ts';
import { AllWindowedStream } from './all-windowed-stream.ts';
import { DataStream } from './data-stream.ts';
import { DataStreamSink } from './data-stream-sink.ts';
import { DataStreamSource } from './data-stream-source.ts';
import { BroadcastConnectedStream, KeyedBroadcastConnectedStream } from './broadcast-connected-stream.ts';
import { BroadcastStream } from './broadcast-stream.ts';
import { CoGroupedStreams } from './co-grouped-streams.ts';
import { IntervalJoin } from './interval-join.ts';
import { iterativeStream } from './iterative-stream.ts';
import { JoinedStreams } from './joined-streams.ts';
import { KeyedStream } from './keyed-stream.ts';
import { keyedPartitionWindows, partitionWindows } from './partition-windowed-stream.ts';
import { SideOutputDataStream } from './side-output-data-stream.ts';
import { SingleOutputStreamOperator } from './single-output-stream-operator.ts';
import { splitStream } from './split-stream.ts';
import type { KeyOf, StreamFactory } from './stream-scope.ts';
import { WindowedStream } from './windowed-stream.ts';

export const streamFactory: StreamFactory = {
  stream: (scope, id) => new DataStream(scope, id),
  operator: (scope, id) => new SingleOutputStreamOperator(scope, id),
  iterate: (scope, input, maxWaitTime, options) => iterativeStream(scope, input, maxWaitTime, options),
  split: (scope, input, selector) => splitStream(scope, input, selector),
  partitionWindowed: (scope, input) => partitionWindows(scope, input),
  keyedPartitionWindowed: (input) => keyedPartitionWindows(input),
  source: (scope, id) => new DataStreamSource(scope, id),
  sideOutput: (scope, id) => new SideOutputDataStream(scope, id),
  sink: (scope, id) => new DataStreamSink(scope, id),
  keyed: (scope, id, key) => new KeyedStream(scope, id, key),
  connected: (pair) => new ConnectedStreams(pair),
  keyedConnected: (pair) => new KeyedConnectedStreams(pair),
  intervalJoin: (pair) => new IntervalJoin(pair),
  broadcast: (scope, id, descriptors) => new BroadcastStream(scope, id, descriptors),
  broadcastConnected: (pair) => new BroadcastConnectedStream(pair),
  keyedBroadcastConnected: (pair, key) => new KeyedBroadcastConnectedStream(pair, key as unknown as KeyOf<never, unknown>),
  joined: (pair) => new JoinedStreams(pair),
  coGrouped: (pair) => new CoGroupedStreams(pair),
  windowed: (input, assigner) => new WindowedStream(input, assigner),
  allWindowed: (input, assigner) => new AllWindowedStream(input, assigner),
};

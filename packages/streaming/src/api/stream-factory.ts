/** The one module that knows every stream class, so that none of them has to know another one's subclass. */
import { DataStream } from './data-stream.ts';
import { DataStreamSink } from './data-stream-sink.ts';
import { DataStreamSource } from './data-stream-source.ts';
import { KeyedStream } from './keyed-stream.ts';
import { SideOutputDataStream } from './side-output-data-stream.ts';
import { SingleOutputStreamOperator } from './single-output-stream-operator.ts';
import type { StreamFactory } from './stream-scope.ts';
import { WindowedStream } from './windowed-stream.ts';

export const streamFactory: StreamFactory = {
  stream: (scope, id) => new DataStream(scope, id),
  operator: (scope, id) => new SingleOutputStreamOperator(scope, id),
  source: (scope, id) => new DataStreamSource(scope, id),
  sideOutput: (scope, id) => new SideOutputDataStream(scope, id),
  sink: (scope, id) => new DataStreamSink(scope, id),
  keyed: (scope, id, key) => new KeyedStream(scope, id, key),
  windowed: (input, assigner) => new WindowedStream(input, assigner),
};

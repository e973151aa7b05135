/**
 * Sinks that are more than a writer and a committer beside it: streams before the writer, between writer and committer, and behind the committer. Flink: FLIP-191, FLIP-372.
 *
 * What is added is part of the job as everything else: give its operators uids, and set their parallelism, where it is added.
 */
import { UsageError } from '@millrace/core/base/errors';
import type { SimpleVersionedSerializer } from '@millrace/core/types/type-information';
import type { CommittableMessage } from '../contract/committable-message.ts';
import type { MaybePromise } from '../contract/emittable.ts';
import type { OperatorLogic } from '../contract/operator.ts';
import type { Committer, Sink, SupportsCommitter, WriterInitContext } from '../contract/sink.ts';
import { committerOperator } from '../operators/committer-operator.ts';
import { show } from './function-checks.ts';
import type { DataStream } from './data-stream.ts';
import type { DataStreamSink } from './data-stream-sink.ts';
import type { SingleOutputStreamOperator } from './single-output-stream-operator.ts';
import type { StreamScope } from './stream-scope.ts';

export interface SupportsPreWriteTopology<T> extends Sink<T> {
  /** What the writers get in place of the records: repartitioned, say, or gathered. */
  addPreWriteTopology(records: DataStream<T>): DataStream<T>;
}

export interface SupportsPreCommitTopology<T, W, C> extends SupportsCommitter<T, C> {
  /** What the committers get in place of what the writers prepared: one larger file for many small ones, say. A message that comes twice must come out twice, or be known again. */
  addPreCommitTopology(prepared: DataStream<CommittableMessage<W>>): DataStream<CommittableMessage<C>>;
  /** Of what the writers prepare. */
  writeResultSerializer(): SimpleVersionedSerializer<W>;
}

export interface SupportsPostCommitTopology<T, C> extends SupportsCommitter<T, C> {
  /** Gets what has been committed. After a failure some of it comes again. */
  addPostCommitTopology(committed: DataStream<CommittableMessage<C>>): void;
}

type Topologies<T> = Partial<
  SupportsPreWriteTopology<T> & SupportsPreCommitTopology<T, unknown, unknown> & SupportsPostCommitTopology<T, unknown>
>;

/** Adds a sink with whatever it brings along; the settings of what it returns are the writer's. */
export function addSinkTopology<T>(scope: StreamScope, records: DataStream<T>, sink: Sink<T>): DataStreamSink {
  const { addPreWriteTopology, addPreCommitTopology, addPostCommitTopology } = sink as Topologies<T>;
  const written = addPreWriteTopology === undefined ? records : checkStream(addPreWriteTopology.call(sink, records), 'addPreWriteTopology');
  if (addPreCommitTopology === undefined && addPostCommitTopology === undefined)
    return scope.streams.sink(scope, written.writtenBy(sink as Sink<unknown>));
  const committing = checkCommitting(sink);
  const id = written.writtenBy(writing(committing) as Sink<unknown>, true);
  let prepared = scope.streams.stream<CommittableMessage<unknown>>(scope, id);
  if (addPreCommitTopology !== undefined)
    prepared = checkStream(addPreCommitTopology.call(sink as never, prepared), 'addPreCommitTopology');
  const committed = addCommitter(prepared, committing);
  addPostCommitTopology?.call(sink as never, committed);
  return scope.streams.sink(scope, id);
}

/** What its writers prepare is written to checkpoints by its own serializer. */
function writing<T>(sink: SupportsCommitter<T, unknown>): Sink<T> {
  const { writeResultSerializer } = sink as Partial<SupportsPreCommitTopology<T, unknown, unknown>>;
  if (writeResultSerializer === undefined) return sink;
  return new Proxy(sink, {
    get(target, property) {
      if (property === 'committableSerializer') return () => writeResultSerializer.call(target);
      const member = Reflect.get(target, property, target) as unknown;
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
}

type Committing<C> = Pick<SupportsCommitter<never, C>, 'createCommitter' | 'committableSerializer'>;

function addCommitter<C>(
  prepared: DataStream<CommittableMessage<C>>,
  sink: Committing<C>,
  name = 'Committer',
): SingleOutputStreamOperator<CommittableMessage<C>> {
  return prepared.committedBy(name, committerOperator<C>(sink) as OperatorLogic);
}

export const StandardSinkTopologies = {
  /**
   * One committer for all writers, for `addPostCommitTopology` (what the committers of the sink have done) or, with `addPreCommitTopology`, in their place. It has one subtask,
   * so it sees everything of a checkpoint.
   */
  addGlobalCommitter<C>(
    committables: DataStream<CommittableMessage<C>>,
    createCommitter: (context: WriterInitContext) => MaybePromise<Committer<C>>,
    committableSerializer: () => SimpleVersionedSerializer<C>,
  ): void {
    addCommitter(committables.global(), { createCommitter, committableSerializer }, 'Global Committer').setParallelism(1);
  },
};

function checkCommitting<T>(sink: Sink<T>): SupportsCommitter<T, unknown> {
  if (typeof (sink as Partial<SupportsCommitter<T, unknown>>).createCommitter === 'function') return sink as SupportsCommitter<T, unknown>;
  throw new UsageError(
    'sinkTo got a sink with a topology behind its writers and without createCommitter. Add createCommitter and committableSerializer, or leave the topology out.',
  );
}

function checkStream<S extends DataStream<unknown>>(stream: S, where: string): S {
  if (typeof (stream as Partial<DataStream<unknown>> | undefined)?.sinkTo === 'function') return stream;
  throw new UsageError(`${where} of a sink returned ${show(stream)}. Return the stream that the sink goes on with.`);
}

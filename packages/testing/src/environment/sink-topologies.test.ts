// Goal (B-032): streams before the writers, between writers and committers, and behind them; one committer for all. Method: a sink that remembers every call, in jobs of the test kit.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { StandardSinkTopologies } from '@millrace/streaming/api/sink-topologies';
import type {
  SupportsPostCommitTopology,
  SupportsPreCommitTopology,
  SupportsPreWriteTopology,
} from '@millrace/streaming/api/sink-topologies';
import type { DataStream } from '@millrace/streaming/api/data-stream';
import { jsonSerializer } from '@millrace/streaming/builtin/json-serializer';
import type { CommittableMessage } from '@millrace/streaming/contract/committable-message';
import type { Committer, CommittingSinkWriter, CommitRequest, WriterInitContext } from '@millrace/streaming/contract/sink';
import { TestEnvironment } from './test-environment.ts';

interface Piece {
  readonly writer: number;
  readonly records: readonly number[];
}
interface Bundle {
  readonly pieces: readonly Piece[];
}

type Kinds = SupportsPreWriteTopology<number> &
  SupportsPreCommitTopology<number, Piece, Bundle> &
  SupportsPostCommitTopology<number, Bundle>;

/** Even records only; pieces become bundles of one; what was committed goes to a global committer. */
class BundlingSink implements Kinds {
  readonly committed: Bundle[] = [];
  readonly seenBehind: number[] = [];
  readonly global: Bundle[][] = [];

  addPreWriteTopology(records: DataStream<number>): DataStream<number> {
    return records.filter((n) => n % 2 === 0);
  }
  createWriter(context: WriterInitContext): CommittingSinkWriter<number, never> {
    const writer = context.getRuntimeContext().getIndexOfThisSubtask();
    let records: number[] = [];
    const prepareCommit = () => {
      const piece: Piece = { writer, records };
      records = [];
      return piece.records.length === 0 ? [] : [piece as never];
    };
    return { write: (n) => void records.push(n), flush() {}, prepareCommit, close() {} };
  }
  addPreCommitTopology(prepared: DataStream<CommittableMessage<Piece>>): DataStream<CommittableMessage<Bundle>> {
    return prepared.map((message) => ({ ...message, committable: { pieces: [message.committable] } }));
  }
  createCommitter(): Committer<Bundle> {
    return committerTo((bundles) => this.committed.push(...bundles));
  }
  addPostCommitTopology(committed: DataStream<CommittableMessage<Bundle>>): void {
    committed.addSink((message) => void this.seenBehind.push(message.committable.pieces.length));
    StandardSinkTopologies.addGlobalCommitter(
      committed,
      () => committerTo((bundles) => this.global.push([...bundles])),
      () => jsonSerializer<Bundle>('bundle'),
    );
  }
  writeResultSerializer() {
    return jsonSerializer<Piece>('piece');
  }
  committableSerializer() {
    return jsonSerializer<Bundle>('bundle');
  }
}

function committerTo<C>(take: (committables: readonly C[]) => unknown): Committer<C> {
  return { commit: (requests: readonly CommitRequest<C>[]) => void take(requests.map((request) => request.getCommittable())), close() {} };
}

describe('a sink with topologies', () => {
  for (const parallelism of [1, 3]) {
    test(`writes, commits and goes on at parallelism ${parallelism}`, async () => {
      const env = TestEnvironment.create({ parallelism, seed: 5 });
      const numbers = env.testSource<number>();
      const sink = new BundlingSink();
      numbers.stream
        .rebalance()
        .sinkTo(sink as never)
        .name('bundles');
      await env.start();
      numbers.emit(...Array.from({ length: 60 }, (_, n) => n));
      await env.finish();
      const written = sink.committed.flatMap(({ pieces }) => pieces.flatMap(({ records }) => records));
      assert.deepEqual(
        [...written].sort((a, b) => a - b),
        Array.from({ length: 30 }, (_, n) => 2 * n),
      );
      assert.equal(new Set(sink.committed.map(({ pieces }) => pieces[0]?.writer)).size, parallelism);
      assert.equal(sink.seenBehind.length, sink.committed.length);
      assert.equal(sink.global.flat().length, sink.committed.length);
    });
  }

  test('a topology behind writers that commit nothing is refused, and so is one that returns no stream', () => {
    const env = TestEnvironment.create({ parallelism: 1, seed: 1 });
    const stream = env.testSource<number>().stream;
    const writer = { createWriter: () => ({ write() {}, flush() {}, close() {} }) };
    assert.throws(() => stream.sinkTo({ ...writer, addPostCommitTopology() {} } as never), /without createCommitter\. Add createCommitter/);
    assert.throws(
      () => stream.sinkTo({ ...writer, addPreWriteTopology() {} } as never),
      /addPreWriteTopology of a sink returned undefined\. Return the stream/,
    );
  });
});

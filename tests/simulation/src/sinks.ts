/** The exactly-once sinks of the simulation's jobs: one for each way in which a job may write lines. */
import { FileSink, SimpleStringEncoder } from '@millrace/connectors/file';
import { jsonSerializer } from '@millrace/streaming/builtin/json-serializer';
import { Types, TwoPhaseCommitSinkFunction } from 'millrace';
import type { CommittingSinkWriter, Committer, DataStream, SupportsCommitter } from 'millrace';
import type { SinkKind } from './program.ts';
import { OUTPUT, world } from './world.ts';

const Transaction = Types.row({ name: Types.STRING });
type Transaction = { readonly name: string };

class Transactions extends TwoPhaseCommitSinkFunction<string, Transaction> {
  #lines: string[] = [];

  constructor() {
    super(Transaction);
  }

  override beginTransaction(): Transaction {
    return { name: world().transactions.newName() };
  }

  override invoke(_transaction: Transaction, line: string): void {
    world().faults.at('invoke');
    this.#lines.push(line);
  }

  override async preCommit({ name }: Transaction): Promise<void> {
    world().faults.at('pre-commit');
    const lines = this.#lines;
    this.#lines = [];
    await world().transactions.preCommit(name, lines);
  }

  override commit({ name }: Transaction): Promise<void> {
    return world().transactions.commit(name);
  }

  override abort({ name }: Transaction): Promise<void> {
    return world().transactions.abort(name);
  }
}

/** A Sink V2 with a committer that asks for another try now and then. */
class CommitterSink implements SupportsCommitter<string, Transaction> {
  createWriter(): CommittingSinkWriter<string, Transaction> {
    let lines: string[] = [];
    return {
      write(line) {
        world().faults.at('invoke');
        lines.push(line);
      },
      flush() {},
      async prepareCommit() {
        world().faults.at('pre-commit');
        if (lines.length === 0) return [];
        const name = world().transactions.newName();
        const taken = lines;
        lines = [];
        await world().transactions.preCommit(name, taken);
        return [{ name }];
      },
      close() {},
    };
  }

  createCommitter(): Committer<Transaction> {
    return {
      async commit(requests) {
        for (const request of requests) {
          if (request.getNumberOfRetries() < 3 && world().random.nextInt(5) === 0) request.retryLater();
          else await world().transactions.commit(request.getCommittable().name);
        }
      },
      close() {},
    };
  }

  committableSerializer() {
    return jsonSerializer<Transaction>('transaction');
  }
}

export function writeTo(stream: DataStream<string>, kind: SinkKind, name: string): void {
  switch (kind) {
    case 'two-phase':
      stream.addSink(new Transactions()).name(name).uid(name);
      return;
    case 'committer':
      stream.sinkTo(new CommitterSink()).name(name).uid(name);
      return;
    case 'files':
      stream
        .sinkTo(FileSink.forRowFormat(`${OUTPUT}/${name}`, new SimpleStringEncoder()).build())
        .name(name)
        .uid(name);
      return;
    case 'open-files':
      stream
        .sinkTo(
          FileSink.forRowFormat(`${OUTPUT}/${name}`, new SimpleStringEncoder())
            .withRollingPolicy({ rollOnCheckpoint: false, maxPartSizeBytes: 400 })
            .build(),
        )
        .name(name)
        .uid(name);
  }
}

// Goal (SINK-11, SINK-12): the four calls come in their order, and however often the process dies between any two of them, every record is committed once. Method: a driver
// plays the engine (records, checkpoints, their completion, restores) over a store of transactions, and is killed after every single step, and after every pair of steps.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Types } from '@millrace/core/types/types';
import type {
  Committer,
  CommittingSinkWriter,
  CommitRequest,
  SinkContext,
  StatefulSinkWriter,
  SupportsCommitter,
  SupportsWriterState,
  WriterInitContext,
} from '../contract/sink.ts';
import { rich } from './rich-functions.ts';
import { sinkOfFunction } from './sink-functions.ts';
import { TwoPhaseCommitSinkFunction } from './two-phase-commit-sink-function.ts';

/** The system outside: what is committed there stays. */
class Store {
  readonly transactions = new Map<string, { lines: string[]; state: 'open' | 'prepared' }>();
  readonly committed: string[] = [];
  readonly log: string[] = [];
  next = 0;
}

class StoreSink extends TwoPhaseCommitSinkFunction<string, { id: string }, { subtask: number }> {
  readonly #store: Store;

  constructor(store: Store) {
    super(Types.row({ id: Types.STRING }), Types.row({ subtask: Types.LONG }));
    this.#store = store;
  }

  override async beginTransaction() {
    const id = `t${this.#store.next++}`;
    this.#store.log.push(`begin ${id}`);
    this.#store.transactions.set(id, { lines: [], state: 'open' });
    return { id };
  }
  override invoke({ id }: { id: string }, line: string) {
    const transaction = this.#store.transactions.get(id);
    assert.equal(transaction?.state, 'open', `a record for ${id}`);
    transaction.lines.push(line);
  }
  override preCommit({ id }: { id: string }) {
    this.#store.log.push(`preCommit ${id}`);
    const transaction = this.#store.transactions.get(id);
    assert.equal(transaction?.state, 'open', `preCommit of ${id}`);
    transaction.state = 'prepared';
  }
  override commit({ id }: { id: string }) {
    this.#store.log.push(`commit ${id}`);
    const transaction = this.#store.transactions.get(id);
    if (transaction === undefined) return; // done before
    assert.equal(transaction.state, 'prepared', `commit of ${id}`);
    this.#store.committed.push(...transaction.lines);
    this.#store.transactions.delete(id);
  }
  override abort({ id }: { id: string }) {
    this.#store.log.push(`abort ${id}`);
    this.#store.transactions.delete(id);
  }
  override initializeUserContext() {
    return { subtask: this.getRuntimeContext().getIndexOfThisSubtask() };
  }
}

type Committable = object;
type State = object;
type Sink2PC = SupportsCommitter<string, Committable> & SupportsWriterState<string, State>;
type Writer2PC = CommittingSinkWriter<string, Committable> & StatefulSinkWriter<string, State>;

interface Checkpoint {
  readonly offset: number;
  readonly committables: readonly { readonly bytes: Uint8Array; readonly version: number }[];
  readonly states: readonly Uint8Array[];
}

class Killed extends Error {}

/** The engine's part, one subtask: everything that crosses a failure goes through the serializers. */
class Driver {
  readonly store = new Store();
  readonly #kills: readonly number[];
  #steps = 0;
  #attempt = 0;
  #completed: Checkpoint = { offset: 0, committables: [], states: [] };
  #isRestored = false;

  constructor(kills: readonly number[]) {
    this.#kills = kills;
  }

  get steps(): number {
    return this.#steps;
  }

  async run(records: number, every: number): Promise<void> {
    for (;;) {
      try {
        await this.#attemptRun(records, every);
        return;
      } catch (error) {
        if (!(error instanceof Killed)) throw error;
        this.#attempt += 1;
        this.#isRestored = true;
      }
    }
  }

  async #step<R>(action: () => R): Promise<Awaited<R>> {
    const result = await action();
    if (this.#kills.includes(++this.#steps)) throw new Killed();
    return result;
  }

  async #attemptRun(records: number, every: number): Promise<void> {
    const sink = sinkOfFunction<string>(rich(() => new StoreSink(this.store)))({ globals: undefined, parameters: {} } as never) as Sink2PC;
    const context = this.#context();
    const committer = await this.#step(() => sink.createCommitter(context));
    const serializer = sink.committableSerializer();
    const left = this.#completed.committables.map(({ bytes, version }) => serializer.deserialize(bytes, version));
    await this.#commit(committer, left);
    const states = this.#completed.states.map((bytes) => sink.writerStateSerializer().deserialize(bytes, 1));
    const writer = (await this.#step(() =>
      this.#isRestored ? sink.restoreWriter(context, states) : sink.createWriter(context),
    )) as Writer2PC;
    for (let n = this.#completed.offset; n < records; n++) {
      await this.#step(() => writer.write(`line ${n}`, {} as SinkContext));
      if ((n + 1) % every === 0) await this.#checkpoint(sink, writer, committer, n + 1);
    }
    await this.#step(() => writer.flush(true));
    const last = await this.#step(() => writer.prepareCommit());
    // The final checkpoint of a bounded job: from here on a restore finds the end.
    await this.#complete(sink, last, [], records);
    await this.#commit(committer, last);
    await this.#step(() => writer.close());
  }

  async #checkpoint(sink: Sink2PC, writer: Writer2PC, committer: Committer<Committable>, offset: number): Promise<void> {
    await this.#step(() => writer.flush(false));
    const committables = await this.#step(() => writer.prepareCommit());
    const states = await this.#step(() => writer.snapshotState(offset, 0));
    await this.#complete(sink, committables, states, offset);
    await this.#commit(committer, committables);
  }

  async #complete(sink: Sink2PC, committables: readonly Committable[], states: readonly State[], offset: number): Promise<void> {
    const serializer = sink.committableSerializer();
    await this.#step(() => {
      this.#completed = {
        offset,
        committables: committables.map((each) => ({ bytes: serializer.serialize(each), version: serializer.version })),
        states: states.map((state) => sink.writerStateSerializer().serialize(state)),
      };
    });
  }

  async #commit(committer: Committer<Committable>, committables: readonly Committable[]): Promise<void> {
    for (const committable of committables) {
      await this.#step(() => committer.commit([{ getCommittable: () => committable } as CommitRequest<Committable>]));
    }
  }

  #context(): WriterInitContext {
    const runtime = { getIndexOfThisSubtask: () => 0, getAttemptNumber: () => this.#attempt };
    return { getRuntimeContext: () => runtime } as unknown as WriterInitContext;
  }
}

const LINES = Array.from({ length: 7 }, (_, n) => `line ${n}`);

describe('TwoPhaseCommitSinkFunction', () => {
  test('SINK-12: the order of the calls, with and without a failure', async () => {
    const quiet = new Driver([]);
    await quiet.run(4, 2);
    assert.deepEqual(quiet.store.log, [
      ...['begin t0', 'preCommit t0', 'begin t1', 'commit t0'],
      ...['preCommit t1', 'begin t2', 'commit t1', 'preCommit t2', 'commit t2'],
    ]);
    const killed = new Driver([10]); // right behind the first commit
    await killed.run(4, 2);
    assert.deepEqual(killed.store.log.slice(3, 7), ['commit t0', 'commit t0', 'abort t1', 'begin t2']);
  });

  test('SINK-11: killed after any step, and after any two, every line is there once and no transaction is left prepared', async () => {
    const quiet = new Driver([]);
    await quiet.run(LINES.length, 3);
    for (let first = 1; first <= quiet.steps; first++) {
      for (const second of [undefined, ...Array.from({ length: quiet.steps }, (_, n) => first + n + 1)]) {
        const driver = new Driver(second === undefined ? [first] : [first, second]);
        await driver.run(LINES.length, 3);
        assert.deepEqual([...driver.store.committed].sort(), LINES, `killed after steps ${first} and ${second}`);
        const prepared = [...driver.store.transactions.values()].filter(
          ({ state, lines }) => state === 'prepared' && lines.some((line) => !driver.store.committed.includes(line)),
        );
        assert.deepEqual(prepared, []);
      }
    }
  });

  test('faults 13: a commit that fails after the restore of a transaction older than its timeout is loud, or passed over where that was asked for', async () => {
    const run = async (change: (sink: Failing) => void, begunAt: number) => {
      const fn = new Failing();
      change(fn);
      const sink = sinkOfFunction<string>(fn)({} as never) as Sink2PC;
      const context = {
        getRuntimeContext: () => ({ getIndexOfThisSubtask: () => 0, getAttemptNumber: () => 0 }),
      } as unknown as WriterInitContext;
      const committer = await sink.createCommitter(context);
      await committer.commit([{ getCommittable: () => ({ transaction: 'x', begunAt }) } as unknown as CommitRequest<Committable>]);
    };
    const gone = (error: Error) => error.message === 'recoverAndCommit' && (error.cause as Error).message === 'the system is gone';
    const old = Date.now() - 120_000;
    await assert.rejects(
      run(() => {}, old),
      gone,
    );
    await assert.rejects(
      run((sink) => sink.setTransactionTimeout('1 h'), old),
      gone,
    );
    await assert.rejects(
      run((sink) => sink.setTransactionTimeout('1 min'), old),
      /begun 12\d{4} ms ago could not be committed after the restore; its timeout is 60000 ms/,
    );
    const { error } = console;
    const told: unknown[][] = [];
    console.error = (...texts: unknown[]) => void told.push(texts);
    try {
      await run((sink) => sink.setTransactionTimeout('1 min').ignoreFailuresAfterTransactionTimeout(), old);
    } finally {
      console.error = error;
    }
    assert.match(String(told[0]?.[0]), /is passed over \(ignoreFailuresAfterTransactionTimeout\)/);
  });

  test('a sink whose commit after a restore fails, so that it never writes, is closed; one that wrote is closed once', async () => {
    const context = {
      getRuntimeContext: () => ({ getIndexOfThisSubtask: () => 0, getAttemptNumber: () => 0 }),
    } as unknown as WriterInitContext;
    for (const writes of [false, true]) {
      const fn = new Failing();
      const sink = sinkOfFunction<string>(fn)({} as never) as Sink2PC;
      const committer = await sink.createCommitter(context);
      if (writes) await (await sink.createWriter(context)).close();
      else {
        const request = { getCommittable: () => ({ transaction: 'x', begunAt: 0 }) } as unknown as CommitRequest<Committable>;
        await assert.rejects(async () => committer.commit([request]));
      }
      await committer.close();
      assert.equal(fn.closed, 1);
    }
  });

  test('what lacks one of the calls is refused by name', () => {
    const sink = { beginTransaction: () => 1, invoke() {}, preCommit() {}, commit() {} };
    assert.throws(
      () => sinkOfFunction(sink as never),
      /addSink got .*, which has no method abort\. Give it a TwoPhaseCommitSinkFunction\./,
    );
  });
});

class Failing extends TwoPhaseCommitSinkFunction<string, string> {
  closed = 0;

  constructor() {
    super(Types.STRING);
  }
  override beginTransaction() {
    return 'x';
  }
  override invoke() {}
  override preCommit() {}
  override commit() {
    throw new Error('the system is gone');
  }
  override abort() {}
  override close() {
    this.closed += 1;
  }
}

/**
 * A sink function with the four calls of the two-phase commit, as a Sink V2: its transactions are the committables, the open one is the writer's state.
 *
 * Writer and committer of a subtask call one object of the user's, so whichever is made first makes it, and the writer closes it; the committer where no writer ever was.
 *
 * P1 `preCommit` comes before the transaction is part of a checkpoint; `commit` only after that checkpoint is complete everywhere, or after a restore from it.
 * P2 after a restore what was pre-committed is committed first (`recoverAndCommit`), then what was open is aborted (`recoverAndAbort`), then a transaction begins.
 * P3 while a subtask writes, exactly one transaction is open; after the end of the input none.
 */
import { TerminalError } from '@millrace/core/base/errors';
import type { SimpleVersionedSerializer } from '@millrace/core/types/type-information';
import { descriptionOf, typeInformationOf } from '@millrace/core/types/types';
import { FailingCall } from '../../contract/failing-call.ts';
import type { MaybePromise } from '../../contract/emittable.ts';
import type { RuntimeContext } from '../../contract/functions.ts';
import type {
  Committer,
  CommitRequest,
  CommittingSinkWriter,
  SinkContext,
  StatefulSinkWriter,
  SupportsCommitter,
  SupportsWriterState,
  WriterInitContext,
} from '../../contract/sink.ts';
import type { TwoPhaseCommitLife } from '../../contract/sink-function.ts';
import { FunctionLifeCycle } from '../../operators/function-life.ts';
import { FunctionState } from './function-state.ts';

/** A transaction with the time at which it was begun, milliseconds since the epoch. */
export interface OpenTransaction<TXN> {
  readonly transaction: TXN;
  readonly begunAt: number;
}

export interface WriterState<TXN, CONTEXT> extends OpenTransaction<TXN> {
  readonly userContext: CONTEXT | undefined;
}

interface Options<T, TXN, CONTEXT, C> {
  readonly create: () => TwoPhaseCommitLife<T, TXN, CONTEXT, C>;
  /** Of any object that `create` gives: the serializers are needed before there is one. */
  readonly types: Pick<TwoPhaseCommitLife<T, TXN, CONTEXT, C>, 'transactionType' | 'contextType'>;
  readonly runtimeContext: (subtask: RuntimeContext) => C;
  readonly now: () => number;
}

type Writer<T, TXN, CONTEXT> = CommittingSinkWriter<T, OpenTransaction<TXN>> & StatefulSinkWriter<T, WriterState<TXN, CONTEXT>>;

export class TwoPhaseCommitSink<in T, TXN, CONTEXT, C>
  implements SupportsCommitter<T, OpenTransaction<TXN>>, SupportsWriterState<T, WriterState<TXN, CONTEXT>>
{
  readonly #options: Options<T, TXN, CONTEXT, C>;
  /** Those whose writer or committer lives, by subtask and attempt. */
  readonly #subtasks = new Map<string, Subtask<T, TXN, CONTEXT, C>>();

  constructor(options: Options<T, TXN, CONTEXT, C>) {
    this.#options = options;
  }

  async createWriter(context: WriterInitContext): Promise<Writer<T, TXN, CONTEXT>> {
    const subtask = this.#subtaskOf(context);
    await subtask.begin([]);
    return subtask;
  }

  async restoreWriter(context: WriterInitContext, states: readonly WriterState<TXN, CONTEXT>[]): Promise<Writer<T, TXN, CONTEXT>> {
    const subtask = this.#subtaskOf(context);
    await subtask.begin(states);
    return subtask;
  }

  async createCommitter(context: WriterInitContext): Promise<Committer<OpenTransaction<TXN>>> {
    const subtask = this.#subtaskOf(context);
    await subtask.open();
    return { commit: (requests) => subtask.commit(requests), close: () => subtask.closeUnlessBegun() };
  }

  committableSerializer(): SimpleVersionedSerializer<OpenTransaction<TXN>> {
    const { transactionType } = this.#options.types;
    return typeInformationOf<OpenTransaction<TXN>>({ kind: 'row', fields: transactionFields(transactionType) }).createSerializer();
  }

  writerStateSerializer(): SimpleVersionedSerializer<WriterState<TXN, CONTEXT>> {
    const { transactionType, contextType } = this.#options.types;
    const fields = [...transactionFields(transactionType), { name: 'userContext', type: maybe(descriptionOf(contextType)) }];
    return typeInformationOf<WriterState<TXN, CONTEXT>>({ kind: 'row', fields }).createSerializer();
  }

  #subtaskOf(context: WriterInitContext): Subtask<T, TXN, CONTEXT, C> {
    const runtime = context.getRuntimeContext();
    const key = `${runtime.getIndexOfThisSubtask()}/${runtime.getAttemptNumber()}`;
    const known = this.#subtasks.get(key);
    if (known !== undefined) return known;
    const { create, runtimeContext, now } = this.#options;
    const subtask = new Subtask({ fn: create(), runtimeContext: runtimeContext(runtime), now, closed: () => this.#subtasks.delete(key) });
    this.#subtasks.set(key, subtask);
    return subtask;
  }
}

interface SubtaskOptions<T, TXN, CONTEXT, C> {
  readonly fn: TwoPhaseCommitLife<T, TXN, CONTEXT, C>;
  readonly runtimeContext: C;
  readonly now: () => number;
  readonly closed: () => void;
}

class Subtask<in T, TXN, CONTEXT, C> implements Writer<T, TXN, CONTEXT> {
  readonly #fn: TwoPhaseCommitLife<T, TXN, CONTEXT, C>;
  readonly #life: FunctionLifeCycle<C>;
  readonly #now: () => number;
  readonly #closed: () => void;
  #opened: Promise<void> | undefined = undefined;
  #isBegun = false;
  #isWriting = false;
  #isAtEnd = false;
  /** P3 */
  #open: OpenTransaction<TXN> | undefined = undefined;
  #userContext: CONTEXT | undefined = undefined;

  constructor({ fn, runtimeContext, now, closed }: SubtaskOptions<T, TXN, CONTEXT, C>) {
    const state = new FunctionState([]);
    this.#fn = fn;
    this.#life = new FunctionLifeCycle<C>(fn, runtimeContext, () => state);
    this.#now = now;
    this.#closed = closed;
  }

  open(): Promise<void> {
    this.#opened ??= this.#life.open();
    return this.#opened;
  }

  /** P2: what is left to be committed has been committed by now. */
  async begin(states: readonly WriterState<TXN, CONTEXT>[]): Promise<void> {
    const fn = this.#fn;
    this.#isBegun = true;
    try {
      await this.open();
      for (const { transaction } of states) {
        await named('recoverAndAbort', () => (fn.recoverAndAbort === undefined ? fn.abort(transaction) : fn.recoverAndAbort(transaction)));
      }
      this.#userContext = states.find(({ userContext }) => userContext !== undefined)?.userContext ?? fn.initializeUserContext?.();
      await this.#beginTransaction();
    } catch (error) {
      await this.close().catch(() => {}); // the first failure is the one that counts
      throw error;
    }
    this.#isWriting = true;
  }

  write(element: T, context: SinkContext): MaybePromise<void> {
    return this.#fn.invoke((this.#open as OpenTransaction<TXN>).transaction, element, context);
  }

  flush(endOfInput: boolean): void {
    if (endOfInput) this.#isAtEnd = true;
  }

  async prepareCommit(): Promise<readonly OpenTransaction<TXN>[]> {
    const open = this.#open;
    if (open === undefined) return [];
    await named('preCommit', () => this.#fn.preCommit(open.transaction)); // P1
    this.#open = undefined;
    if (!this.#isAtEnd) await this.#beginTransaction();
    return [open];
  }

  snapshotState(): readonly WriterState<TXN, CONTEXT>[] {
    return this.#open === undefined ? [] : [{ ...this.#open, userContext: this.#userContext }];
  }

  async commit(requests: readonly CommitRequest<OpenTransaction<TXN>>[]): Promise<void> {
    for (const request of requests) await this.#commit(request.getCommittable());
  }

  async closeUnlessBegun(): Promise<void> {
    if (!this.#isBegun) await this.close();
  }

  /** What was not pre-committed is given up. */
  async close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    this.#closed();
    try {
      if (open !== undefined) await named('abort', () => this.#fn.abort(open.transaction));
    } finally {
      await this.#life.close();
    }
  }

  async #commit({ transaction, begunAt }: OpenTransaction<TXN>): Promise<void> {
    const fn = this.#fn;
    if (this.#isWriting) return named('commit', () => fn.commit(transaction));
    try {
      await named('recoverAndCommit', () =>
        fn.recoverAndCommit === undefined ? fn.commit(transaction) : fn.recoverAndCommit(transaction),
      );
    } catch (error) {
      this.#judgeLateCommit(error, begunAt);
    }
  }

  /** Loud unless the user has said otherwise: what an expired transaction held is lost. */
  #judgeLateCommit(error: unknown, begunAt: number): void {
    const timeout = this.#fn.transactionTimeout;
    const ageMs = this.#now() - begunAt;
    if (timeout === undefined || ageMs < timeout.timeoutMs) throw error;
    if (timeout.isIgnored) {
      console.error(
        `A transaction of ${ageMs} ms could not be committed after a restore and is passed over (ignoreFailuresAfterTransactionTimeout):`,
        error,
      );
      return;
    }
    throw new TerminalError(
      `A transaction that was begun ${ageMs} ms ago could not be committed after the restore; its timeout is ${timeout.timeoutMs} ms, so the system that it is with has probably given it up, and its records are lost there. ` +
        'Restore from before it and write them again, or accept the loss with ignoreFailuresAfterTransactionTimeout().',
      { cause: error, reason: 'transaction-expired' },
    );
  }

  async #beginTransaction(): Promise<void> {
    const begunAt = this.#now();
    this.#open = { transaction: await named('beginTransaction', () => this.#fn.beginTransaction()), begunAt };
  }
}

async function named<R>(call: string, action: () => MaybePromise<R>): Promise<R> {
  try {
    return await action();
  } catch (error) {
    throw FailingCall.of(call, error);
  }
}

function transactionFields(type: Parameters<typeof descriptionOf>[0]) {
  return [
    { name: 'transaction', type: descriptionOf(type) },
    { name: 'begunAt', type: { kind: 'long' } },
  ] as const;
}

/** A context may be undefined. */
function maybe(type: ReturnType<typeof descriptionOf>): ReturnType<typeof descriptionOf> {
  return type.kind === 'shape' ? type : { kind: 'union', types: [{ kind: 'undefined' }, type] };
}

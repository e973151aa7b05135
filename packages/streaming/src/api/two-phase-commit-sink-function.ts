/** Flink's TwoPhaseCommitSinkFunction: a sink of one's own, exactly once, by four calls. */
import { UsageError } from '@millrace/core/base/errors';
import { systemClock } from '@millrace/core/base/clock';
import { Duration, type DurationLike } from '@millrace/core/config/duration';
import type { TypeInformation } from '@millrace/core/types/type-information';
import { descriptionOf } from '@millrace/core/types/types';
import { TwoPhaseCommitSink } from '../builtin/function/two-phase-commit-sink.ts';
import type { MaybePromise } from '../contract/emittable.ts';
import type { Sink, SinkContext } from '../contract/sink.ts';
import type { TransactionTimeout, TwoPhaseCommitLife } from '../contract/sink-function.ts';
import { FunctionFactory, functionFactory } from './function-factory.ts';
import { RichFunction, type RichFunctionLike } from './rich-functions.ts';
import { type FunctionParameters, type RuntimeContext, runtimeContextOf } from './runtime-context.ts';

/** An object of this shape is what `addSink` takes. */
export interface TwoPhaseCommitSinkFunctionLike<in T> extends RichFunctionLike {
  readonly beginTransaction: () => unknown;
  readonly invoke: (transaction: never, value: T, context: SinkContext) => MaybePromise<void>;
  readonly preCommit: (transaction: never) => MaybePromise<void>;
  readonly commit: (transaction: never) => MaybePromise<void>;
  readonly abort: (transaction: never) => MaybePromise<void>;
}

/**
 * Every record goes into the transaction that is open. At a checkpoint the transaction is pre-committed and the next one begins; when the checkpoint is complete it is
 * committed. After a failure what was pre-committed in the checkpoint is committed once more, and what was open is aborted: `commit` and `abort` must
 * do no harm when they are repeated, also by another subtask. Without checkpoints everything is committed at the end of a bounded job, and an unbounded one never commits.
 *
 * The transaction is part of the checkpoint, hence its type: plain data that says where the transaction is, no connection. A record waits for the promise of the one before.
 *
 * ```ts
 * class Files extends TwoPhaseCommitSinkFunction<string, { readonly name: string }> {
 *   readonly #lines: string[] = [];
 *   constructor() { super(Types.row({ name: Types.STRING })); }
 *   override beginTransaction() { return { name: crypto.randomUUID() }; }
 *   override invoke(_transaction: { readonly name: string }, line: string) { this.#lines.push(line); }
 *   override preCommit({ name }: { readonly name: string }) { writeFileSync(`.${name}`, this.#lines.splice(0).join('\n'), { flush: true }); }
 *   override commit({ name }: { readonly name: string }) { if (existsSync(`.${name}`)) renameSync(`.${name}`, name); }
 *   override abort({ name }: { readonly name: string }) { rmSync(`.${name}`, { force: true }); }
 * }
 * ```
 */
export abstract class TwoPhaseCommitSinkFunction<T, TXN, CONTEXT = undefined> extends RichFunction {
  readonly transactionType: TypeInformation<TXN>;
  readonly contextType: TypeInformation<CONTEXT> | undefined;
  #timeoutMs: number | undefined = undefined;
  #isTimeoutIgnored = false;

  /** `contextType` is for sinks that override `initializeUserContext`. */
  constructor(transactionType: TypeInformation<TXN>, contextType?: TypeInformation<CONTEXT>) {
    super();
    descriptionOf(transactionType); // refuses a type of unknown make where the user can see which it was
    descriptionOf(contextType);
    this.transactionType = transactionType;
    this.contextType = contextType;
  }

  abstract beginTransaction(): MaybePromise<TXN>;

  abstract invoke(transaction: TXN, value: T, context: SinkContext): MaybePromise<void>;

  /** From here on the transaction must be able to commit, whatever happens to this process. */
  abstract preCommit(transaction: TXN): MaybePromise<void>;

  abstract commit(transaction: TXN): MaybePromise<void>;

  abstract abort(transaction: TXN): MaybePromise<void>;

  /** `commit` after a restore. */
  recoverAndCommit(transaction: TXN): MaybePromise<void> {
    return this.commit(transaction);
  }

  /** `abort` after a restore: of the transaction that was open when the checkpoint was taken. */
  recoverAndAbort(transaction: TXN): MaybePromise<void> {
    return this.abort(transaction);
  }

  /** What a subtask keeps across its transactions, in every checkpoint. */
  initializeUserContext(): CONTEXT | undefined {
    return undefined;
  }

  /** After so long the other system gives a transaction up: a commit that fails after a restore is then told as what it is. */
  setTransactionTimeout(timeout: DurationLike): this {
    const timeoutMs = Duration.from(timeout).toMillis();
    if (timeoutMs <= 0) throw new UsageError(`setTransactionTimeout got ${timeoutMs} ms. Give a duration above 0.`);
    this.#timeoutMs = timeoutMs;
    return this;
  }

  /** A commit that fails after a restore, and after the timeout, is written to standard error and passed over. What the transaction held is lost. */
  ignoreFailuresAfterTransactionTimeout(): this {
    this.#isTimeoutIgnored = true;
    return this;
  }

  get transactionTimeout(): TransactionTimeout | undefined {
    return this.#timeoutMs === undefined ? undefined : { timeoutMs: this.#timeoutMs, isIgnored: this.#isTimeoutIgnored };
  }
}

const METHODS = ['beginTransaction', 'invoke', 'preCommit', 'commit', 'abort'] as const;
const EXPECTED = {
  where: 'addSink',
  what: 'a TwoPhaseCommitSinkFunction',
  methods: METHODS,
  asynchronous: true,
} as const;

/** Told by any of the calls that no other sink function has. */
export function isTwoPhaseCommit<T>(given: unknown): given is TwoPhaseCommitSinkFunctionLike<T> {
  const object = sampleOf(given) as Partial<TwoPhaseCommitSinkFunctionLike<T>> | null | undefined;
  return typeof object === 'object' && object !== null && (object.beginTransaction !== undefined || object.preCommit !== undefined);
}

/** One object of a factory is made to look at it: what kind it is, and the types of its transactions. */
function sampleOf(given: unknown): unknown {
  return given instanceof FunctionFactory ? given.create() : given;
}

export function twoPhaseCommitSink<T>(given: unknown): (parameters: FunctionParameters) => Sink<T> {
  const create = functionFactory<TwoPhaseCommitLife<T, unknown, unknown, RuntimeContext>>(given, EXPECTED);
  const types = sampleOf(given) as TwoPhaseCommitLife<T, unknown, unknown, RuntimeContext>;
  return (parameters) =>
    new TwoPhaseCommitSink<T, unknown, unknown, RuntimeContext>({
      create,
      types,
      runtimeContext: (runtime) => runtimeContextOf({ runtime }, parameters),
      now: () => systemClock.now(),
    });
}

import type { TypeInformation } from '@millrace/core/types/type-information';
import type { MaybePromise } from './emittable.ts';
import type { FunctionLife } from './rich-function.ts';
import type { SinkContext } from './sink.ts';

/** What the engine calls of a sink function, one call after another: the next when the promise of the last has settled. */
export interface SinkFunctionLife<in T, in C = never> extends FunctionLife<C> {
  readonly invoke: (value: T, context: SinkContext) => MaybePromise<void>;
  readonly writeWatermark?: (timestamp: number) => MaybePromise<void>;
  /** At the end of the input, before `close`; not after a failure. */
  readonly finish?: () => MaybePromise<void>;
}

/** A transaction that takes longer than its time from `beginTransaction` to its commit may be gone at the system that it is with. */
export interface TransactionTimeout {
  readonly timeoutMs: number;
  /** A commit after a failure that comes too late is told and passed over; otherwise it fails the job. */
  readonly isIgnored: boolean;
}

/** What the engine calls of a sink with the four calls of the two-phase commit. */
export interface TwoPhaseCommitLife<in T, in out TXN, in out CONTEXT, in C = never> extends FunctionLife<C> {
  readonly transactionType: TypeInformation<TXN> | undefined;
  readonly contextType: TypeInformation<CONTEXT> | undefined;
  readonly beginTransaction: () => MaybePromise<TXN>;
  readonly invoke: (transaction: TXN, value: T, context: SinkContext) => MaybePromise<void>;
  readonly preCommit: (transaction: TXN) => MaybePromise<void>;
  readonly commit: (transaction: TXN) => MaybePromise<void>;
  readonly abort: (transaction: TXN) => MaybePromise<void>;
  readonly recoverAndCommit?: (transaction: TXN) => MaybePromise<void>;
  readonly recoverAndAbort?: (transaction: TXN) => MaybePromise<void>;
  /** Once for each subtask that starts without state; undefined where there is no context. */
  readonly initializeUserContext?: () => CONTEXT | undefined;
  readonly transactionTimeout?: TransactionTimeout | undefined;
}

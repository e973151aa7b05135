/** The life of a user's object in one subtask, as operators drive it: `open` is awaited before the first record, `close` is always called. */
import type { MaybePromise, Nothing } from './emittable.ts';
import type { OperatorStateStore } from './keyed-state.ts';
import type { StateDeclaration } from './state-declaration.ts';

export interface FunctionInitializationContext {
  isRestored(): boolean;
  getRestoredCheckpointId(): number | undefined;
  getOperatorStateStore(): OperatorStateStore;
}

export interface FunctionSnapshotContext {
  getCheckpointId(): number;
  getCheckpointTimestamp(): number;
}

/** A function with state of its subtask, beside or instead of that of its keys. */
export interface CheckpointedFunction {
  /** Before `open`; the place to ask for operator state. */
  initializeState(context: FunctionInitializationContext): MaybePromise<void>;
  /** Before each checkpoint; the place to bring operator state up to date. */
  snapshotState(context: FunctionSnapshotContext): Nothing;
}

/** What a function says of its state before it runs. */
export interface DeclaringFunction {
  /** The states that it uses; asked when the job is built and again in each subtask, and always to be answered alike. */
  usesStates(): Iterable<StateDeclaration>;
}

/** What an operator calls of any rich function, whatever its records are. */
export interface FunctionLife<in C> {
  readonly usesStates?: () => Iterable<StateDeclaration>;
  readonly open?: (context: C) => MaybePromise<void>;
  readonly close?: () => MaybePromise<void>;
  readonly initializeState?: (context: FunctionInitializationContext) => MaybePromise<void>;
  readonly snapshotState?: (context: FunctionSnapshotContext) => Nothing;
  readonly notifyCheckpointComplete?: (checkpointId: number) => MaybePromise<void>;
  readonly notifyCheckpointAborted?: (checkpointId: number) => MaybePromise<void>;
}

/** Where `RichFunction` keeps its context, for `getRuntimeContext`. Set before `open`. */
export const RUNTIME_CONTEXT = Symbol.for('millrace.runtime-context');

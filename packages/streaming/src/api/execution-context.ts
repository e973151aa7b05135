/**
 * Where a program finds who runs its jobs: the one module-level slot of the API. `cluster` fills it (command line, mini cluster, binding in a slot), the test kit
 * fills it, and nobody else does.
 */
import { UsageError } from '@millrace/core/base/errors';
import type { Executor } from '../graph/executor.ts';

let source: (() => Executor) | undefined;

/** A function is asked at every use, so that it may answer differently for programs that share a thread. */
export function setExecutor(executor: Executor | (() => Executor)): void {
  source = typeof executor === 'function' ? executor : () => executor;
}

export function hasExecutor(): boolean {
  return source !== undefined;
}

export function currentExecutor(): Executor {
  if (source === undefined) {
    throw new UsageError(
      "There is nothing to run the job on. Start the program with 'millrace run', or import from 'millrace' (not from '@millrace/streaming'), which starts a cluster in this process.",
      { reason: 'no-executor' },
    );
  }
  return source();
}

/** Told of the first things by which a process shows that it is a program. */
export interface ProgramListener {
  /** It has asked for an environment. */
  environment(): void;
  /** It has executed a job, or asked what it would be. */
  compiled(): void;
}

let listener: ProgramListener | undefined;

export function setProgramListener(to: ProgramListener): void {
  listener = to;
}

export function tellProgramListener(event: keyof ProgramListener): void {
  listener?.[event]();
}

/**
 * Which run of which program the running code belongs to.
 *
 * A program runs in the client, and again in every slot that binds it. With `--single-thread`, in tests and in programs that embed Millrace several of those
 * runs share one thread, so what differs between them follows the asynchronous context and not the thread: the executor, `process.argv`, and whether output is
 * muted.
 *
 * S1 code outside of any scope sees the real process and the host's executor.
 * S2 a scope reaches everything that the program starts: promises, timers, modules that it imports.
 * S3 the hooks stay in the thread: they change nothing for code that is not in a scope.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { setExecutor } from '@millrace/streaming/api/execution-context';
import type { Executor } from '@millrace/streaming/graph/executor';

export interface ProgramScope {
  readonly executor: Executor;
  /** What the program finds in `process.argv`. */
  readonly argv: readonly string[];
  /** True in binding: what the top level prints was printed by the client already. */
  readonly muted: boolean;
}

const scopes = new AsyncLocalStorage<ProgramScope>();
let host: Executor | (() => Executor) | undefined;
let hooked = false;

/** Runs `action`, and all that follows from it, as part of a program. */
export function runInScope<R>(scope: ProgramScope, action: () => R): R {
  hook();
  return scopes.run(scope, action);
}

/** The executor of code outside of any scope: the CLI's, or the one that starts a mini cluster on first use. */
export function setHostExecutor(executor: Executor | (() => Executor)): void {
  host = executor;
  setExecutor(currentExecutor);
}

/** Whether the running code's jobs go to this executor of the host: it is in no scope, and nobody has put another one in. */
export function isHostedBy(executor: Executor | (() => Executor)): boolean {
  return host === executor && scopes.getStore() === undefined;
}

export function hasHostExecutor(): boolean {
  return host !== undefined;
}

function currentExecutor(): Executor {
  const scope = scopes.getStore();
  if (scope !== undefined) return scope.executor;
  if (host === undefined) throw new Error('No executor is set.');
  return typeof host === 'function' ? host() : host;
}

function hook(): void {
  setExecutor(currentExecutor);
  if (!hooked) hookArguments();
  hooked = true;
  for (const stream of [process.stdout, process.stderr]) hookStream(stream);
  // Slots replace the console's methods to add the subtask's name; those calls never reach the streams.
  for (const name of CONSOLE_METHODS) hookConsole(name);
}

function hookArguments(): void {
  let argv = process.argv;
  Object.defineProperty(process, 'argv', {
    configurable: true,
    enumerable: true,
    get: () => scopes.getStore()?.argv ?? argv,
    set: (value: string[]) => {
      argv = value;
    },
  });
}

const CONSOLE_METHODS = ['log', 'info', 'warn', 'error', 'debug', 'trace', 'dir', 'table'] as const;
/** Ours, so that what somebody else has put in since is hooked in its turn, and ours not twice. */
const hooks = new WeakSet<object>();

function hookStream(stream: NodeJS.WriteStream): void {
  const owner = stream as { write: (...args: unknown[]) => boolean };
  if (hooks.has(owner.write)) return;
  const write = owner.write.bind(stream);
  owner.write = (...args: unknown[]) => {
    if (scopes.getStore()?.muted !== true) return write(...args);
    const callback = args.at(-1);
    if (typeof callback === 'function') queueMicrotask(() => callback());
    return true;
  };
  hooks.add(owner.write);
}

function hookConsole(name: (typeof CONSOLE_METHODS)[number]): void {
  if (hooks.has(console[name])) return;
  const original = console[name].bind(console) as (...args: unknown[]) => void;
  console[name] = (...args: unknown[]) => {
    if (scopes.getStore()?.muted !== true) original(...args);
  };
  hooks.add(console[name]);
}

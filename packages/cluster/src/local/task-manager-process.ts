/**
 * The child process in which a TaskManager runs, as its parent sees it.
 *
 * Owns the process and its IPC channel. CP1 `onExit` is called once, with the reason unless it was ended by `close`. CP2 after `close` has settled the process
 * is gone: one that does not go by itself is killed.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { StringDecoder } from 'node:string_decoder';
import type { FailureDescription } from '@millrace/runtime/protocol/execution-state';
import { lostFailure } from '@millrace/runtime/protocol/failure-description';
import type { RpcLink } from '@millrace/runtime/protocol/rpc-router';
import type { StreamName } from './standard-streams.ts';
import { CLOSE, type TaskManagerConfiguration } from './task-manager.ts';
import { forkTaskManager } from './task-manager-fork.ts';

/** Longer than the child gives its own output. */
const KILL_AFTER_MS = 5_000;
/** How a shell reports a process that V8 has aborted. */
const ABORTED = 134;

export interface TaskManagerProcessPorts {
  receive(text: string): void;
  onExit(failure: FailureDescription | undefined): void;
  /** Takes the output in place of the parent's own streams. */
  readonly onOutput: ((stream: StreamName, text: string) => void) | undefined;
}

export class TaskManagerProcess implements RpcLink {
  readonly taskManagerId: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #closing = false;
  #killed: FailureDescription | undefined;

  constructor(configuration: TaskManagerConfiguration, ports: TaskManagerProcessPorts) {
    this.taskManagerId = configuration.taskManagerId;
    this.#child = forkTaskManager(ports.onOutput === undefined ? 'inherit' : 'pipe');
    this.send(JSON.stringify(configuration));
    for (const stream of ['stdout', 'stderr'] as const) this.#forward(stream, ports.onOutput);
    this.#child.on('message', (text) => ports.receive(text as string));
    this.#ended = new Promise((resolve) => {
      let settled = false;
      const end = (failure: FailureDescription) => {
        if (settled) return;
        settled = true;
        ports.onExit(this.#closing ? undefined : failure);
        resolve();
      };
      this.#child.on('error', (error) => end(this.#failure(`its process could not be run: ${error.message}`)));
      this.#child.on('exit', (code, signal) => void this.#outputRead().then(() => end(this.#killed ?? this.#exitFailure(code, signal))));
    });
  }

  send(text: string): void {
    if (this.#child.connected) this.#child.send(text, undefined, undefined, () => {});
  }

  async close(): Promise<void> {
    this.#closing = true;
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), KILL_AFTER_MS);
    this.send(CLOSE);
    await this.#ended;
    clearTimeout(timer);
  }

  /** At once; `onExit` gives the reason. */
  kill(reason: string): void {
    this.#killed ??= this.#failure(reason);
    this.#child.kill('SIGKILL');
  }

  /**
   * Not the child's 'close' event: that waits for the IPC channel as well, which Node does not always report closed after it was used by both sides at once.
   */
  async #outputRead(): Promise<void> {
    const open = [this.#child.stdout, this.#child.stderr].filter((stream) => stream !== null).filter((stream) => !stream.closed);
    await Promise.all(open.map((stream) => once(stream, 'close')));
  }

  #forward(stream: StreamName, onOutput: TaskManagerProcessPorts['onOutput']): void {
    const decoder = new StringDecoder('utf8');
    this.#child[stream]?.on('data', (bytes: Buffer) => onOutput?.(stream, decoder.write(bytes)));
  }

  #exitFailure(code: number | null, signal: NodeJS.Signals | null): FailureDescription {
    if (signal === 'SIGABRT' || code === ABORTED) {
      return this.#failure(
        'V8 aborted its process (SIGABRT), which is what happens when one array or map outgrows the heap. Keep less in one collection, or give slots more memory.',
      );
    }
    return this.#failure(signal === null ? `its process ended with exit code ${code}.` : `its process was ended by ${signal}.`);
  }

  #failure(what: string): FailureDescription {
    return lostFailure('task-manager-lost', `TaskManager ${this.taskManagerId} was lost: ${what}`);
  }
}

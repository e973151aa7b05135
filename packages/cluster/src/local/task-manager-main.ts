/**
 * Entry of the TaskManager's process. Messages come and go over the IPC channel as text; the first is the configuration as JSON.
 *
 * It ends when the parent says so, and just the same when the channel breaks because the parent has died.
 */
import type { RpcRouter } from '@millrace/runtime/protocol/rpc-router';
import { BlobDirectory } from './blob-directory.ts';
import { phase } from './phase.ts';
import { createRouter, reportQuietly } from './router.ts';
import { SlotWorker } from './slot-worker.ts';
import { processOutput } from './standard-streams.ts';
import { ThreadInspector } from './thread-inspector.ts';
import { CLOSE, TaskManager, type TaskManagerConfiguration } from './task-manager.ts';

/** Output whose reader does not read, and threads that do not end, are given up after so long. */
const CLOSE_TIMEOUT_MS = 3_000;

let running: { readonly router: RpcRouter; close(): void } | undefined;

phase('task manager: loaded');
// Ctrl-C reaches every process of the terminal's group; what follows from it is the parent's decision.
process.on('SIGINT', () => {});
process.on('message', (text) => receive(String(text)));
process.on('disconnect', () => receive(CLOSE));

function receive(text: string): void {
  if (text !== CLOSE && running !== undefined) running.router.receiveText(text);
  else if (text !== CLOSE) running = start(JSON.parse(text) as TaskManagerConfiguration);
  else if (running !== undefined) running.close();
  else process.exit(0); // a parent that ends before it has sent a configuration needs no TaskManager
}

function start(configuration: TaskManagerConfiguration): { readonly router: RpcRouter; close(): void } {
  phase('task manager: configured');
  const { taskManagerId, overdraftMemoryBytes, slotMemoryLimitBytes: memoryLimitBytes, managedMemoryBytes, profile } = configuration;
  const { taskCancellationTimeoutMs: closeTimeoutMs, watchdogLimitMs, systemMetrics, logging } = configuration;
  const inspector = new ThreadInspector();
  const output = processOutput();
  const router = createRouter(taskManagerId, reportQuietly);
  router.addLink('', { send: (text) => process.send?.(text, undefined, undefined, () => {}) });
  const taskManager = new TaskManager(configuration, {
    rpc: router,
    output,
    createSlot: (slot, listener) =>
      new SlotWorker(
        {
          taskManagerId,
          slot,
          overdraftMemoryBytes,
          memoryLimitBytes,
          managedMemoryBytes,
          profile,
          closeTimeoutMs,
          watchdogLimitMs,
          systemMetrics,
          logging,
        },
        {
          output,
          inspector,
          receive: (index, message) => listener.receive(index, message),
          lost: (index, failure) => listener.lost(index, failure),
          busy: (index, report, sinceMs) => listener.busy(index, report, sinceMs),
        },
      ),
  });
  taskManager.start((failure) => {
    process.stderr.write(`millrace: TaskManager ${taskManagerId} was not taken: ${failure.message}\n`);
    process.exit(1);
  });
  return { router, close: () => close(taskManager, new BlobDirectory(configuration.blobDirectory)) };
}

function close(taskManager: TaskManager, blobs: BlobDirectory): void {
  const exit = () => {
    blobs.remove();
    process.exit(0);
  };
  // An exit waits for all threads, and one of them may be in a native call that takes for ever.
  const kill = () => {
    blobs.remove();
    process.kill(process.pid, 'SIGKILL');
  };
  setTimeout(kill, CLOSE_TIMEOUT_MS);
  void taskManager.close().then(exit, exit);
}

/**
 * Entry of the TaskManager's process. Its one argument is the configuration as JSON; messages come and go over the IPC channel as text.
 *
 * It ends when the parent says so, and just the same when the channel breaks because the parent has died.
 */
import type { RpcRouter } from '@millrace/runtime/protocol/rpc-router';
import { BlobDirectory } from './blob-directory.ts';
import { createRouter, reportQuietly } from './router.ts';
import { SlotWorker } from './slot-worker.ts';
import { processOutput } from './standard-streams.ts';
import { CLOSE, TaskManager, type TaskManagerConfiguration } from './task-manager.ts';

/** Output whose reader does not read is given up after so long. */
const CLOSE_TIMEOUT_MS = 3_000;

const configuration = JSON.parse(process.argv[2] ?? '{}') as TaskManagerConfiguration;
const { taskManagerId, slotMemoryLimitBytes } = configuration;
const output = processOutput();
const router: RpcRouter = createRouter(taskManagerId, reportQuietly);
router.addLink('', { send: (text) => process.send?.(text, undefined, undefined, () => {}) });
process.on('message', (text) => (text === CLOSE ? close() : router.receiveText(String(text))));

const taskManager = new TaskManager(configuration, {
  rpc: router,
  output,
  createSlot: (slot, listener) =>
    new SlotWorker(
      { taskManagerId, slot, memoryLimitBytes: slotMemoryLimitBytes },
      { output, receive: (index, message) => listener.receive(index, message), lost: (index, failure) => listener.lost(index, failure) },
    ),
});
taskManager.start((failure) => {
  process.stderr.write(`millrace: TaskManager ${taskManagerId} was not taken: ${failure.message}\n`);
  process.exit(1);
});

// Ctrl-C reaches every process of the terminal's group; what follows from it is the parent's decision.
process.on('SIGINT', () => {});
process.on('disconnect', close);

function close(): void {
  setTimeout(exit, CLOSE_TIMEOUT_MS);
  void taskManager.close().then(exit, exit);
}

function exit(): void {
  new BlobDirectory(configuration.blobDirectory).remove();
  process.exit(0);
}

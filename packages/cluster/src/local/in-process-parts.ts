/** What `singleThread` puts into the calling process in place of a child and its threads. Loaded only then. */
import { restoreFailure } from '@millrace/runtime/protocol/failure-description';
import type { RpcService } from '@millrace/runtime/protocol/rpc';
import { systemFigures } from '@millrace/runtime/task/node/system-figures';
import type { BlobDirectory } from './blob-directory.ts';
import { InProcessCoordinators } from './in-process-coordinators.ts';
import { InProcessSlot } from './in-process-slot.ts';
import { installConsole } from './slot-console.ts';
import { callbackOutput, processOutput, type StreamName } from './standard-streams.ts';
import { TaskManager, type TaskManagerConfiguration } from './task-manager.ts';

/** The longest that a timer can be; it only keeps the process alive while slots are parked, as a child process would. */
const FOREVER_MS = 0x7fff_ffff;

type OnOutput = ((stream: StreamName, text: string) => void) | undefined;

export function createCoordinators(blobs: BlobDirectory): InProcessCoordinators & { close(): Promise<void> } {
  return Object.assign(new InProcessCoordinators(blobs), { close: async () => {} });
}

export function startTaskManager(configuration: TaskManagerConfiguration, rpc: RpcService, onOutput: OnOutput): { close(): Promise<void> } {
  const { taskManagerId, overdraftMemoryBytes, managedMemoryBytes, profile, systemMetrics, logging } = configuration;
  const { taskCancellationTimeoutMs: closeTimeoutMs } = configuration;
  const output = onOutput === undefined ? processOutput() : callbackOutput(onOutput);
  const slots: InProcessSlot[] = [];
  const system = systemMetrics === true ? systemFigures() : undefined;
  const taskManager = new TaskManager(configuration, {
    rpc,
    output,
    createSlot(slot, listener) {
      const created = new InProcessSlot(
        { taskManagerId, slot },
        {
          output,
          overdraftMemoryBytes,
          managedMemoryBytes,
          closeTimeoutMs,
          profile,
          system,
          logging,
          receive: (index, message) => listener.receive(index, message),
        },
      );
      slots.push(created);
      return created;
    },
  });
  const restoreConsole = installConsole(consolePorts(() => slots.find(({ taskName }) => taskName !== undefined)?.taskName, onOutput));
  const alive = setInterval(() => {}, FOREVER_MS);
  taskManager.start((failure) => {
    throw restoreFailure(failure);
  });
  return {
    async close() {
      await taskManager.close();
      restoreConsole();
      clearInterval(alive);
    },
  };
}

/** Outside of tasks it is the console that it always was. */
function consolePorts(taskName: () => string | undefined, onOutput: OnOutput) {
  return {
    taskName,
    write(stream: StreamName, text: string) {
      if (onOutput === undefined || taskName() === undefined) process[stream].write(text);
      else onOutput(stream, text);
    },
  };
}

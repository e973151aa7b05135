/** Entry of a coordinator isolate: the thread in which the split enumerators of one job run (architecture D14). It serves one job and is then ended. */
import { parentPort } from 'node:worker_threads';
import { invariant } from '@millrace/core/base/assert';
import { systemClock } from '@millrace/core/base/clock';
import { describeFailure } from '@millrace/runtime/protocol/failure-description';
import { bindProgram } from '../client/bind-program.ts';
import { loadApi } from '../client/program-host.ts';
import { JobCoordinators } from './job-coordinators.ts';
import { phase } from './phase.ts';
import { installConsole, redirectProcessStreams } from './slot-console.ts';
import type { StreamName } from './standard-streams.ts';
import type { FromCoordinatorWorker, ToCoordinatorWorker } from './worker-messages.ts';

const port = parentPort;
invariant(port !== null, () => 'coordinator-main is the entry of a worker thread');
const post = (message: FromCoordinatorWorker) => port.postMessage(message);
const write = (stream: StreamName, text: string) => post({ kind: 'output', stream, text });
installConsole({ write, taskName: () => 'coordinator' });
redirectProcessStreams(write);

phase('coordinator ready');
let coordinators: JobCoordinators | undefined;
port.on('message', (message: ToCoordinatorWorker) => {
  switch (message.kind) {
    case 'start':
      coordinators = start(message);
      return;
    case 'event':
      return coordinators?.handleEvent(message.operatorId, message.subtask, message.event);
    case 'snapshot':
      return coordinators?.snapshot(message.checkpointId);
    case 'notify-checkpoint':
      return coordinators?.notifyCheckpoint(message.checkpointId, message.outcome);
    case 'reset-subtask':
      return coordinators?.resetSubtask(message.operatorId, message.subtask, message.checkpointId);
    case 'close':
      coordinators?.close();
      return port.close();
  }
});

function start({ job, bundlePath, restored }: Extract<ToCoordinatorWorker, { kind: 'start' }>): JobCoordinators {
  return new JobCoordinators(job, restored, {
    clock: systemClock,
    bind: (bound) => bindProgram(bound, bundlePath, 0),
    send: (operatorId, subtask, event) => post({ kind: 'event', operatorId, subtask, event }),
    snapshotTaken: (checkpointId, operatorId, state) => post({ kind: 'snapshot', checkpointId, operatorId, state }),
    subtaskReset: (operatorId, subtask) => post({ kind: 'subtask-reset', operatorId, subtask }),
    backlog: (operatorId, isProcessingBacklog) => post({ kind: 'backlog', operatorId, isProcessingBacklog }),
    fail: (error) => post({ kind: 'failure', failure: describeFailure(error) }),
  });
}

// The program that comes needs the API: loaded now, it is there when the job is. An error shows when the program is bound.
loadApi().catch(() => {});

/**
 * Between coordinators and a JobMaster that call each other as objects: every call in either direction becomes a turn of its own, in order (OC1), as between isolates it is
 * a message.
 */
import type { CoordinatorListener, OperatorCoordinators } from '@millrace/runtime/coordinator/operator-coordinators';
import { describeFailure } from '@millrace/runtime/protocol/failure-description';
import type { JobCoordinatorsPorts } from './job-coordinators.ts';

/** Calls an action in a later turn, after those that were given before. */
export type LaterTurn = (action: () => void) => void;

/** What coordinators say, to a listener. */
export function heardBy(listener: CoordinatorListener, tell: LaterTurn): Omit<JobCoordinatorsPorts, 'clock' | 'bind'> {
  return {
    send: (operatorId, subtask, event) => tell(() => listener.onReaderEvent(operatorId, subtask, event)),
    snapshotTaken: (checkpointId, operatorId, state) => tell(() => listener.onSnapshot(checkpointId, operatorId, state)),
    subtaskReset: (operatorId, subtask) => tell(() => listener.onSubtaskReset(operatorId, subtask)),
    backlog: (operatorId, isProcessingBacklog) => tell(() => listener.onBacklog(operatorId, isProcessingBacklog)),
    fail: (error) => tell(() => listener.onFailure(describeFailure(error))),
  };
}

/** What is asked of coordinators; `close` is carried out at once, by whoever owns them. */
export function orderedOf(coordinators: OperatorCoordinators, order: LaterTurn, close: () => void): OperatorCoordinators {
  return {
    handleEvent: (operatorId, subtask, event) => order(() => coordinators.handleEvent(operatorId, subtask, event)),
    snapshot: (checkpointId) => order(() => coordinators.snapshot(checkpointId)),
    notifyCheckpoint: (checkpointId, outcome) => order(() => coordinators.notifyCheckpoint(checkpointId, outcome)),
    resetSubtask: (operatorId, subtask, checkpointId) => order(() => coordinators.resetSubtask(operatorId, subtask, checkpointId)),
    close,
  };
}

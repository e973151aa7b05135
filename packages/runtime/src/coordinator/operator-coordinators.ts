/**
 * The port behind which a job's own code of the control plane runs: the split enumerators of its sources. Implementations keep it in an isolate of its own, so
 * that no job can stop a JobManager (architecture D14). Nothing here blocks; what goes wrong comes back as a failure of the job.
 *
 * OC1 orders are carried out in order, and what the listener hears is in order: what an enumerator sends after its snapshot is heard after the snapshot.
 */
import type { CoordinatorState } from '../checkpoint/checkpoint-metadata.ts';
import type { JobInformation } from '../protocol/deployment.ts';
import type { FailureDescription } from '../protocol/execution-state.ts';
import type { EnumeratorEvent, ReaderEvent } from '../protocol/slot-messages.ts';

export interface OperatorCoordinators {
  /** What a reader says; events of one subtask keep their order. */
  handleEvent(operatorId: string, subtask: number, event: EnumeratorEvent): void;
  /** Asks every enumerator for its state; each answers by `onSnapshot`, or by a failure of the job. */
  snapshot(checkpointId: number): void;
  notifyCheckpoint(checkpointId: number, outcome: 'complete' | 'aborted'): void;
  /** The subtask begins again from this checkpoint, or from nothing: what it was assigned since goes back to its enumerator. Answered by `onSubtaskReset`. */
  resetSubtask(operatorId: string, subtask: number, checkpointId: number | undefined): void;
  /** Ends the isolate; nothing is told to the listener any more. */
  close(): void;
}

export interface CoordinatorListener {
  onReaderEvent(operatorId: string, subtask: number, event: ReaderEvent): void;
  onSnapshot(checkpointId: number, operatorId: string, state: CoordinatorState): void;
  /** What was heard for this reader before was for the one that is gone. */
  onSubtaskReset(operatorId: string, subtask: number): void;
  onBacklog(operatorId: string, isProcessingBacklog: boolean): void;
  onFailure(failure: FailureDescription): void;
}

export interface OperatorCoordinatorProvider {
  /** `restored`: the states that the enumerators begin with, by operator id. */
  start(job: JobInformation, restored: Readonly<Record<string, CoordinatorState>>, listener: CoordinatorListener): OperatorCoordinators;
}

/**
 * The port behind which a job's own code of the control plane runs: the split enumerators of its sources. Implementations keep it in an isolate of its own, so
 * that no job can stop a JobManager (architecture D14). Nothing here blocks; what goes wrong comes back as a failure of the job.
 */
import type { JobInformation } from '../protocol/deployment.ts';
import type { FailureDescription } from '../protocol/execution-state.ts';
import type { EnumeratorEvent, ReaderEvent } from '../protocol/slot-messages.ts';

export interface OperatorCoordinators {
  /** What a reader says; events of one subtask keep their order. */
  handleEvent(operatorId: string, subtask: number, event: EnumeratorEvent): void;
  /** Ends the isolate; nothing is told to the listener any more. */
  close(): void;
}

export interface CoordinatorListener {
  onReaderEvent(operatorId: string, subtask: number, event: ReaderEvent): void;
  onFailure(failure: FailureDescription): void;
}

export interface OperatorCoordinatorProvider {
  start(job: JobInformation, listener: CoordinatorListener): OperatorCoordinators;
}

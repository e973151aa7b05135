/** The states of one attempt, as Flink's ExecutionState; the arrows are the legal transitions. */
export type ExecutionState =
  | 'CREATED'
  | 'SCHEDULED'
  | 'DEPLOYING'
  | 'INITIALIZING'
  | 'RUNNING'
  | 'FINISHED'
  | 'CANCELING'
  | 'CANCELED'
  | 'FAILED';

export const EXECUTION_TRANSITIONS: Readonly<Record<ExecutionState, readonly ExecutionState[]>> = {
  CREATED: ['SCHEDULED', 'CANCELED', 'FAILED'],
  SCHEDULED: ['DEPLOYING', 'CANCELED', 'FAILED'],
  DEPLOYING: ['INITIALIZING', 'CANCELING', 'CANCELED', 'FAILED'],
  INITIALIZING: ['RUNNING', 'CANCELING', 'CANCELED', 'FAILED'],
  RUNNING: ['FINISHED', 'CANCELING', 'CANCELED', 'FAILED'],
  CANCELING: ['CANCELED', 'FAILED', 'FINISHED'],
  FINISHED: [],
  CANCELED: [],
  FAILED: [],
};

export function isTerminal(state: ExecutionState): boolean {
  return EXECUTION_TRANSITIONS[state].length === 0;
}

/** An error as it crosses threads and processes; the first failure of a job reaches the user in this form. */
export interface FailureDescription {
  readonly name: string;
  readonly kind: string;
  readonly reason: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly cause: FailureDescription | undefined;
  readonly retryable: boolean;
}

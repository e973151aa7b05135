/**
 * What sinks send to the client that runs the job (`executeAndCollect`), each record once whatever is restarted. Owned by the JobMaster.
 *
 * With checkpoints a batch is the client's when a checkpoint is complete whose barrier passed its sink behind it; until then it is held here, and dropped when the
 * task is restarted, for it will come again. Without checkpoints batches go on at once, and a restart after that cannot be had. Flink: CollectResultIterator.
 *
 * JR1 batches of one task reach the client in order; one at a time is with the client. JR2 a task's next batch is asked for when the last one is held, or taken.
 * JR3 at most `HELD_BYTES_MAX` are held.
 */
import type { Collected } from '../protocol/control-messages.ts';
import type { FailureDescription } from '../protocol/execution-state.ts';
import { terminalFailure } from '../protocol/failure-description.ts';

const HELD_BYTES_MAX = 256 * 1024 * 1024;

export interface JobResultsPorts {
  /** To the client; `settle` when it has taken them, with a failure when it gives up. */
  deliver(bytes: Uint8Array, settle: (failure?: FailureDescription) => void): void;
  fail(failure: FailureDescription): void;
}

type ReceivedBatch = Pick<Collected, 'executionId' | 'bytes' | 'afterCheckpoint'>;

interface Batch extends ReceivedBatch {
  /** Asks the task for its next one. */
  readonly taken: () => void;
}

export class JobResults {
  readonly #isHolding: boolean;
  readonly #ports: JobResultsPorts;
  #held: Batch[] = [];
  #heldBytes = 0;
  readonly #ready: Batch[] = [];
  #isDelivering = false;
  #hasDelivered = false;
  #onDelivered: (() => void) | undefined;

  constructor(isCheckpointed: boolean, ports: JobResultsPorts) {
    this.#isHolding = isCheckpointed;
    this.#ports = ports;
  }

  received({ executionId, bytes, afterCheckpoint }: ReceivedBatch, taken: () => void): void {
    if (!this.#isHolding) {
      this.#ready.push({ executionId, bytes, afterCheckpoint, taken });
      return this.#deliver();
    }
    this.#held.push({ executionId, bytes, afterCheckpoint, taken: () => {} });
    this.#heldBytes += bytes.byteLength;
    if (this.#heldBytes > HELD_BYTES_MAX) this.#ports.fail(tooMany(this.#heldBytes));
    else taken();
  }

  completed(checkpointId: number): void {
    this.#release(({ afterCheckpoint }) => afterCheckpoint < checkpointId);
  }

  /** Before a restart of these executions. What they sent since the checkpoint will come again. */
  restarted(executionIds: ReadonlySet<string>): void {
    this.#held = this.#held.filter(({ executionId }) => !executionIds.has(executionId));
    this.#heldBytes = this.#held.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
  }

  /** Why a restart would hand the client records for a second time; undefined where it would not. */
  get obstacle(): FailureDescription | undefined {
    return this.#isHolding || !this.#hasDelivered ? undefined : handedOver();
  }

  /** Nothing is held, or with the client. */
  get isEmpty(): boolean {
    return this.#held.length === 0 && this.#ready.length === 0 && !this.#isDelivering;
  }

  /** Every task has finished: the rest is the client's. */
  finish(settle: () => void): void {
    this.#onDelivered = settle;
    this.#release(() => true);
    this.#deliver();
  }

  #release(isReady: (batch: Batch) => boolean): void {
    this.#ready.push(...this.#held.filter(isReady));
    this.#held = this.#held.filter((batch) => !isReady(batch));
    this.#heldBytes = this.#held.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
    this.#deliver();
  }

  #deliver(): void {
    if (this.#isDelivering) return;
    const batch = this.#ready.shift();
    if (batch === undefined) return this.#delivered();
    this.#isDelivering = true;
    this.#hasDelivered = true;
    this.#ports.deliver(batch.bytes, (failure) => {
      this.#isDelivering = false;
      if (failure !== undefined) this.#ports.fail(failure);
      batch.taken();
      this.#deliver();
    });
  }

  #delivered(): void {
    const settle = this.#onDelivered;
    this.#onDelivered = undefined;
    settle?.();
  }
}

function tooMany(bytes: number): FailureDescription {
  return terminalFailure(
    'collected-results',
    `The job has sent ${bytes} bytes to its program since its last checkpoint; at most ${HELD_BYTES_MAX} are held until the next one is complete. ` +
      'Take checkpoints more often (execution.checkpointing.interval), collect less, or write the result to a file.',
  );
}

function handedOver(): FailureDescription {
  return terminalFailure(
    'collected-results',
    'The job cannot be restarted: its program has taken records of executeAndCollect already, and without checkpoints they would all come again. Enable checkpointing.',
  );
}

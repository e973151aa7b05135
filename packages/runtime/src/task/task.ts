/**
 * The life of one task in a slot: opened, run, and closed, whatever happens.
 *
 * Owns the task's parts and its state. Called by the slot.
 *
 * T1 states are posted in the order INITIALIZING, RUNNING, then one of FINISHED, CANCELED, FAILED, and that one once.
 * T2 the first failure is the one that is told.
 * T3 after a failure or a cancellation no element moves: the tasklet leaves the loop at once, channels are closed, then operators.
 * T4 whatever was opened is closed, once; a close that does not settle is given up after `closeTimeoutMs` and has failed, so that the end always comes.
 */
import { TerminalError } from '@millrace/core/base/errors';
import type { Clock } from '@millrace/core/base/clock';
import type { AccumulatorValues } from '@millrace/streaming/contract/accumulator-values';
import type { CheckpointBarrier } from '../checkpoint/checkpoint-options.ts';
import type { ExecutionState, FailureDescription } from '../protocol/execution-state.ts';
import type { ReaderEvent } from '../protocol/slot-messages.ts';
import type { UserMetrics } from '../protocol/user-metrics.ts';
import type { BuiltTask } from './built-task.ts';
import { declineFailure } from './decline.ts';
import { describeFailure } from './failure.ts';
import type { OperatorMemory } from './memory-report.ts';
import { type OperatorFunctions, operatorFunctions } from './operator-functions.ts';
import type { SlotFigures } from './slot-figures.ts';
import type { TaskletLoop } from './slot-loop.ts';
import type { Step } from './step.ts';

interface TaskOptions {
  readonly executionId: string;
  readonly name: string; // `Map (2/4)`
  /** A close that has not settled after so long is given up. */
  readonly closeTimeoutMs: number;
  /** Its operators had finished when its checkpoint was taken. */
  readonly isRestoredFinished: boolean;
  readonly clock: Clock;
  readonly loop: TaskletLoop;
  build(): BuiltTask;
  postState(state: ExecutionState, failure: FailureDescription | undefined): void;
  postAccumulators(accumulators: AccumulatorValues): void;
  postUserMetrics(metrics: UserMetrics): void;
  postDecline(checkpointId: number, failure: FailureDescription): void;
  /** Everything was closed, before the last state is posted: nothing of the task's is to be left. */
  released(): void;
  /** After the last state was posted. */
  ended(): void;
}

export class Task {
  readonly executionId: string;
  readonly name: string;
  readonly #options: TaskOptions;
  #built: BuiltTask | undefined = undefined;
  #opened: Step[] = [];
  #failure: unknown = undefined;
  #ending: 'FAILED' | 'CANCELED' | undefined = undefined;
  #isRunning = false;
  #isClosing = false;
  #ended = false;
  readonly #finished: Promise<void>;
  #settleFinished: () => void = () => {};

  constructor(options: TaskOptions) {
    this.executionId = options.executionId;
    this.name = options.name;
    this.#options = options;
    this.#finished = new Promise((resolve) => {
      this.#settleFinished = resolve;
    });
  }

  /** Settles in a terminal state. */
  get finished(): Promise<void> {
    return this.#finished;
  }

  /** Undefined until the program is bound. */
  get built(): BuiltTask | undefined {
    return this.#built;
  }

  /** Makes the parts; channels of this slot need those of all tasks of a deployment. */
  build(): void {
    if (this.#ending !== undefined) return; // canceled while the program was bound
    this.#options.postState('INITIALIZING', undefined);
    try {
      this.#built = this.#options.build();
    } catch (error) {
      this.fail(error);
    }
  }

  async open(): Promise<void> {
    const built = this.#built;
    if (built === undefined || this.#ending !== undefined) return;
    try {
      if (this.#options.isRestoredFinished) built.tasklet.finishAtOnce();
      else await this.#openParts(built);
    } catch (error) {
      return this.fail(error);
    }
    if (this.#ending !== undefined) return;
    this.#isRunning = true;
    this.#options.postState('RUNNING', undefined);
    this.#options.loop.add({ tasklet: built.tasklet, ended: () => void this.#close('FINISHED'), failed: (error) => this.fail(error) });
  }

  /** State first, then the operators from the leaves up, then the input; what was canceled meanwhile stops in between. */
  async #openParts(built: BuiltTask): Promise<void> {
    for (const step of built.steps) if (step.services !== undefined) await built.walk.load(step);
    if (this.#ending !== undefined) return;
    const { services } = built.steps[0] as Step;
    if (services !== undefined) built.input.restore(services.initializationContext);
    for (const step of [...built.walk.operators].reverse()) {
      this.#opened.push(step);
      await built.walk.open(step);
      if (this.#ending !== undefined) return;
    }
    await built.walk.during(built.steps[0] as Step, 'start()', () => built.input.start());
    built.mailbox.put(() => {
      built.input.begin();
      built.latency?.begin();
    });
  }

  triggerCheckpoint(barrier: CheckpointBarrier): void {
    const { checkpointId } = barrier;
    const built = this.#built;
    if (!this.#isRunning || built === undefined || this.#isClosing) {
      const failure = declineFailure.notRunning(built?.tasklet.name ?? `task ${this.executionId}`, checkpointId);
      return this.#options.postDecline(checkpointId, failure);
    }
    built.mailbox.put(() => {
      const { tasklet, input, snapshots } = built;
      if (!tasklet.takesBarriers) snapshots.decline(checkpointId, declineFailure.closing(tasklet.name, checkpointId));
      else if (input.isReadyForCheckpoint === false) snapshots.decline(checkpointId, declineFailure.notRunning(tasklet.name, checkpointId));
      else input.triggerCheckpoint(barrier);
    });
  }

  notifyCheckpoint(checkpointId: number, outcome: 'complete' | 'aborted'): void {
    this.#built?.mailbox.put(() => this.#built?.snapshots.notify(checkpointId, outcome));
  }

  handleEvent(event: ReaderEvent): void {
    this.#built?.mailbox.put(() => this.#built?.input.handleEvent(event));
  }

  acknowledgeCollected(operatorId: string): void {
    this.#built?.collects.get(operatorId)?.acknowledge();
  }

  publishMetrics(slot: SlotFigures): void {
    if (!this.#ended) this.#built?.tasklet.publishMetrics(this.#options.clock.monotonic(), slot);
  }

  /** For a profile, also of one that has just ended. */
  operatorFunctions(): readonly OperatorFunctions[] {
    return this.#built === undefined ? [] : operatorFunctions(this.#built);
  }

  /** What its operators keep, estimated. */
  memory(): readonly OperatorMemory[] {
    return this.#ended ? [] : (this.#built?.memory() ?? []);
  }

  publishAccumulators(): void {
    if (this.#ended || this.#isClosing) return;
    this.#postUserMetrics();
    const failure = this.#postAccumulators();
    if (failure !== undefined) this.fail(failure);
  }

  fail(error: unknown): void {
    this.#end('FAILED', error);
  }

  cancel(): void {
    this.#end('CANCELED', undefined);
  }

  #end(state: 'FAILED' | 'CANCELED', error: unknown): void {
    if (this.#ending !== undefined || this.#isClosing) return;
    this.#ending = state;
    this.#failure = error;
    void this.#close(state);
  }

  async #close(state: 'FINISHED' | 'FAILED' | 'CANCELED'): Promise<void> {
    if (this.#isClosing) return;
    this.#isClosing = true;
    const built = this.#built;
    built?.schedule.close();
    let closeFailure: unknown;
    if (built !== undefined) {
      if (state !== 'FINISHED') this.#abandon(built);
      closeFailure = await this.#closeParts(built);
      closeFailure ??= this.#postAccumulators();
    }
    this.#options.released();
    const failed = state === 'FINISHED' && closeFailure !== undefined;
    built?.tasklet.publishMetrics(this.#options.clock.monotonic(), undefined);
    this.#postUserMetrics();
    this.#ended = true;
    const failure = state === 'FAILED' ? this.#failure : closeFailure;
    const isTold = state === 'FAILED' || failure !== undefined;
    this.#options.postState(failed ? 'FAILED' : state, isTold ? describeFailure(failure) : undefined);
    this.#options.ended();
    this.#settleFinished();
  }

  /** Returns what went wrong: an accumulator of the user's own may throw. */
  #postAccumulators(): unknown {
    try {
      const values = this.#built?.accumulators.values();
      if (values !== undefined) this.#options.postAccumulators(values);
      return undefined;
    } catch (error) {
      return error;
    }
  }

  #postUserMetrics(): void {
    const metrics = this.#built?.metricGroups.values(this.#options.clock.monotonic());
    if (metrics !== undefined) this.#options.postUserMetrics(metrics);
  }

  #abandon(built: BuiltTask): void {
    this.#options.loop.remove(built.tasklet);
    built.tasklet.abandon();
    built.snapshots.abandon();
    for (const output of built.outputs) attempt(() => output.close());
    for (const step of built.steps) attempt(() => step.abandon());
  }

  /** Closes what was opened, input first, all of it even when one fails; returns the first failure. */
  async #closeParts(built: BuiltTask): Promise<unknown> {
    const closes = [() => built.walk.during(built.steps[0] as Step, 'close()', () => built.input.close())];
    for (const step of this.#opened) closes.push(() => built.walk.close(step));
    closes.push(() => built.snapshots.close());
    let first: unknown;
    const all = (async () => {
      for (const close of closes) {
        try {
          await close();
        } catch (error) {
          first ??= error;
        }
      }
    })();
    if (!(await this.#bounded(all))) first ??= this.#unsettled(built);
    return first;
  }

  /** False when the time is over before. */
  #bounded(work: Promise<void>): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.schedule(this.#options.closeTimeoutMs, () => resolve(false));
      void work.then(() => {
        timer.cancel();
        resolve(true);
      });
    });
  }

  #unsettled(built: BuiltTask): TerminalError {
    const { step, name } = built.walk.waitsFor ?? {};
    const { operatorName, uid } = built.operatorAt(step?.plan.index ?? 0);
    const who = `Operator '${operatorName}'${uid === undefined ? '' : ` (uid ${uid})`} of ${this.name}`;
    return new TerminalError(
      `${who} did not end: the promise of its ${name ?? 'close()'} did not settle within ${this.#options.closeTimeoutMs} ms (task.cancellation.timeout). Look for what that waits for.`,
      { reason: 'close-timeout' },
    );
  }
}

/** For steps of a clean-up, each of which must happen whatever the others do; the failure that led here is the one that counts. */
function attempt(action: () => void): void {
  try {
    action();
  } catch {
    // The first failure is primary.
  }
}

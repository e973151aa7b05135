/** A task that was put together, and not opened yet. */
import type { ChainWalk } from './chain-walk.ts';
import type { CollectQueue } from './collect-queue.ts';
import type { LatencyTracking } from './latency-tracking.ts';
import type { Mailbox } from './mailbox.ts';
import type { OperatorMemory } from './memory-report.ts';
import type { RecordOutput } from './record-output.ts';
import type { Step } from './step.ts';
import type { TaskRegistries } from './task-environment.ts';
import type { TaskInput } from './task-input.ts';
import type { TaskSchedule } from './task-schedule.ts';
import type { TaskSnapshots } from './task-snapshots.ts';
import type { Tasklet } from './tasklet.ts';
import type { FailingPlace } from './user-code-error.ts';

/** What the task's life needs of its parts. */
export interface BuiltTask extends TaskRegistries {
  readonly tasklet: Tasklet;
  readonly input: TaskInput;
  readonly outputs: readonly RecordOutput[];
  readonly steps: readonly Step[];
  readonly walk: ChainWalk;
  readonly snapshots: TaskSnapshots;
  readonly mailbox: Mailbox;
  readonly schedule: TaskSchedule;
  /** Of jobs that track latencies. */
  readonly latency: LatencyTracking | undefined;
  /** The operator of a place of the chain (compiled-chain.ts). */
  operatorAt(place: number): FailingPlace;
  /** Which place is at work at a line of the chain's text. */
  placeAtLine(line: number): number | undefined;
  /** Of sinks that send to the client, by operator id. */
  readonly collects: ReadonlyMap<string, CollectQueue>;
  /** What its steps keep in memory now, estimated. */
  memory(): readonly OperatorMemory[];
}

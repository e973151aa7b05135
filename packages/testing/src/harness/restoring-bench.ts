/**
 * One operator that is snapshotted, thrown away and restored, at any parallelism: what it then emits is held against the same operator that lived on.
 *
 * The script goes to one subtask up to the barrier, and from there on to those that were restored: records by their key, watermarks and the clock to all. As a task does, each is
 * told the watermark first where it stood. While the snapshot is written the old one goes on with the script, which must not show.
 */
import { hashKey } from '@millrace/core/types/key';
import { keyGroupOf, keyGroupRangeOf } from '@millrace/core/types/key-group';
import { FileCheckpointStreams } from '@millrace/runtime/checkpoint/file-streams';
import type { OperatorStateHandle, OperatorSubtaskState } from '@millrace/runtime/checkpoint/state-handles';
import { openStateStream } from '@millrace/runtime/checkpoint/stream-reader';
import type { OperatorSnapshot } from '@millrace/runtime/state/snapshot/operator-snapshot';
import { OperatorServices } from '@millrace/runtime/task/operator-services';
import type { OperatorLogic } from '@millrace/streaming/contract/operator';
import { NO_TIMESTAMP } from '@millrace/streaming/contract/timestamp';
import { type BenchPorts, type BenchServices, OperatorBench } from '@millrace/streaming/operators/testing-fakes';

export type RestoringStep =
  | { readonly record: unknown; readonly at: number }
  | { readonly watermark: number }
  | { readonly advanceMs: number };

export interface RestoringCase {
  /** Made anew for each subtask. */
  readonly logic: () => OperatorLogic;
  /** Of a record; undefined for those that all subtasks get. */
  readonly keyOf: ((record: unknown) => unknown) | undefined;
  readonly script: readonly RestoringStep[];
}

const MAX_PARALLELISM = 128;

interface WakeUp {
  readonly at: number;
  readonly action: () => void;
}

interface Place {
  readonly subtask: number;
  readonly parallelism: number;
}

/** One subtask of an operator; made again from what `snapshot` gave. */
export class Subtask {
  readonly services: OperatorServices[] = [];
  readonly bench: OperatorBench;
  #now: number;
  #wakeUps: WakeUp[] = [];

  /** `isOfSameProgram`: `state` was not made by a program that may have had other types. */
  constructor(logic: OperatorLogic, { subtask, parallelism }: Place, now: number, state?: OperatorSubtaskState, isOfSameProgram = false) {
    this.#now = now;
    const key = { type: undefined };
    const schedule = (delayMs: number, action: () => void) => {
      const wakeUp = { at: this.#now + delayMs, action };
      this.#wakeUps.push(wakeUp);
      const cancel = () => {
        this.#wakeUps = this.#wakeUps.filter((each) => each !== wakeUp);
      };
      return { cancel };
    };
    const make = ({ flow, mail }: BenchPorts): BenchServices => {
      const services = new OperatorServices({
        key,
        flow,
        freeze: undefined,
        currentProcessingTime: () => this.#now,
        mail,
        schedule,
        keyGroups: { maxParallelism: MAX_PARALLELISM, ...keyGroupRangeOf(subtask, MAX_PARALLELISM, parallelism) },
        restored:
          state === undefined
            ? undefined
            : { checkpointId: 7, state, isOfSameProgram, openStream: (stream) => openStateStream(stream, undefined, noFiles) },
      });
      this.services.push(services);
      return {
        tables: services.tables,
        get keyedState() {
          return services.keyedState;
        },
        operatorState: services.operatorState,
        timers: (name, triggerable, namespaces) => services.timers(name, triggerable, namespaces),
        schedule,
      };
    };
    this.bench = new OperatorBench(logic, { services: make, tags: ['late'], processingTime: () => this.#now, subtask, parallelism });
  }

  async open(watermark = NO_TIMESTAMP): Promise<void> {
    const [services] = this.services as [OperatorServices];
    await services.load();
    await this.bench.operator.initializeState?.(services.initializationContext);
    await this.bench.operator.open?.();
    if (watermark !== NO_TIMESTAMP) this.bench.watermark(watermark);
    this.#wake();
  }

  advance(ms: number): void {
    this.#now += ms;
    this.#wake();
  }

  /** All at once. */
  async snapshot(): Promise<OperatorSubtaskState> {
    const snapshot = this.beginSnapshot();
    while (snapshot.advance(100) !== 'done');
    return snapshot.finish();
  }

  beginSnapshot(): OperatorSnapshot {
    const location = { kind: 'memory', maxStateBytes: 1e9 } as const;
    const barrier = { checkpointId: 7, timestamp: 0, kind: 'checkpoint', location } as const;
    const snapshot = (this.services[0] as OperatorServices).beginSnapshot(barrier, streams);
    void this.bench.operator.snapshotState?.(snapshot.context);
    snapshot.seal();
    return snapshot;
  }

  /** What it emitted since the last call. */
  take(): readonly string[] {
    return this.bench.takeLog().flatMap((sent) => ('record' in sent ? [JSON.stringify([sent.record, sent.timestamp, sent.tag])] : []));
  }

  #wake(): void {
    const due = this.#wakeUps.filter(({ at }) => at <= this.#now);
    this.#wakeUps = this.#wakeUps.filter(({ at }) => at > this.#now);
    if (due.length === 0) return;
    for (const { action } of due) action();
    this.bench.settle();
    this.#wake();
  }
}

/** What came out at each step of the script, sorted, from `barrierAt` on: of the operator that lived on, and of those that were restored at this parallelism. */
export async function runRestored(
  of: RestoringCase,
  barrierAt: number,
  parallelism: number,
): Promise<{ readonly expected: readonly (readonly string[])[]; readonly actual: readonly (readonly string[])[] }> {
  const { script } = of;
  const run = new Run(of);
  await run.begin([new Subtask(of.logic(), { subtask: 0, parallelism: 1 }, 0)]);
  for (let step = 0; step < barrierAt; step++) run.step(script[step] as RestoringStep);
  const { watermark, now } = run;
  const snapshot = run.beginSnapshot();
  const expected: (readonly string[])[] = [];
  for (let step = barrierAt; step < script.length; step++) {
    expected.push(run.step(script[step] as RestoringStep));
    if (step % 8 === 0) snapshot.advance(1);
  }
  while (snapshot.advance(100) !== 'done');
  const state = await snapshot.finish();
  const restored = new Run(of);
  const subtasks = Array.from(
    { length: parallelism },
    (_, subtask) => new Subtask(of.logic(), { subtask, parallelism }, now, assigned(state, { subtask, parallelism })),
  );
  const first = await restored.begin(subtasks, watermark);
  const actual: (readonly string[])[] = [];
  for (let step = barrierAt; step < script.length; step++) actual.push(restored.step(script[step] as RestoringStep));
  if (first.length > 0) throw new Error(`the restored operator emitted before anything came: ${first.join(' ')}`);
  return { expected, actual };
}

class Run {
  watermark = NO_TIMESTAMP;
  now = 0;
  readonly #case: RestoringCase;
  #subtasks: readonly Subtask[] = [];

  constructor(of: RestoringCase) {
    this.#case = of;
  }

  async begin(subtasks: readonly Subtask[], watermark = NO_TIMESTAMP): Promise<readonly string[]> {
    this.#subtasks = subtasks;
    this.watermark = watermark;
    for (const subtask of subtasks) await subtask.open(watermark);
    return subtasks.flatMap((subtask) => subtask.take());
  }

  step(step: RestoringStep): readonly string[] {
    if ('record' in step) for (const subtask of this.#receiversOf(step.record)) subtask.bench.record(step.record, step.at);
    else if ('watermark' in step) {
      this.watermark = step.watermark;
      for (const subtask of this.#subtasks) subtask.bench.watermark(step.watermark);
    } else {
      this.now += step.advanceMs;
      for (const subtask of this.#subtasks) subtask.advance(step.advanceMs);
    }
    for (const subtask of this.#subtasks) subtask.advance(0); // timers that are due at once
    return this.#subtasks.flatMap((subtask) => subtask.take()).sort();
  }

  beginSnapshot(): OperatorSnapshot {
    return (this.#subtasks[0] as Subtask).beginSnapshot();
  }

  #receiversOf(record: unknown): readonly Subtask[] {
    const key = this.#case.keyOf?.(record);
    if (key === undefined) return this.#subtasks;
    const group = keyGroupOf(hashKey(key), MAX_PARALLELISM);
    const { length } = this.#subtasks;
    return [this.#subtasks[Math.floor((group * length) / MAX_PARALLELISM)] as Subtask];
  }
}

/** From one subtask to several: a list that is split goes to the first. */
function assigned(state: OperatorSubtaskState, { subtask }: Place): OperatorSubtaskState {
  const isMine = ({ schema }: OperatorStateHandle) => schema.mode !== 'split' || subtask === 0;
  return { keyed: state.keyed, operator: state.operator.filter(isMine) };
}

const streams = new FileCheckpointStreams({ fileSystemOf: noFiles, random: { next: () => 0, nextInt: () => 0 } });

function noFiles(): never {
  throw new Error('there is no file system here');
}

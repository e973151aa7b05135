/**
 * Runs a source function in one subtask and hands on what it emits.
 *
 * Owns the function's object and its life: initializeState, open, run, close. Called by its source task; the life goes on between the calls.
 *
 * F1 one run at a time; several that were given before the first began are one run with the state of all.
 * F2 a failure of the function is thrown after everything that it emitted before.
 * F3 a snapshot holds the function's state and the emissions that nobody has taken (E2 says why they belong together). Before `open` has settled it is what was given.
 *    There is none of a run that has failed: it would look as if the run had come to its end.
 * F3a no checkpoint begins while a run that is new has not been given, or its function is not open: its subtask would be in none, and others would not know after a restore that
 *     its share of the work is theirs.
 * F4 `close` of the reader cancels, and settles when `run` has returned and `close` of the function has settled.
 */
import { FailingCall } from '../../contract/failing-call.ts';
import type { InputStatus, ReaderOutput, SourceReader, SourceReaderContext } from '../../contract/source.ts';
import type { SourceFunctionLife } from '../../contract/source-function.ts';
import { FunctionLifeCycle } from '../../operators/function-life.ts';
import { Signal } from '../signal.ts';
import { FunctionState } from './function-state.ts';
import { type Emission, SourceEmissions } from './source-emissions.ts';
import { emissionsOf, savedEmissions, type SourceRun } from './source-run.ts';

const RUN_EMISSIONS = 512;

interface UnderWay<T> {
  readonly given: readonly SourceRun[];
  readonly emissions: SourceEmissions<T>;
  readonly state: FunctionState;
  phase: 'opening' | 'running' | 'ended';
}

export class FunctionSourceReader<T, C> implements SourceReader<T, SourceRun> {
  readonly #context: SourceReaderContext;
  readonly #fn: SourceFunctionLife<T, C>;
  readonly #runtimeContext: C;
  readonly #available = new Signal();
  #runs: SourceRun[] = [];
  #underWay: UnderWay<T> | undefined;
  #life: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;
  #started = false;
  #noMore = false;
  #canceled = false;

  constructor(context: SourceReaderContext, fn: SourceFunctionLife<T, C>, runtimeContext: C) {
    this.#context = context;
    this.#fn = fn;
    this.#runtimeContext = runtimeContext;
  }

  start(): void {
    this.#started = true;
    this.#begin();
  }

  pollNext(output: ReaderOutput<T>): InputStatus {
    const emissions = this.#underWay?.emissions;
    for (let count = 0; emissions !== undefined && count < RUN_EMISSIONS; count += 1) {
      const emission = emissions.take();
      if (emission === undefined) return this.#nothingAtHand();
      emit(emission, output);
      if (output.isBlocked()) return 'MORE_AVAILABLE';
    }
    return emissions === undefined ? this.#nothingAtHand() : 'MORE_AVAILABLE';
  }

  isAvailable(): Promise<void> {
    return this.#available.wait();
  }

  addSplits(splits: readonly SourceRun[]): void {
    this.#runs.push(...splits);
    if (this.#started) this.#begin();
  }

  notifyNoMoreSplits(): void {
    this.#noMore = true;
    this.#available.raise();
  }

  snapshotState(checkpointId: number): readonly SourceRun[] {
    if (this.#failure !== undefined) throw this.#failure.error; // F3
    const current = this.#underWay;
    if (current === undefined) return this.#runs;
    if (current.phase === 'opening') return [...current.given, ...this.#runs];
    if (current.phase === 'running') {
      const timestamp = this.#context.clock?.now() ?? 0;
      this.#fn.snapshotState?.({ getCheckpointId: () => checkpointId, getCheckpointTimestamp: () => timestamp });
    }
    const saved = {
      index: current.given[0]?.index ?? 0,
      restored: true,
      ended: current.phase === 'ended',
      lists: current.phase === 'ended' ? [] : current.state.save(),
      emissions: savedEmissions(current.emissions.rest()),
    };
    return [saved, ...this.#runs];
  }

  /** F3a */
  isReadyForCheckpoint(): boolean {
    const current = this.#underWay;
    if (current === undefined) return this.#noMore;
    return current.phase !== 'opening' || current.given.every(({ restored, ended }) => restored || ended);
  }

  async notifyCheckpointComplete(checkpointId: number): Promise<void> {
    await this.#fn.notifyCheckpointComplete?.(checkpointId);
  }

  async close(): Promise<void> {
    this.#canceled = true;
    const current = this.#underWay;
    current?.emissions.cancel();
    try {
      if (current?.phase === 'running') this.#fn.cancel?.();
    } finally {
      await this.#life;
    }
  }

  #begin(): void {
    if (this.#underWay !== undefined || this.#canceled) return;
    const given = this.#runs;
    this.#runs = [];
    if (given.length === 0) return this.#noMore ? undefined : this.#context.sendSplitRequest();
    const emissions = new SourceEmissions<T>(emissionsOf<T>(given), () => this.#available.raise());
    const open = given.filter(({ ended }) => !ended);
    const current: UnderWay<T> = {
      given,
      emissions,
      state: new FunctionState(open.flatMap(({ lists }) => lists)),
      phase: open.length > 0 ? 'opening' : 'ended',
    };
    this.#underWay = current;
    this.#available.raise();
    if (open.length > 0) this.#life = this.#live(current);
  }

  async #live(current: UnderWay<T>): Promise<void> {
    const restored = current.given.some((run) => run.restored);
    const life = new FunctionLifeCycle<C>(this.#fn, this.#runtimeContext, () => current.state, restored);
    try {
      try {
        await life.open();
        current.phase = 'running';
        if (!this.#canceled) await this.#run(current.emissions);
      } finally {
        await life.close();
      }
    } catch (error) {
      if (!this.#canceled) this.#failure = { error };
    }
    current.phase = 'ended';
    this.#available.raise();
  }

  async #run(emissions: SourceEmissions<T>): Promise<void> {
    try {
      await this.#fn.run(emissions);
      await emissions.settled();
    } catch (error) {
      throw FailingCall.of('run', error);
    }
  }

  #nothingAtHand(): InputStatus {
    if (this.#failure !== undefined) throw this.#failure.error;
    if (this.#underWay?.phase === 'ended') {
      this.#underWay = undefined;
      this.#begin();
      return 'MORE_AVAILABLE';
    }
    return this.#noMore && this.#underWay === undefined ? 'END_OF_INPUT' : this.#available.none();
  }
}

function emit<T>(emission: Emission<T>, output: ReaderOutput<T>): void {
  switch (emission.kind) {
    case 'record':
      return output.collect(emission.record, emission.timestamp);
    case 'watermark':
      output.markActive();
      return output.emitWatermark(emission.timestamp);
    case 'idle':
      return output.markIdle();
  }
}

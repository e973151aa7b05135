/**
 * Hands one run of a source function to each subtask.
 *
 * N1 a subtask gets a new run once; what came back from one that failed goes to whoever asks first.
 * N2 after a restore the subtasks that are new, because the parallelism was raised, get runs of their own, which know that the job was restored.
 */
import type { SplitEnumerator, SplitEnumeratorContext } from '../../contract/source.ts';
import type { SourceRun } from './source-run.ts';

export interface RunEnumeratorState {
  /** Subtasks that got their run. */
  readonly given: readonly number[];
  /** Given back, and not to anybody since: in the form of the run serializer. */
  readonly returned: readonly SourceRun[];
}

export class RunEnumerator implements SplitEnumerator<SourceRun, RunEnumeratorState> {
  readonly #context: SplitEnumeratorContext<SourceRun>;
  readonly #isRestored: boolean;
  readonly #given: Set<number>;
  readonly #returned: SourceRun[];

  constructor(context: SplitEnumeratorContext<SourceRun>, restored: RunEnumeratorState | undefined) {
    this.#context = context;
    this.#isRestored = restored !== undefined;
    this.#given = new Set(restored?.given);
    this.#returned = [...(restored?.returned ?? [])];
  }

  start(): void {}

  handleSplitRequest(subtask: number): void {
    const run = this.#returned.shift() ?? this.#newRun(subtask);
    if (run === undefined) this.#context.signalNoMoreSplits(subtask);
    else this.#context.assignSplit(run, subtask);
  }

  addSplitsBack(splits: readonly SourceRun[], _subtask: number): void {
    this.#returned.push(...splits);
  }

  addReader(_subtask: number): void {} // readers ask

  snapshotState(): RunEnumeratorState {
    return { given: [...this.#given], returned: [...this.#returned] };
  }

  close(): void {}

  #newRun(subtask: number): SourceRun | undefined {
    if (this.#given.has(subtask)) return undefined;
    this.#given.add(subtask);
    return { index: subtask, restored: this.#isRestored, ended: false, lists: [], emissions: [] };
  }
}

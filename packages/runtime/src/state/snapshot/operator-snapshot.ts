/**
 * What one operator of one subtask gives to one checkpoint. Made by its services before the operator's `snapshotState`, sealed after the synchronous part of it, and moved on
 * by the task.
 *
 * N1 all that it shows was so when it was made, operator state when it was sealed, for `snapshotState` brings that up to date; what is not frozen by a backend is encoded, or copied, at once.
 * N2 `advance` works for as many entries as it is told, so the record path waits for no more than those.
 * N3 a failure, in whatever entry, comes out of `advance` or `finish`; never into the record path.
 * N4 after `cancel` or `finish` nothing is frozen any more.
 */
import { invariant } from '@millrace/core/base/assert';
import { descriptionOf } from '@millrace/core/types/types';
import type { EntrySource, KeyedSnapshot, ListSnapshot, StateSnapshotContext } from '@millrace/streaming/contract/snapshot';
import type { CheckpointBarrier } from '../../checkpoint/checkpoint-options.ts';
import type {
  KeyedStateSchema,
  OperatorStateHandle,
  OperatorStateSchema,
  OperatorSubtaskState,
  StreamHandle,
} from '../../checkpoint/state-handles.ts';
import type { CheckpointStreams } from '../../checkpoint/state-streams.ts';
import type { FrozenState, OpenSink } from '../state-backend.ts';
import { type CarriedSink, CarriedState } from './carried-state.ts';
import type { IncrementalStates } from './incremental-states.ts';
import type { KeyGroups } from './key-groups.ts';
import { CarriedList, ListBlock } from './list-blocks.ts';
import { identityOf, type LoadedList, type RestoredStates } from './restored-states.ts';
import { mergedSchema } from './schema-learner.ts';
import { SnapshotOutput } from './snapshot-output.ts';
import { ChangedState, WholeState, type WrittenState } from './written-state.ts';

/** `waiting`: the disk is behind; the task gets mail when it has caught up. */
export type SnapshotProgress = 'more' | 'waiting' | 'done';

export interface OperatorSnapshot {
  /** For the operator's `snapshotState`. */
  readonly context: StateSnapshotContext;
  /** `snapshotState` has returned: operator state goes into the checkpoint as it is now. Once, in the same turn. */
  seal(): void;
  /** Encodes up to so many entries. Throws what makes the snapshot impossible; the task then declines the checkpoint and cancels. */
  advance(budgetEntries: number): SnapshotProgress;
  /** Once `advance` has said `done` and the operator's own promise has settled: all is written when it settles. */
  finish(): Promise<OperatorSubtaskState>;
  /** Gives up, at any time: nothing is frozen any more, and what was written is removed. */
  cancel(): Promise<void>;
  /** What this checkpoint wrote, without what it took over from older ones. */
  readonly checkpointedBytes: number;
}

export interface SnapshotPorts {
  readonly barrier: CheckpointBarrier;
  readonly keyGroups: KeyGroups;
  readonly streams: CheckpointStreams;
  /** Of a job whose checkpoints build upon each other. */
  readonly incremental?: IncrementalStates | undefined;
  /** The task should look at its snapshots again. */
  readonly onRoom: () => void;
}

/** What there is to write besides what the operator gives to the context. */
export interface SnapshotContents {
  freezeKeyed(open: OpenSink): readonly FrozenState[];
  freezeLists(): readonly { readonly schema: OperatorStateSchema; readonly elements: readonly unknown[] }[];
  /** What nobody has asked for since it was restored. */
  readonly restored: RestoredStates;
}

/** As which `writeKeyed` and `readKeyed` know a state. */
export function entriesSchema<K, N, V>({ name, keyType, namespaceType, valueType }: KeyedSnapshot<K, N, V>): KeyedStateSchema {
  const types = {
    keyType: descriptionOf(keyType),
    namespaceType: namespaceType === undefined ? undefined : descriptionOf(namespaceType),
    valueType: descriptionOf(valueType),
  };
  return { name, kind: 'table', ...types };
}

/** A list on its way into a checkpoint. */
interface WrittenList {
  readonly schema: OperatorStateSchema;
  advance(budgetElements: number, to: SnapshotOutput): number;
  handle(stream: StreamHandle): OperatorStateHandle;
}

export class RunningSnapshot implements OperatorSnapshot, StateSnapshotContext {
  readonly context: StateSnapshotContext = this;
  readonly checkpointId: number;
  readonly checkpointTimestamp: number;
  readonly #ports: SnapshotPorts;
  readonly #output: SnapshotOutput;
  /** Of what later checkpoints may refer to. */
  readonly #shared: SnapshotOutput;
  readonly #keyed: WrittenState[] = [];
  readonly #lists: WrittenList[] = [];
  readonly #parts: { readonly frozen: FrozenState; readonly state: WrittenState }[] = [];
  readonly #freezeLists: SnapshotContents['freezeLists'];
  #nextPart = 0;
  #nextList = 0;

  constructor(ports: SnapshotPorts, contents: SnapshotContents) {
    const { barrier, streams } = ports;
    this.checkpointId = barrier.checkpointId;
    this.checkpointTimestamp = barrier.timestamp;
    this.#ports = ports;
    this.#output = new SnapshotOutput(() => streams.create(barrier.location, 'exclusive'), ports.onRoom);
    this.#shared = new SnapshotOutput(() => streams.create(barrier.location, 'shared'), ports.onRoom);
    const open: OpenSink = (schema, changes) => (changes === undefined ? this.#openWhole(schema) : this.#openChanged(schema, changes));
    const frozen = [...contents.freezeKeyed(open), ...carriedOn(contents.restored, (schema) => this.#openWhole(schema).blocks)];
    for (const [index, each] of frozen.entries()) this.#parts.push({ frozen: each, state: this.#keyed[index] as WrittenState });
    this.#freezeLists = () => contents.freezeLists();
    for (const loaded of contents.restored.untakenLists)
      if (isCarriedHere(loaded, ports.keyGroups)) this.#lists.push(new CarriedList(loaded));
  }

  get checkpointedBytes(): number {
    return this.#output.bytesWritten + this.#shared.bytesWritten;
  }

  seal(): void {
    for (const { schema, elements } of this.#freezeLists()) this.#addList(new ListBlock(schema, elements));
  }

  writeList<T>({ name, mode, elementType, kind = 'list' }: ListSnapshot<T>, elements: Iterable<T>): void {
    this.#addList(new ListBlock({ name, kind, mode, elementType: descriptionOf(elementType) }, [...elements]));
  }

  writeKeyed<K, N, V>(state: KeyedSnapshot<K, N, V>): (key: K, namespace: N, value: V) => void {
    return this.#openWhole(entriesSchema(state)).add as (key: K, namespace: N, value: V) => void;
  }

  writeKeyedLater<K, N, V>(state: KeyedSnapshot<K, N, V>, from: (write: (key: K, namespace: N, value: V) => void) => EntrySource): void {
    const whole = this.#openWhole(entriesSchema(state));
    this.#parts.push({ frozen: from(whole.add as (key: K, namespace: N, value: V) => void), state: whole });
  }

  advance(budgetEntries: number): SnapshotProgress {
    for (let left = budgetEntries; left > 0; ) {
      if (this.#output.isFull || this.#shared.isFull) return 'waiting';
      if (this.#nextPart < this.#parts.length) left = this.#advanceKeyed(left);
      else if (this.#nextList < this.#lists.length) left = this.#advanceLists(left);
      else return 'done';
    }
    return 'more';
  }

  async finish(): Promise<OperatorSubtaskState> {
    invariant(this.#nextPart === this.#parts.length, () => 'a snapshot was finished before all of it was encoded');
    while (this.#nextList < this.#lists.length) this.#advanceLists(Number.POSITIVE_INFINITY); // given since, by a promise of the operator
    for (const state of this.#keyed) this.#complete(state);
    const streams = { exclusive: await this.#output.finish(), shared: await this.#shared.finish() };
    return {
      keyed: this.#keyed.flatMap((state) => state.handles(streams)),
      operator: this.#lists.map((list) => list.handle(streams.exclusive as StreamHandle)), // each has a block
    };
  }

  async cancel(): Promise<void> {
    for (const { frozen } of this.#parts) frozen.release();
    this.#ports.incremental?.notify(this.checkpointId, 'aborted');
    await Promise.all([this.#output.cancel(), this.#shared.cancel()]);
  }

  #advanceKeyed(budget: number): number {
    const { frozen, state } = this.#parts[this.#nextPart] as { readonly frozen: FrozenState; readonly state: WrittenState };
    const left = frozen.advance(budget);
    if (state.failure !== undefined) throw state.failure;
    if (!frozen.isDone) return 0;
    frozen.release();
    this.#complete(state);
    this.#nextPart += 1;
    return left;
  }

  #advanceLists(budget: number): number {
    const left = (this.#lists[this.#nextList] as WrittenList).advance(budget, this.#output);
    if (left > 0) this.#nextList += 1;
    return left;
  }

  #complete(state: WrittenState): void {
    if (state.failure === undefined) state.flush();
    if (state.failure !== undefined) throw state.failure;
  }

  #openWhole(schema: KeyedStateSchema): WholeState {
    return this.#add(new WholeState(schema, this.#ports.keyGroups, this.#output));
  }

  #openChanged(schema: KeyedStateSchema, changes: NonNullable<Parameters<OpenSink>[1]>): WrittenState {
    const { incremental, keyGroups, barrier } = this.#ports;
    if (incremental === undefined) return this.#openWhole(schema);
    const layers = incremental.layersOf(schema, barrier);
    const { checkpointId } = barrier;
    return this.#add(new ChangedState(schema, { ...changes, checkpointId, keyGroups, layers, output: this.#shared }));
  }

  #add<S extends WrittenState>(state: S): S {
    const { schema } = state;
    const identity = identityOf(schema);
    invariant(
      !this.#keyed.some((other) => identityOf(other.schema) === identity),
      () => `keyed state '${schema.name}' is twice in one snapshot of an operator`,
    );
    this.#keyed.push(state);
    return state;
  }

  #addList(list: WrittenList): void {
    const { name, kind } = list.schema;
    invariant(
      !this.#lists.some(({ schema }) => schema.name === name && schema.kind === kind),
      () => `operator state '${name}' is twice in one snapshot of an operator`,
    );
    this.#lists.push(list);
  }
}

/** What nobody has asked for since it was restored goes on as it is (R2 of restored-states.ts). */
function carriedOn(restored: RestoredStates, open: (schema: KeyedStateSchema) => CarriedSink): readonly FrozenState[] {
  return restored.untakenKeyed.map((parts) => new CarriedState(parts, open(mergedSchema(parts.map(({ schema }) => schema)))));
}

/** What is in union was given to every subtask: if all of them carried it on, it would be there as often as there are subtasks. */
function isCarriedHere({ handle }: LoadedList, { first }: KeyGroups): boolean {
  return handle.schema.mode !== 'union' || first === 0;
}

/**
 * What an operator asks its task for beside its outputs, keyed state, operator state and timers, and what the task asks of them for a checkpoint. Each is made when it is
 * first asked for, so an operator without state costs nothing.
 *
 * The order is: `load`, then `initializeState` of the operator with `initializationContext`, then `open`; states that were made before `load` are filled by it. At a barrier:
 * `beginSnapshot`, then `snapshotState` of the operator with the snapshot's context and `seal` in the same turn, then `advance` in this and later turns.
 */
import type { Cancellation } from '@millrace/core/base/clock';
import { UsageError } from '@millrace/core/base/errors';
import type { MemoryUse } from '@millrace/streaming/contract/memory-use';
import type { NamespaceType, OperatorStateStore } from '@millrace/streaming/contract/keyed-state';
import type { KeyContext, TaskFlow } from '@millrace/streaming/contract/operator';
import type { StateInitializationContext } from '@millrace/streaming/contract/snapshot';
import type { KeyedTableFactory } from '@millrace/streaming/contract/state';
import type { InternalTimerService, Triggerable } from '@millrace/streaming/contract/timers';
import { NO_TIMESTAMP } from '@millrace/streaming/contract/timestamp';
import type { CheckpointBarrier } from '../checkpoint/checkpoint-options.ts';
import type { CheckpointStreams } from '../checkpoint/state-streams.ts';
import { CurrentKey } from '../state/current-key.ts';
import { HeapOperatorStateStore } from '../state/heap-operator-state.ts';
import { HASHMAP_STATE_BACKEND } from '../state/heap-state-backend.ts';
import { HeapTimerService } from '../state/heap-timer-service.ts';
import { IncrementalStates } from '../state/snapshot/incremental-states.ts';
import type { KeyGroups } from '../state/snapshot/key-groups.ts';
import { type OperatorSnapshot, RunningSnapshot } from '../state/snapshot/operator-snapshot.ts';
import { RestoredContext } from '../state/snapshot/restored-context.ts';
import { type RestoredOperator, RestoredStates } from '../state/snapshot/restored-states.ts';
import { readWatermark, watermarkList } from '../state/snapshot/watermark-state.ts';
import type { KeyedBackend, StateBackend } from '../state/state-backend.ts';
import type { Freeze } from '../state/value-check.ts';

export interface OperatorServicePorts {
  /** Undefined for operators without a key. */
  readonly key: Pick<KeyContext, 'type'> | undefined;
  readonly flow: TaskFlow;
  readonly freeze: Freeze;
  readonly currentProcessingTime: () => number;
  readonly mail: (action: () => void) => void;
  readonly schedule: (delayMs: number, action: () => void) => Cancellation;
  /** Of this subtask; of an operator without a key it is not looked at. */
  readonly keyGroups?: KeyGroups;
  /** What the task is restored with; absent where it begins without state. */
  readonly restored?: RestoredOperator | undefined;
  /** Where keyed state is; on the heap if it is absent. */
  readonly stateBackend?: StateBackend;
  /** Checkpoints hold what has changed upon older ones (execution.checkpointing.incremental). */
  readonly isIncremental?: boolean;
}

/** Where nothing is snapshotted or restored, as in a bench of one operator. */
const ONE_KEY_GROUP: KeyGroups = { maxParallelism: 1, first: 0, last: 0 };

export class OperatorServices {
  readonly #ports: OperatorServicePorts;
  readonly #currentKey = new CurrentKey();
  readonly #keyGroups: KeyGroups;
  readonly #restored: RestoredStates;
  readonly #backend: KeyedBackend;
  readonly #operatorState: HeapOperatorStateStore;
  readonly #incremental: IncrementalStates | undefined;
  readonly #timers = new Map<string, HeapTimerService<never, never>>();
  #restoredWatermark = NO_TIMESTAMP;

  constructor(ports: OperatorServicePorts) {
    const { key, freeze, currentProcessingTime, keyGroups = ONE_KEY_GROUP, restored, stateBackend = HASHMAP_STATE_BACKEND } = ports;
    const { isIncremental = false } = ports;
    this.#ports = ports;
    this.#keyGroups = keyGroups;
    this.#restored = new RestoredStates(restored, keyGroups, currentProcessingTime);
    this.#incremental = isIncremental ? new IncrementalStates(this.#restored) : undefined;
    const environment = {
      key,
      currentKey: this.#currentKey,
      keyGroups,
      restored: this.#restored,
      freeze,
      currentProcessingTime,
      isIncremental,
    };
    this.#backend = stateBackend.createKeyedBackend(environment);
    this.#operatorState = new HeapOperatorStateStore(freeze, this.#restored);
  }

  get tables(): KeyedTableFactory {
    return this.#backend.tables;
  }

  get keyedState(): KeyedBackend['keyedState'] {
    return this.#backend.keyedState;
  }

  get operatorState(): OperatorStateStore {
    return this.#operatorState;
  }

  timers<K, N>(name: string, triggerable: Triggerable<K, N>, namespaces: NamespaceType<N>): InternalTimerService<N> {
    const { key } = this.#ports;
    if (key === undefined) throw new UsageError('A timer needs a key, and this operator has none. Call keyBy(…) before it.');
    if (this.#timers.has(name)) throw new Error(`timers '${name}' are made twice in one operator`);
    const restored = this.#restored;
    const restoredWatermark = () => this.#restoredWatermark;
    const service = new HeapTimerService(
      { ...this.#ports, name, keyType: key.type, currentKey: this.#currentKey, restored, restoredWatermark },
      triggerable,
      namespaces,
    );
    this.#timers.set(name, service as unknown as HeapTimerService<never, never>);
    return service;
  }

  /** Reads what the checkpoint has for this operator, and fills the states that were made so far. */
  async load(): Promise<void> {
    await this.#restored.load();
    this.#restoredWatermark = readWatermark(this.#restored, this.#keyGroups);
    this.#backend.onLoaded();
    this.#operatorState.onLoaded();
    for (const service of this.#timers.values()) service.onLoaded();
  }

  /** For the operator's `initializeState`; after `load`. */
  get initializationContext(): StateInitializationContext {
    return new RestoredContext(this.#restored);
  }

  /** Freezes keyed state and timers as they are now. In the same turn the operator's `snapshotState` is called with the snapshot's context, and the snapshot sealed. */
  beginSnapshot(barrier: CheckpointBarrier, streams: CheckpointStreams): OperatorSnapshot {
    const incremental = this.#incremental;
    const ports = { barrier, streams, incremental, keyGroups: this.#keyGroups, onRoom: () => this.#ports.mail(nothing) };
    const { checkpointId } = barrier;
    return new RunningSnapshot(ports, {
      freezeKeyed: (open) => [
        ...this.#backend.freeze(open, checkpointId),
        ...[...this.#timers.values()].flatMap((service) => service.freeze(open)),
      ],
      freezeLists: () => [...this.#operatorState.freeze(), ...this.#watermarkOfTimers()],
      restored: this.#restored,
    });
  }

  /** What became of a checkpoint: the next ones may build upon it, or must not. */
  notifyCheckpoint(checkpointId: number, outcome: 'complete' | 'aborted'): void {
    this.#incremental?.notify(checkpointId, outcome);
  }

  /** They have one watermark, that of the operator. */
  #watermarkOfTimers(): readonly ReturnType<typeof watermarkList>[] {
    const [service] = this.#timers.values();
    return service === undefined ? [] : [watermarkList(this.#keyGroups, service.settledWatermark)];
  }

  /** State and timers, as far as they are in memory. */
  memoryUse(): readonly MemoryUse[] {
    const timers = [...this.#timers.values()].map((service) => service.memoryUse());
    return [...(this.#backend.memoryUse?.() ?? []), ...this.#operatorState.memoryUse(), ...timers];
  }

  /** Whether a burst of timers has stopped between two of them, and nothing else is suspended: a checkpoint may be taken here (B-013). */
  get isBetweenTimers(): boolean {
    let between = false;
    for (const { firing } of this.#timers.values()) {
      if (firing === 'suspended') return false;
      if (firing === 'between') between = true;
    }
    return between;
  }

  /** The input has ended: no processing-time timer fires any more. */
  quiesce(): void {
    for (const service of this.#timers.values()) service.quiesce();
  }
}

function nothing(): void {}

/**
 * What an operator asks its task for beside its outputs: keyed state, operator state, timers. Each is made when it is first asked for, so an operator without state
 * costs nothing.
 */
import type { Cancellation } from '@millrace/core/base/clock';
import { UsageError } from '@millrace/core/base/errors';
import type { NamespaceType, OperatorStateStore } from '@millrace/streaming/contract/keyed-state';
import type { KeyContext, TaskFlow } from '@millrace/streaming/contract/operator';
import type { KeyedTableFactory } from '@millrace/streaming/contract/state';
import type { InternalTimerService, Triggerable } from '@millrace/streaming/contract/timers';
import { CurrentKey } from '../state/current-key.ts';
import { HeapKeyedStateBackend } from '../state/heap-keyed-state-backend.ts';
import { HeapOperatorStateStore } from '../state/heap-operator-state.ts';
import { HeapTableFactory } from '../state/heap-tables.ts';
import { HeapTimerService } from '../state/heap-timer-service.ts';
import type { Freeze } from '../state/value-check.ts';

export interface OperatorServicePorts {
  /** Undefined for operators without a key. */
  readonly key: Pick<KeyContext, 'type'> | undefined;
  readonly flow: TaskFlow;
  readonly freeze: Freeze;
  readonly currentProcessingTime: () => number;
  readonly mail: (action: () => void) => void;
  readonly schedule: (delayMs: number, action: () => void) => Cancellation;
}

export class OperatorServices {
  readonly tables: KeyedTableFactory = new HeapTableFactory();
  readonly #ports: OperatorServicePorts;
  readonly #currentKey = new CurrentKey();
  readonly #timers = new Map<string, { quiesce(): void }>();
  #keyedState: HeapKeyedStateBackend | undefined = undefined;
  #operatorState: HeapOperatorStateStore | undefined = undefined;

  constructor(ports: OperatorServicePorts) {
    this.#ports = ports;
  }

  get keyedState(): HeapKeyedStateBackend {
    const { freeze } = this.#ports;
    this.#keyedState ??= new HeapKeyedStateBackend({
      currentKey: this.#currentKey,
      tables: this.tables,
      keyType: this.#key('Keyed state').type,
      freeze,
    });
    return this.#keyedState;
  }

  get operatorState(): OperatorStateStore {
    this.#operatorState ??= new HeapOperatorStateStore(this.#ports.freeze);
    return this.#operatorState;
  }

  timers<K, N>(name: string, triggerable: Triggerable<K, N>, namespaces: NamespaceType<N>): InternalTimerService<N> {
    this.#key('A timer');
    if (this.#timers.has(name)) throw new Error(`timers '${name}' are made twice in one operator`);
    const service = new HeapTimerService({ ...this.#ports, currentKey: this.#currentKey }, triggerable, namespaces);
    this.#timers.set(name, service);
    return service;
  }

  /** The input has ended: no processing-time timer fires any more. */
  quiesce(): void {
    for (const service of this.#timers.values()) service.quiesce();
  }

  #key(what: string): Pick<KeyContext, 'type'> {
    const { key } = this.#ports;
    if (key === undefined) throw new UsageError(`${what} needs a key, and this operator has none. Call keyBy(…) before it.`);
    return key;
  }
}

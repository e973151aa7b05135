/** The other system of two-phase sinks: it outlives every process, its calls take time, and it keeps what was pre-committed until it is told what becomes of it. */
import { Isolate } from './isolate.ts';
import type { World } from './world.ts';

type State = 'pre-committed' | 'committed' | 'aborted';

interface Transaction {
  state: State;
  readonly lines: readonly string[];
  readonly at: number;
}

const LATENCY_MS_MAX = 6;

export class TransactionStore {
  readonly #world: World;
  readonly #transactions = new Map<string, Transaction>();
  readonly #visible: string[] = [];
  #next = 0;

  constructor(world: World) {
    this.#world = world;
  }

  get visible(): readonly string[] {
    return this.#visible;
  }

  newName(): string {
    return `t${this.#next++}`;
  }

  preCommit(name: string, lines: readonly string[]): Promise<void> {
    return this.#call(`pre-commit ${name}`, () => {
      this.#transactions.set(name, { state: 'pre-committed', lines, at: this.#world.oracles.moment });
    });
  }

  /** May be repeated. */
  commit(name: string): Promise<void> {
    return this.#call(`commit ${name}`, () => {
      const transaction = this.#transactions.get(name);
      const { oracles, faults } = this.#world;
      if (transaction?.state === 'committed') return;
      if (transaction?.state === 'aborted') return oracles.violated(`(b) transaction ${name} is to be committed, and was aborted`);
      oracles.committed(name, transaction?.at);
      if (transaction === undefined) return;
      transaction.state = 'committed';
      this.#visible.push(...transaction.lines);
      faults.happened('commit');
    });
  }

  abort(name: string): Promise<void> {
    return this.#call(`abort ${name}`, () => {
      const transaction = this.#transactions.get(name);
      if (transaction?.state === 'committed') this.#world.oracles.violated(`(b) transaction ${name} is to be aborted, and was committed`);
      else if (transaction !== undefined) transaction.state = 'aborted';
    });
  }

  #call(what: string, effect: () => void): Promise<void> {
    const isolate = Isolate.current;
    const { clock, trace, random } = this.#world;
    if (isolate?.isDead === true) return new Promise(() => {});
    return new Promise((resolve) => {
      clock.schedule(random.nextInt(LATENCY_MS_MAX), () => {
        trace.step(`store ${what}`);
        effect();
        if (isolate?.isDead !== true) isolate === undefined ? resolve() : isolate.run(resolve);
      });
    });
  }
}

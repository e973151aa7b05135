/**
 * What outlives every process of a simulation: time, the disk, the system that transactions are committed to, the faults that are to come, and what the oracles have seen.
 *
 * Owned by the run of one seed; processes come and go in it.
 */
import { type Random, seededRandom } from '@millrace/core/base/random';
import { SimulatedDisk } from '@millrace/core/sim/simulated-disk';
import { VirtualClock } from '@millrace/testing/simulation/virtual-clock';
import { Faults } from './faults.ts';
import { Oracles } from './oracles.ts';
import { Trace } from './trace.ts';
import { TransactionStore } from './transaction-store.ts';

export const CHECKPOINTS = 'sim:/checkpoints';
export const OUTPUT = 'sim:/out';

export class World {
  readonly seed: number;
  /** Which process runs, from 1. */
  generation = 0;
  messagesAreInTrouble = false;
  readonly clock = new VirtualClock(1_000);
  readonly trace: Trace;
  readonly random: Random;
  readonly disk: SimulatedDisk;
  readonly oracles: Oracles;
  readonly faults: Faults;
  readonly transactions: TransactionStore;

  constructor(seed: number, print?: (line: string) => void) {
    this.seed = seed;
    this.random = seededRandom(seed);
    this.trace = new Trace(() => this.clock.now(), print);
    this.disk = new SimulatedDisk(this.clock, this.fork());
    this.oracles = new Oracles(this.trace, this.disk);
    this.faults = new Faults(this.fork(), this.trace);
    this.transactions = new TransactionStore(this);
  }

  /** Randomness of its own for one part, so that a change in one does not change all others. */
  fork(): Random {
    return seededRandom(this.random.nextInt(0x1_0000_0000));
  }
}

let current: World | undefined;

/** The world whose turn it is: seeds run one after another. */
export function world(): World {
  if (current === undefined) throw new Error('no simulation runs');
  return current;
}

export function enter(next: World | undefined): void {
  current = next;
}

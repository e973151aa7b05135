/** A keyed state that was restored and that nobody has asked for, on its way into the next checkpoint. */
import type { FrozenState, KeyedSink } from '../state-backend.ts';
import type { MapEntries } from './entry-codec.ts';
import { isLayered, LayeredState } from './layered-state.ts';
import { type LoadedBlock, type LoadedState, readEntries } from './restored-states.ts';

export interface CarriedSink extends KeyedSink {
  /** Takes over a block as it is. */
  addBlock(keyGroup: number, bytes: Uint8Array, count: number): void;
}

/** Its blocks go on as they are. Of layers only what counts goes on: they would have to be removed in the order in which they came. */
export class CarriedState implements FrozenState {
  readonly #steps: readonly (() => number)[];
  #next = 0;

  constructor(parts: readonly LoadedState[], to: CarriedSink) {
    this.#steps = isLayered(parts) ? stepsOfLayers(parts, to) : stepsOfBlocks(parts, to);
  }

  get isDone(): boolean {
    return this.#next >= this.#steps.length;
  }

  advance(budgetEntries: number): number {
    let left = budgetEntries;
    while (left > 0 && !this.isDone) left -= (this.#steps[this.#next++] as () => number)();
    return Math.max(0, left);
  }

  release(): void {
    this.#next = this.#steps.length;
  }
}

/** Each step returns how many entries it has moved. */
function stepsOfBlocks(parts: readonly LoadedState[], to: CarriedSink): readonly (() => number)[] {
  const stepOf =
    ({ keyGroup, bytes, count }: LoadedBlock) =>
    () => {
      to.addBlock(keyGroup, bytes, count);
      return count;
    };
  return parts.flatMap(({ blocks }) => blocks.map(stepOf));
}

/** As which a map is written. */
function entriesOf(pairs: [unknown, unknown][]): MapEntries {
  return { size: pairs.length, entries: () => pairs };
}

function stepsOfLayers(parts: readonly LoadedState[], to: CarriedSink): readonly (() => number)[] {
  const layers = new LayeredState(parts, readEntries);
  return layers.keyGroups.map((keyGroup) => () => {
    let count = 0;
    layers.readGroup(keyGroup, ({ schema }, key, namespace, value) => {
      to.add(key, namespace, schema.nameType === undefined ? value : entriesOf(value as [unknown, unknown][]));
      count += 1;
    });
    return count;
  });
}

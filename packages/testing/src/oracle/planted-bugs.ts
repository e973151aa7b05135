/** Bugs for the oracle to find: each a change of one line of the compiled engine, made while it is loaded (planting-hooks.ts). The engine itself has no flag for them. */
export interface PlantedBug {
  readonly name: string;
  /** End of the file's path. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    name: 'a window fires one millisecond early',
    file: 'streaming/dist/operators/window-grid.js',
    from: 'watermark + 1 - this.sizeMs',
    to: 'watermark + 2 - this.sizeMs',
  },
  {
    name: 'a record that is late is kept',
    file: 'streaming/dist/operators/window-grid.js',
    from: 'this.lastEnded(watermark - this.latenessMs)',
    to: 'this.lastEnded(watermark - this.latenessMs - 3)',
  },
  {
    name: 'the watermark is lost while an input is idle',
    file: 'runtime/dist/task/input-gate.js',
    from: 'channel.idle = channel.reader.value === 1',
    to: 'channel.idle = false',
  },
  {
    name: 'the end of one lane passes those that are idle',
    file: 'runtime/dist/task/input-gate.js',
    from: 'channel.ended || channel.watermark === MAX_WATERMARK',
    to: 'channel.ended',
  },
  {
    name: 'the watermark of a union is that of the input which is ahead',
    file: 'runtime/dist/task/input-gate.js',
    from: 'channel.watermark < least',
    to: '(least === Number.POSITIVE_INFINITY || channel.watermark > least)',
  },
  {
    name: 'a record that spans two segments of a ring is dropped',
    file: 'runtime/dist/network/ring-reader.js',
    from: 'return this.gathered === this.gatherBytes ? this.finishGathering(handler, budget) : AT_LIMIT;',
    to: 'return this.gathered === this.gatherBytes ? ((this.gatherTag = 0), AT_LIMIT) : AT_LIMIT;',
  },
  {
    name: 'a suspended flatMap skips a record',
    file: 'runtime/dist/task/step.js',
    from: 'this.nextItem = nextItem;',
    to: 'this.nextItem = nextItem + 1;',
  },
  {
    name: 'a watermark overtakes the records that wait before it',
    file: 'runtime/dist/task/chain-walk.js',
    from: 'if (!step.waiting)',
    to: 'if (true)',
  },
  {
    name: 'a rolling reduce keeps what it had',
    file: 'streaming/dist/operators/reduce-operator.js',
    from: 'this.#table.values[slot] = reduced',
    to: 'this.#table.values[slot] ??= reduced',
  },
  {
    name: 'a watermark forgets that records come out of order',
    file: 'streaming/dist/contract/watermark-tracker.js',
    from: 'this.greatest - this.#outOfOrdernessMs - 1',
    to: 'this.greatest - 1',
  },
];

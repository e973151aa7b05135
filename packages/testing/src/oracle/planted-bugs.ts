/** Bugs for the oracle to find: each a change of one line of the compiled engine, made while it is loaded (planting-hooks.ts). The engine itself has no flag for them. */
import type { NodeKind } from './generate-program.ts';

export interface PlantedBug {
  readonly name: string;
  /** End of the file's path. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** Found by a few programs: `npm test` plants these, `npm run verify` all. */
  readonly quick?: boolean;
  /** Of nodes in the programs, where few of those that come otherwise would meet the bug. */
  readonly kinds?: readonly NodeKind[];
}

export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    name: 'a window fires one millisecond early',
    file: 'streaming/dist/operators/window-grid.js',
    from: 'watermark + 1 - this.sizeMs',
    to: 'watermark + 2 - this.sizeMs',
    quick: true,
    kinds: ['map', 'window', 'window'],
  },
  {
    name: 'a record that is late is kept',
    file: 'streaming/dist/operators/window-grid.js',
    from: 'this.lastEnded(watermark - this.latenessMs)',
    to: 'this.lastEnded(watermark - this.latenessMs - 3)',
    kinds: ['map', 'window', 'window'],
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
    kinds: ['union', 'window', 'timers'],
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
    from: 'if (!step.waiting)\n',
    to: 'if (true)\n',
    kinds: ['flatMap', 'timestamps', 'window'],
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
    kinds: ['timestamps', 'window', 'window'],
  },
  {
    name: 'a timer that is registered twice fires twice',
    file: 'runtime/dist/state/timer-queue.js',
    from: 'if (this.#index.find(hash, this.#matches) >= 0)',
    to: 'if (false)',
    quick: true,
  },
  {
    name: 'a timer that was deleted fires',
    file: 'runtime/dist/state/heap-timer-service.js',
    from: 'this.#eventTimers.remove(',
    to: '[].concat(',
  },
  {
    name: 'a timer at the watermark waits for the next one',
    file: 'runtime/dist/state/heap-timer-service.js',
    from: 'this.#eventTimers.leastTime <= this.#watermark',
    to: 'this.#eventTimers.leastTime < this.#watermark',
  },
  {
    name: 'one of two inputs holds the watermark back while it is idle',
    file: 'runtime/dist/task/two-input-gate.js',
    from: 'remaining.filter(({ idle }) => !idle)',
    to: 'remaining',
  },
  {
    name: 'the watermark of two inputs is the greater one',
    file: 'runtime/dist/task/two-input-gate.js',
    from: 'Math.min(MAX_WATERMARK, ...counts.map(({ watermark }) => watermark))',
    to: 'counts.length === 0 ? MAX_WATERMARK : Math.max(...counts.map(({ watermark }) => watermark))',
    quick: true,
  },
  {
    name: 'the second input of a keyed function has the key of the first',
    file: 'streaming/dist/operators/co-process-operator.js',
    from: 'this.state.setCurrentKey(this.#second(record));',
    to: 'this.state.setCurrentKey(this.key ??= this.#second(record));',
  },
  {
    name: 'sessions that touch are not merged',
    file: 'streaming/dist/window/merge-time-windows.js',
    from: 'cover?.intersects(window)',
    to: 'cover !== undefined && cover.end > window.start',
    kinds: ['map', 'sessions', 'sessions'],
  },
  {
    name: 'a session takes no account of what it merged with',
    file: 'streaming/dist/operators/window-sessions-operator.js',
    from: 'into.accumulator = this.#accumulation.merge(into.accumulator, other.accumulator);',
    to: '',
    kinds: ['map', 'sessions', 'sessions'],
  },
  {
    name: 'what the merged sessions held is lost',
    file: 'streaming/dist/operators/window-general-operator.js',
    from: 'this.#contents.merge(stateWindow, stateWindows);',
    to: '',
  },
  {
    name: 'a window of any kind takes late records',
    file: 'streaming/dist/operators/window-general-operator.js',
    from: 'if (this.#lifetime.isLate(window, this.#timers.currentWatermark())) {',
    to: 'if (false) {',
  },
  {
    name: 'a purge leaves the elements',
    file: 'streaming/dist/operators/window-general-operator.js',
    from: 'if (purges(result))',
    to: 'if (false)',
  },
  {
    name: 'a count evictor keeps one element too many',
    file: 'streaming/dist/window/count-evictor.js',
    from: 'elements.slice(-maxCount)',
    to: 'elements.slice(-maxCount - 1)',
  },
  {
    name: 'a broadcast reaches the first subtask only',
    file: 'runtime/dist/task/edge-generator.js',
    from: 'for (let channel = 0; channel < channels; channel++)',
    to: 'for (let channel = 0; channel < 1; channel++)',
  },
  {
    name: 'a side output loses what comes under back-pressure',
    file: 'streaming/dist/operators/side-outputs.js',
    from: 'this.#outputs.get(tag.id)?.collect(value);',
    to: 'if (this.#context.flow.blocked === 0) this.#outputs.get(tag.id)?.collect(value);',
  },
  {
    name: 'an interval join leaves its upper bound out',
    file: 'streaming/dist/operators/interval-join-operator.js',
    from: 'firstAtLeast(buffer.timestamps, timestamp + side.to + 1)',
    to: 'firstAtLeast(buffer.timestamps, timestamp + side.to)',
  },
  {
    name: 'an interval join forgets a record too early',
    file: 'streaming/dist/operators/interval-join-sides.js',
    from: 'function sweep({ table, to }, watermark) {',
    to: 'function sweep({ table, to }, watermark) { watermark += 3;',
  },
  {
    name: 'an outer join emits a record that found its partner',
    file: 'streaming/dist/operators/interval-join-operator.js',
    from: 'buffer.matched?.fill(true, first, end);',
    to: '',
  },
  {
    name: 'a group with nothing on the second side is left out',
    file: 'streaming/dist/operators/join-windows.js',
    from: 'yield* resultOf(fn(first, second), emits,',
    to: 'if (second.length > 0) yield* resultOf(fn(first, second), emits,',
  },
  {
    name: 'a watermark overtakes the answers before it',
    file: 'streaming/dist/operators/async-results.js',
    from: 'completed[0] ?? (awaited.size === 0 ? control : undefined)',
    to: 'completed[0] ?? control',
    kinds: ['slow', 'async', 'window', 'timers'],
  },
  {
    name: 'a broadcast rule is kept by one subtask only',
    file: 'streaming/dist/operators/broadcast-process-operator.js',
    from: 'return this.#states.writable(descriptor);',
    to: 'const state = this.#states.writable(descriptor); globalThis.first ??= state; return globalThis.first;',
  },
  {
    name: 'windows over all records are apart by key',
    file: 'streaming/dist/api/all-windows.js',
    from: 'selector: () => 0',
    to: 'selector: ({ k }) => k',
  },
  {
    name: 'a record is in the first of its windows only',
    file: 'streaming/dist/operators/window-general-operator.js',
    from: 'of this.#assigning.assign(record, timestamp, this))',
    to: 'of [...this.#assigning.assign(record, timestamp, this)].slice(0, 1))',
  },
  {
    name: 'the third input of many is taken for the first',
    file: 'streaming/dist/api/multiple-connected-streams.js',
    from: 'methods[input].call(fn',
    to: 'methods[input % 2].call(fn',
  },
  {
    name: 'a request is asked once more than it may be',
    file: 'streaming/dist/operators/async-request.js',
    from: '>= retry.maxAttempts',
    to: '> retry.maxAttempts',
  },
  {
    name: 'a request times out too late',
    file: 'streaming/dist/operators/async-request.js',
    from: 'context.schedule(timeoutMs,',
    to: 'context.schedule(timeoutMs + 1,',
  },
  {
    name: 'requests that wait for their answer are in no checkpoint',
    file: 'streaming/dist/operators/async-wait-operator.js',
    from: 'this.#results.pending())',
    to: "[...this.#results.pending()].filter((each) => !('record' in each) || each.results !== undefined))",
  },
  {
    name: 'what stands behind a barrier is read before the others have come',
    file: 'runtime/dist/task/barrier-alignment.js',
    from: 'return this.#held[channel] === 1;',
    to: 'return false;',
    quick: true,
  },
  {
    name: 'a split begins anew after a crash where its reader had come to by then',
    file: 'testing/dist/environment/test-source.js',
    from: 'this.#next = position - this.#dropped;',
    to: 'this.#next = Math.max(this.#next, position - this.#dropped);',
  },
  {
    name: 'event-time timers are in no checkpoint',
    file: 'runtime/dist/task/operator-services.js',
    from: '.flatMap((service) => service.freeze(open))',
    to: '.flatMap((service) => (service.freeze(open), []))',
  },
];

/** What every trigger must do. Run it for a trigger of your own: `for (const { name, run } of triggerContract('my trigger', …)) test(name, run)`. */
import assert from 'node:assert/strict';
import type { Trigger } from '@millrace/streaming/window/trigger';
import type { Window } from '@millrace/streaming/window/window';
import type { WindowAssigner } from '@millrace/streaming/window/window-assigner';
import { MergingWindowAssigner } from '@millrace/streaming/window/merging-window-assigner';
import type { ContractCheck } from './contract-check.ts';
import { type BenchRecord, TriggerBench } from './trigger-bench.ts';

export interface TriggerContract<T, W extends Window> {
  /** A new trigger each time, of the same kind. */
  readonly make: () => Trigger<T, W>;
  /** Whose windows it is for. Merging is checked where both of them merge: of a trigger that can, give one that does, too. */
  readonly assigner: WindowAssigner<T, W>;
  /** A few records, near enough to each other that windows have several of them. */
  readonly records: readonly BenchRecord<T>[];
}

const MOST = Number.MAX_SAFE_INTEGER;

export function triggerContract<T, W extends Window>(name: string, contract: TriggerContract<T, W>): readonly ContractCheck[] {
  const check = (rule: string, run: () => void): ContractCheck => ({ name: `${name}: ${rule}`, run: async () => run() });
  return [
    check(
      'it answers every call with a trigger result, stores what state may hold, sets timers at times, and comes to an end',
      () => void run(contract),
    ),
    check('it keeps nothing in its fields: one object after another gives the same', () => keepsNothing(contract)),
    check('it keeps windows apart: what one holds changes nothing of another', () => keepsApart(contract)),
    check('clear leaves neither state nor timers, and may be called twice', () => clears(contract)),
    ...(contract.make().canMerge() && contract.assigner instanceof MergingWindowAssigner
      ? [check('it merges as it says, and leaves no state of the windows that have gone', () => merges(contract))]
      : []),
  ];
}

type Step<T, W extends Window> = (bench: TriggerBench<T, W>) => void;

/** Records window by window, the watermark behind them, the clock beside them; then the end. */
function stepsOf<T, W extends Window>({ assigner, records }: TriggerContract<T, W>): Step<T, W>[] {
  let watermark = Number.MIN_SAFE_INTEGER;
  return records.flatMap((record, index): Step<T, W>[] => {
    const windows = windowsOf(assigner, record);
    const taken = windows.filter((window) => window.maxTimestamp() > watermark); // the rest is late
    const steps = taken.map(
      (window): Step<T, W> =>
        (bench) =>
          bench.record(record, window),
    );
    if (index % 3 < 2) return steps;
    watermark = Math.max(watermark, record.timestamp - 1);
    const time = watermark;
    return [...steps, (bench) => bench.watermark(time), (bench) => bench.clock(time)];
  });
}

function windowsOf<T, W extends Window>(assigner: WindowAssigner<T, W>, { value, timestamp }: BenchRecord<T>): readonly W[] {
  return [...assigner.assignWindows(value, timestamp, { getCurrentProcessingTime: () => timestamp })];
}

function run<T, W extends Window>(contract: TriggerContract<T, W>, between: Step<T, W> = () => {}): readonly string[] {
  const bench = new TriggerBench<T, W>(contract.make());
  for (const step of stepsOf(contract)) {
    step(bench);
    between(bench);
  }
  bench.clock(MOST);
  bench.watermark(MOST);
  return bench.results;
}

function keepsNothing<T, W extends Window>(contract: TriggerContract<T, W>): void {
  const expected = run(contract);
  assert.deepEqual(
    run(contract, (bench) => bench.replace(contract.make())),
    expected,
    'with a new object after each step',
  );
}

/** The results of each window alone, put together, are those of all windows at once. */
function keepsApart<T, W extends Window>(contract: TriggerContract<T, W>): void {
  const { assigner, make, records } = contract;
  const texts = new Set(records.flatMap((record) => windowsOf(assigner, record).map(String)));
  const bench = new TriggerBench<T, W>(make());
  for (const record of records) for (const window of windowsOf(assigner, record)) bench.record(record, window);
  for (const text of texts) {
    const alone = new TriggerBench<T, W>(make());
    for (const record of records)
      for (const window of windowsOf(assigner, record)) if (window.toString() === text) alone.record(record, window);
    const ofWindow = bench.results.filter((result) => result.includes(` of ${text}: `));
    assert.deepEqual(ofWindow, alone.results, `window ${text} beside others, and alone`);
  }
}

function clears<T, W extends Window>({ make, assigner, records }: TriggerContract<T, W>): void {
  const bench = new TriggerBench<T, W>(make());
  for (const record of records) {
    const windows = windowsOf(assigner, record);
    for (const window of windows) bench.record(record, window);
    for (const window of [...windows, ...windows]) bench.clear(window);
    assert.deepEqual(bench.stored, [], 'state that clear left');
    assert.deepEqual(bench.timersOf(windows), [], 'timers that clear left');
  }
}

function merges<T, W extends Window>(contract: TriggerContract<T, W>): void {
  const { make, assigner, records } = contract;
  const trigger = make();
  const merging = assigner as MergingWindowAssigner<T, W>;
  const bench = new TriggerBench<T, W>(trigger);
  let windows: readonly W[] = [];
  for (const record of records) {
    const [added] = windowsOf(assigner, record) as [W];
    if (!windows.some((window) => window.toString() === added.toString())) windows = mergedIn(merging, bench, [...windows, added]);
    const window = windows.find((each) => each.maxTimestamp() >= added.maxTimestamp()) as W;
    bench.record(record, window);
  }
  for (const window of windows) bench.clear(window);
  assert.deepEqual(bench.stored, [], 'state that is left of windows that were merged');
  assert.deepEqual(bench.timersOf(windows), [], 'timers that are left of the windows they became');
}

function mergedIn<T, W extends Window>(
  assigner: MergingWindowAssigner<T, W>,
  bench: TriggerBench<T, W>,
  windows: readonly W[],
): readonly W[] {
  let after = windows;
  const added = windows.at(-1);
  assigner.mergeWindows(windows, (merged, result) => {
    const olds = merged.filter((window) => window !== added && window.toString() !== result.toString());
    if (olds.length > 0) bench.merge(olds, result);
    after = [...after.filter((window) => !merged.includes(window)), result];
  });
  return after;
}

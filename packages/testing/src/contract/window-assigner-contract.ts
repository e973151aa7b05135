/** What every window assigner must do. Run it for one of your own: `for (const { name, run } of windowAssignerContract('my windows', …)) test(name, run)`. */
import assert from 'node:assert/strict';
import { seededRandom } from '@millrace/core/base/random';
import { MergingWindowAssigner } from '@millrace/streaming/window/merging-window-assigner';
import { TimeWindow } from '@millrace/streaming/window/time-window';
import { Trigger } from '@millrace/streaming/window/trigger';
import { Window } from '@millrace/streaming/window/window';
import type { WindowAssigner } from '@millrace/streaming/window/window-assigner';
import type { ContractCheck } from './contract-check.ts';
import { frozen } from './frozen.ts';
import type { BenchRecord } from './trigger-bench.ts';

export interface WindowAssignerContract<T, W extends Window> {
  /** A new assigner each time, of the same kind. */
  readonly make: () => WindowAssigner<T, W>;
  /** A few records, before 1970 too. */
  readonly records: readonly BenchRecord<T>[];
}

/** More windows for one record than any program could want. */
const WINDOWS_MAX = 10_000;

export function windowAssignerContract<T, W extends Window>(
  name: string,
  contract: WindowAssignerContract<T, W>,
): readonly ContractCheck[] {
  const check = (rule: string, run: () => void): ContractCheck => ({ name: `${name}: ${rule}`, run: async () => run() });
  const { make } = contract;
  const checks = [
    check('each record gets windows, a finite number, and in event time each of them holds it', () => assigns(contract)),
    check('it keeps nothing in its fields, and leaves records as they are', () => keepsNothing(contract)),
    check('its trigger is one that fits', () => fits(make())),
    check('the grid that it names is the one that it assigns', () => aligns(contract)),
  ];
  if (!(make() instanceof MergingWindowAssigner)) return checks;
  return [...checks, check('windows merge to the same, in whatever order they come, and no further', () => merges(contract))];
}

function windowsOf<T, W extends Window>(assigner: WindowAssigner<T, W>, { value, timestamp }: BenchRecord<T>): readonly W[] {
  const windows: W[] = [];
  for (const window of assigner.assignWindows(value, timestamp, { getCurrentProcessingTime: () => timestamp })) {
    windows.push(window);
    assert.ok(windows.length <= WINDOWS_MAX, `more than ${WINDOWS_MAX} windows for the record at ${timestamp}`);
  }
  return windows;
}

function assigns<T, W extends Window>({ make, records }: WindowAssignerContract<T, W>): void {
  const assigner = make();
  for (const record of records) {
    const windows = windowsOf(assigner, record);
    for (const window of windows) {
      assert.ok(window instanceof Window, `assignWindows gave ${String(window)}, which is no Window`);
      assert.ok(Number.isSafeInteger(window.maxTimestamp()), `maxTimestamp of ${window.toString()} is ${window.maxTimestamp()}`);
      if (!assigner.isEventTime()) continue;
      assert.ok(window.maxTimestamp() >= record.timestamp, `${window.toString()} ends before its record at ${record.timestamp}`);
      if (window instanceof TimeWindow)
        assert.ok(window.start <= record.timestamp, `${window.toString()} begins after its record at ${record.timestamp}`);
    }
    assert.equal(new Set(windows.map(String)).size, windows.length, `one window twice for the record at ${record.timestamp}`);
  }
}

function keepsNothing<T, W extends Window>({ make, records }: WindowAssignerContract<T, W>): void {
  const texts = (record: BenchRecord<T>, assigner: WindowAssigner<T, W>) => windowsOf(assigner, record).map(String);
  const alone = records.map((record) => texts(record, make()));
  const one = make();
  const frozenRecords = records.map(({ value, timestamp }) => ({ value: frozen(value), timestamp }));
  assert.deepEqual(
    frozenRecords.map((record) => texts(record, one)),
    alone,
    'one object for all records',
  );
  assert.deepEqual(
    frozenRecords.toReversed().map((record) => texts(record, one)),
    alone.toReversed(),
    'the same object, in reverse order',
  );
}

function fits<T, W extends Window>(assigner: WindowAssigner<T, W>): void {
  const trigger = assigner.getDefaultTrigger();
  assert.ok(trigger instanceof Trigger, `getDefaultTrigger gave ${String(trigger)}, which is no Trigger`);
  if (assigner instanceof MergingWindowAssigner)
    assert.ok(trigger.canMerge(), `windows that merge need a trigger that does; ${trigger.toString()} does not`);
}

function aligns<T, W extends Window>({ make, records }: WindowAssignerContract<T, W>): void {
  const assigner = make();
  const grid = assigner.alignment();
  if (grid === undefined) return;
  for (const record of records) {
    const expected: string[] = [];
    const { sizeMs, slideMs, offsetMs } = grid;
    for (let k = Math.floor((record.timestamp - offsetMs - sizeMs) / slideMs); k * slideMs + offsetMs <= record.timestamp; k++) {
      const start = k * slideMs + offsetMs;
      if (record.timestamp < start + sizeMs) expected.push(new TimeWindow(start, start + sizeMs).toString());
    }
    assert.deepEqual(windowsOf(assigner, record).map(String).sort(), expected.sort(), `the record at ${record.timestamp}`);
  }
}

function merges<T, W extends Window>({ make, records }: WindowAssignerContract<T, W>): void {
  const assigner = make() as MergingWindowAssigner<T, W>;
  const added = records.flatMap((record) => windowsOf(assigner, record));
  const expected = afterMerging(assigner, added).map(String).sort();
  for (let seed = 1; seed <= 10; seed++) {
    const random = seededRandom(seed);
    const shuffled = added.map((window) => ({ window, place: random.nextInt(1e9) })).sort((a, b) => a.place - b.place);
    let windows: readonly W[] = [];
    for (const { window } of shuffled) windows = afterMerging(assigner, [...windows, window]);
    assert.deepEqual(windows.map(String).sort(), expected, `one after another, in the order of seed ${seed}`);
    assert.deepEqual(afterMerging(assigner, windows).map(String).sort(), expected, 'merged once more');
  }
}

/** A window that is there twice is one. */
function afterMerging<T, W extends Window>(assigner: MergingWindowAssigner<T, W>, windows: readonly W[]): readonly W[] {
  const distinct = [...new Map(windows.map((window) => [window.toString(), window])).values()];
  let after = distinct;
  const gone = new Set<W>();
  assigner.mergeWindows(distinct, (merged, result) => {
    for (const window of merged) {
      assert.ok(distinct.includes(window), `mergeWindows told of ${window.toString()}, which it was not given`);
      assert.ok(!gone.has(window), `mergeWindows put ${window.toString()} into two groups`);
      assert.ok(
        result.maxTimestamp() >= window.maxTimestamp(),
        `${result.toString()} ends before ${window.toString()}, which it has taken in`,
      );
      gone.add(window);
    }
    after = [...after.filter((window) => !merged.includes(window)), result];
  });
  return after;
}

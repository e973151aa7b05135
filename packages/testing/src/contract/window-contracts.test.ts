// Goal: the contracts of triggers, window assigners, evictors and aggregate functions hold for the built-in ones, and whoever breaks a rule is found by it. Method: the
// suites as users run them, and for each rule a culprit.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AggregateFunction } from '@millrace/streaming/contract/functions';
import { ValueStateDescriptor } from '@millrace/streaming/contract/state-descriptor';
import { ContinuousEventTimeTrigger } from '@millrace/streaming/window/continuous-event-time-trigger';
import { ContinuousProcessingTimeTrigger } from '@millrace/streaming/window/continuous-processing-time-trigger';
import { CountEvictor } from '@millrace/streaming/window/count-evictor';
import { CountTrigger } from '@millrace/streaming/window/count-trigger';
import { DeltaEvictor } from '@millrace/streaming/window/delta-evictor';
import { DeltaTrigger } from '@millrace/streaming/window/delta-trigger';
import { EventTimeSessionWindows } from '@millrace/streaming/window/event-time-session-windows';
import { EventTimeTrigger } from '@millrace/streaming/window/event-time-trigger';
import { GlobalWindows } from '@millrace/streaming/window/global-windows';
import { ProcessingTimeSessionWindows } from '@millrace/streaming/window/processing-time-session-windows';
import { ProcessingTimeTrigger } from '@millrace/streaming/window/processing-time-trigger';
import { ProcessingTimeoutTrigger } from '@millrace/streaming/window/processing-timeout-trigger';
import { PurgingTrigger } from '@millrace/streaming/window/purging-trigger';
import { SlidingEventTimeWindows } from '@millrace/streaming/window/sliding-event-time-windows';
import { TimeEvictor } from '@millrace/streaming/window/time-evictor';
import { TimeWindow } from '@millrace/streaming/window/time-window';
import { Trigger, type TriggerContext } from '@millrace/streaming/window/trigger';
import type { TriggerResult } from '@millrace/streaming/window/trigger-result';
import { TumblingEventTimeWindows } from '@millrace/streaming/window/tumbling-event-time-windows';
import { TumblingProcessingTimeWindows } from '@millrace/streaming/window/tumbling-processing-time-windows';
import type { Evictor } from '@millrace/streaming/window/evictor';
import type { Window } from '@millrace/streaming/window/window';
import { WindowAssigner } from '@millrace/streaming/window/window-assigner';
import { aggregateFunctionContract } from './aggregate-contract.ts';
import type { ContractCheck } from './contract-check.ts';
import { evictorContract } from './evictor-contract.ts';
import { triggerContract } from './trigger-contract.ts';
import { windowAssignerContract } from './window-assigner-contract.ts';

const records = [-35, -31, -30, -9, 0, 3, 4, 4, 9, 10, 12, 25, 27, 40, 41, 42, 70].map((timestamp, n) => ({
  value: (n * 7) % 5,
  timestamp,
}));
const tumbling = TumblingEventTimeWindows.of('10 ms');
const sessions = EventTimeSessionWindows.withGap('5 ms');
const global = GlobalWindows.create();

/** The name of the first rule that it breaks. */
async function broken(checks: readonly ContractCheck[]): Promise<string | undefined> {
  for (const { name, run } of checks) {
    try {
      await run();
    } catch {
      return name;
    }
  }
  return undefined;
}

for (const { name, run } of [
  ...triggerContract<number, TimeWindow>('event time', { make: () => EventTimeTrigger.create(), assigner: sessions, records }),
  ...triggerContract<number, TimeWindow>('processing time', { make: () => ProcessingTimeTrigger.create(), assigner: sessions, records }),
  ...triggerContract<number, TimeWindow>('continuous event time', {
    make: () => ContinuousEventTimeTrigger.of('3 ms'),
    assigner: sessions,
    records,
  }),
  ...triggerContract<number, TimeWindow>('count', { make: () => CountTrigger.of(2), assigner: sessions, records }),
  ...triggerContract<number, TimeWindow>('purging', { make: () => PurgingTrigger.of(CountTrigger.of(3)), assigner: sessions, records }),
  ...triggerContract<number, TimeWindow>('delta', { make: () => DeltaTrigger.of<number>(2, (a, b) => b - a), assigner: tumbling, records }),
  ...triggerContract<number, Window>('count of a global window', { make: () => CountTrigger.of(4), assigner: global as never, records }),
  ...triggerContract<number, TimeWindow>('time-out', {
    make: () => ProcessingTimeoutTrigger.of(CountTrigger.of(3), '4 ms'),
    assigner: tumbling,
    records,
  }),
  ...windowAssignerContract('tumbling', { make: () => TumblingEventTimeWindows.of('10 ms', '3 ms'), records }),
  ...windowAssignerContract('sliding', { make: () => SlidingEventTimeWindows.of('20 ms', '7 ms', '2 ms'), records }),
  ...windowAssignerContract('tumbling by the clock', { make: () => TumblingProcessingTimeWindows.of('10 ms'), records }),
  ...windowAssignerContract('global', { make: () => GlobalWindows.create(), records }),
  ...windowAssignerContract('sessions', { make: () => EventTimeSessionWindows.withGap('5 ms'), records }),
  ...windowAssignerContract('sessions by the clock', { make: () => ProcessingTimeSessionWindows.withGap('5 ms'), records }),
  ...evictorContract('count evictor', {
    make: () => CountEvictor.of(3),
    windows: [new TimeWindow(0, 10), new TimeWindow(10, 20)],
    records,
  }),
  ...evictorContract('time evictor', {
    make: () => TimeEvictor.of('12 ms', true),
    windows: [new TimeWindow(0, 10), new TimeWindow(10, 20)],
    records,
  }),
  ...evictorContract('delta evictor', {
    make: () => DeltaEvictor.of<number>(2, (a, b) => Math.abs(b - a)),
    windows: [new TimeWindow(0, 10), new TimeWindow(10, 20)],
    records,
  }),
]) {
  test(name, run);
}

test('a continuous trigger of the clock has no end of its own: the contract says so', async () => {
  const contract = { make: () => ContinuousProcessingTimeTrigger.of('3 ms'), assigner: sessions, records };
  assert.match((await broken(triggerContract<number, TimeWindow>('t', contract))) ?? '', /comes to an end/);
});

const SEEN = new ValueStateDescriptor<number>('seen');

/** Fires at the end of its window; what is changed makes it a culprit. */
class Plain extends Trigger<number, TimeWindow> {
  override onElement(_value: number, _timestamp: number, window: TimeWindow, context: TriggerContext): TriggerResult {
    const seen = context.getPartitionedState(SEEN);
    seen.update((seen.value() ?? 0) + 1);
    context.registerEventTimeTimer(window.maxTimestamp());
    return 'CONTINUE';
  }
  override onEventTime(): TriggerResult {
    return 'FIRE';
  }
  override onProcessingTime(): TriggerResult {
    return 'CONTINUE';
  }
  override clear(window: TimeWindow, context: TriggerContext): void {
    context.getPartitionedState(SEEN).clear();
    context.deleteEventTimeTimer(window.maxTimestamp());
  }
}

const culprits: readonly (readonly [rule: RegExp, make: () => Trigger<number, TimeWindow>])[] = [
  [
    /trigger result/,
    () =>
      new (class extends Plain {
        override onEventTime = () => undefined as never;
      })(),
  ],
  [
    /nothing in its fields/,
    () =>
      new (class extends Plain {
        #count = 0;
        override onEventTime = (): TriggerResult => (++this.#count > 1 ? 'FIRE' : 'CONTINUE');
      })(),
  ],
  [
    /stores what state may hold/,
    () =>
      new (class extends Plain {
        override onElement(_value: number, _timestamp: number, _window: TimeWindow, context: TriggerContext): TriggerResult {
          context.getPartitionedState(new ValueStateDescriptor<unknown>('seen')).update(
            new (class Held {
              x = 1;
            })(),
          );
          return 'CONTINUE';
        }
      })(),
  ],
  [
    /neither state nor timers/,
    () =>
      new (class extends Plain {
        override clear() {}
      })(),
  ],
  [
    /merges as it says/,
    () =>
      new (class extends Plain {
        override canMerge = () => true;
      })(),
  ],
];

test('a trigger that breaks a rule is found by it', async () => {
  for (const [rule, make] of culprits) {
    const checks = triggerContract<number, TimeWindow>('culprit', { make, assigner: sessions, records });
    assert.match((await broken(checks)) ?? 'none', rule);
  }
  assert.equal(
    await broken(triggerContract<number, TimeWindow>('plain', { make: () => new Plain(), assigner: tumbling, records })),
    undefined,
  );
});

class Days extends WindowAssigner<number, TimeWindow> {
  override assignWindows(_value: number, timestamp: number): readonly TimeWindow[] {
    const start = timestamp - (timestamp % 10); // wrong before 1970
    return [new TimeWindow(start, start + 10)];
  }
  override getDefaultTrigger = () => EventTimeTrigger.create();
  override isEventTime = () => true;
}

test('an assigner that breaks a rule is found by it', async () => {
  assert.match((await broken(windowAssignerContract('days', { make: () => new Days(), records }))) ?? '', /each of them holds it/);
  const growing = () => {
    let size = 10;
    return Object.assign(new Days(), { assignWindows: (_value: number, time: number) => [new TimeWindow(time, time + size++)] });
  };
  assert.match((await broken(windowAssignerContract('growing', { make: growing, records }))) ?? '', /nothing in its fields/);
  const greedy = () =>
    Object.assign(EventTimeSessionWindows.withGap('5 ms'), {
      mergeWindows: (windows: Iterable<TimeWindow>, merge: (merged: readonly TimeWindow[], result: TimeWindow) => void) => {
        const [first, second] = [...windows];
        if (first !== undefined && second !== undefined) merge([first, second], first);
      },
    });
  assert.match((await broken(windowAssignerContract('greedy', { make: greedy, records }))) ?? '', /merge to the same/);
});

test('an evictor that breaks a rule is found by it', async () => {
  const windows = [new TimeWindow(0, 10), new TimeWindow(10, 20)] as const;
  const first = (evictor: Evictor<number, TimeWindow>) => broken(evictorContract('e', { make: () => evictor, windows, records }));
  assert.match((await first({})) ?? '', /it has evictBefore or evictAfter/);
  assert.match((await first({ evictBefore: (elements) => elements.toReversed() })) ?? '', /in their order/);
  assert.match((await first({ evictAfter: (elements) => elements.map((element) => ({ ...element })) })) ?? '', /that it was given/);
  const remembering = () => {
    let last = 0;
    const evictAfter: Evictor<number, TimeWindow>['evictAfter'] = (elements) => {
      const kept = elements.slice(last % 2);
      last = elements.length;
      return kept;
    };
    return { evictAfter };
  };
  assert.match((await broken(evictorContract('e', { make: remembering, windows, records }))) ?? '', /keeps nothing/);
});

interface Mean {
  readonly sum: number;
  readonly count: number;
}
const mean: AggregateFunction<number, Mean, number> = {
  createAccumulator: () => ({ sum: 0, count: 0 }),
  add: (value, { sum, count }) => ({ sum: sum + value, count: count + 1 }),
  getResult: ({ sum, count }) => (count === 0 ? 0 : sum / count),
  merge: (a, b) => ({ sum: a.sum + b.sum, count: a.count + b.count }),
};
const list: AggregateFunction<number, number[], readonly number[]> = {
  createAccumulator: () => [],
  add: (value, values) => {
    values.push(value);
    return values;
  },
  getResult: (values) => [...values],
  merge: (a, b) => [...a, ...b],
};
const numbers = [3, 1, 4, 1, 5, 9];

for (const { name, run } of [
  ...aggregateFunctionContract('a mean', { make: () => mean, records: numbers }),
  ...aggregateFunctionContract('a list', { make: () => list, records: numbers }),
]) {
  test(name, run);
}

test('an aggregate function that breaks a rule is found by it', async () => {
  const first = <ACC, R>(fn: AggregateFunction<number, ACC, R>) =>
    broken(aggregateFunctionContract('a', { make: () => fn, records: numbers }));
  const shared: number[] = [];
  assert.match((await first({ ...list, createAccumulator: () => shared })) ?? '', /a new one/);
  assert.match((await first({ ...list, getResult: (values) => values })) ?? '', /that were given out/);
  assert.match((await first({ ...list, getResult: (values) => values.splice(0) })) ?? '', /asked at any time/);
  assert.match((await first({ ...mean, merge: (a, b) => ({ sum: a.sum + b.sum, count: a.count }) })) ?? '', /merged parts/);
  assert.match((await first({ ...mean, getResult: ({ sum, count }) => sum / count, merge: (a) => a })) ?? '', /merged parts/);
  const inFields = () => {
    let sum = 0;
    return {
      createAccumulator: () => ({ get: () => sum }),
      add: (value: number, acc: { get(): number }) => {
        sum += value;
        return acc;
      },
      getResult: (acc: { get(): number }) => acc.get(),
    };
  };
  assert.notEqual(await first(inFields()), undefined);
});

// What a program says of windows that is warned of when the job is submitted, refused when it is built, or refused at the record.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ValueStateDescriptor } from '../contract/state-descriptor.ts';
import { CountEvictor } from '../window/count-evictor.ts';
import { CountTrigger } from '../window/count-trigger.ts';
import { DeltaEvictor } from '../window/delta-evictor.ts';
import { DeltaTrigger } from '../window/delta-trigger.ts';
import { EventTimeSessionWindows } from '../window/event-time-session-windows.ts';
import { GlobalWindows } from '../window/global-windows.ts';
import { PurgingTrigger } from '../window/purging-trigger.ts';
import { SlidingEventTimeWindows } from '../window/sliding-event-time-windows.ts';
import { TumblingEventTimeWindows } from '../window/tumbling-event-time-windows.ts';
import type { ExecuteOptions, Executor, SubmittedJob } from '../graph/executor.ts';
import type { SingleOutputStreamOperator } from './single-output-stream-operator.ts';
import { DiscardingSink } from '../builtin/discarding-sink.ts';
import { hits, byUser, count, inOrder } from './window-bench.ts';

const warnings: readonly (readonly [text: RegExp, build: () => SingleOutputStreamOperator<unknown>])[] = [
  [
    /SlidingEventTimeWindows\(3000 ms, 5000 ms\) has a slide above its size: records that fall into the 2000 ms between two windows are in no window, and are lost\./,
    () => byUser().window(SlidingEventTimeWindows.of('3 s', '5 s')).max('n'),
  ],
  [
    /CountTrigger on GlobalWindows\(\) never purges: the window of each key keeps every record for as long as the job runs\. Wrap it, PurgingTrigger\.of\(…\), or set an evictor\./,
    () =>
      byUser()
        .window(GlobalWindows.create())
        .trigger(CountTrigger.of(3))
        .apply(() => 1),
  ],
  [
    /never purges: the window of each key keeps one reduced record for as long as the job runs/,
    () => byUser().window(GlobalWindows.create()).trigger(CountTrigger.of(3)).max('n'),
  ],
  [
    /GlobalWindows\(\) has no trigger, so it never fires, and keeps one accumulator for as long as the job runs/,
    () => byUser().window(GlobalWindows.create()).aggregate(count),
  ],
];
/** What whoever runs the job is told. */
async function told(stream: SingleOutputStreamOperator<unknown>): Promise<readonly string[] | undefined> {
  let warnings: readonly string[] | undefined;
  const execute = (_job: unknown, options: ExecuteOptions) => {
    warnings = options.warnings;
    return Promise.resolve({} as SubmittedJob);
  };
  const environment = stream.getExecutionEnvironment() as unknown as { executor: () => Executor };
  environment.executor = () => ({ configuration: {}, constant: (make) => make(), execute });
  stream.sinkTo(new DiscardingSink());
  await stream.getExecutionEnvironment().executeAsync();
  return warnings;
}

for (const [text, build] of warnings) {
  test(`warned of when the job is submitted: ${text.source.slice(0, 60)}`, async () => {
    const [warning, ...more] = (await told(build())) ?? [];
    assert.match(warning ?? '', text);
    assert.deepEqual(more, []);
  });
}

test('no warning for windows that purge, have an evictor, or end', async () => {
  const quiet = [
    byUser()
      .window(GlobalWindows.create())
      .trigger(PurgingTrigger.of(CountTrigger.of(3)))
      .max('n'),
    byUser().countWindow(100, 10).max('n'),
    byUser().window(GlobalWindows.createWithEndOfStreamTrigger()).max('n'),
    byUser().window(TumblingEventTimeWindows.of('1 s')).trigger(CountTrigger.of(3)).max('n'),
  ];
  for (const stream of quiet) assert.deepEqual(await told(stream), []);
});

const { merge: _merge, ...withoutMerge } = count;
const sessions = () => byUser().window(EventTimeSessionWindows.withGap('5 s'));
const refusals: readonly (readonly [run: () => unknown, message: RegExp])[] = [
  [
    () => EventTimeSessionWindows.withGap('0 s'),
    /^UsageError: EventTimeSessionWindows\.withGap got a gap of 0 ms\. Give one of at least 1 ms\.$/,
  ],
  [
    () => sessions().aggregate(withoutMerge),
    /^UsageError: The windows of EventTimeSessionWindows merge, and their aggregate function has no merge\. Give it merge\(a, b\)/,
  ],
  [
    () =>
      sessions()
        .trigger(DeltaTrigger.of(1, () => 0))
        .max('n'),
    /^UsageError: The windows of EventTimeSessionWindows merge, and DeltaTrigger does not\. Use a trigger whose canMerge is true/,
  ],
  [() => byUser().countWindow(0), /^UsageError: countWindow, for its size, got a count of 0\. Give a whole number of at least 1\.$/],
  [() => hits().countWindowAll(5, 1.5), /^UsageError: countWindowAll, for its slide, got a count of 1\.5/],
  [() => CountTrigger.of(-1), /^UsageError: CountTrigger\.of got a count of -1/],
  [() => CountEvictor.of(0), /^UsageError: CountEvictor\.of got a count of 0/],
  [() => DeltaTrigger.of(Number.NaN, () => 1), /^UsageError: DeltaTrigger\.of got a threshold of NaN\. Give a number\.$/],
  [() => DeltaEvictor.of(1, undefined as never), /^UsageError: DeltaEvictor\.of got no delta function/],
  [() => PurgingTrigger.of(CountTrigger as never), /^UsageError: PurgingTrigger\.of got a function or class, which is no trigger/],
  [
    () =>
      byUser()
        .window(TumblingEventTimeWindows.of('1 s'))
        .trigger({} as never),
    /^UsageError: trigger got another object, which is no trigger/,
  ],
  [
    () => byUser().window(TumblingEventTimeWindows.of('1 s')).evictor({}),
    /^UsageError: evictor got an object with no fields, which has neither evictBefore nor evictAfter/,
  ],
  [() => hits().windowAll('1 s' as never), /^UsageError: windowAll got '1 s'\. Give it a window assigner/],
  [
    () =>
      inOrder(
        byUser()
          .window(TumblingEventTimeWindows.of('1 s'))
          .evictor({ evictBefore: (() => undefined) as never })
          .max('n'),
        [1],
      ),
    /UsageError: evictBefore of an evictor returned nothing\. Return the elements that stay/,
  ],
  [
    () =>
      inOrder(
        byUser()
          .window(TumblingEventTimeWindows.of('1 s'))
          .evictor({ evictAfter: (() => [1]) as never })
          .max('n'),
        [1],
      ),
    /UsageError: evictAfter of an evictor returned an element that it was not given/,
  ],
  [
    () =>
      inOrder(
        sessions().process((_user, context) => context.windowState().getState(new ValueStateDescriptor<number>('s')).value() ?? 0),
        [1],
      ),
    /UsageError: windowState is not there for windows that merge \(sessions\)/,
  ],
  [
    () =>
      inOrder(
        byUser()
          .window(GlobalWindows.create())
          .trigger(DeltaTrigger.of(1, (() => undefined) as never))
          .max('n'),
        [1, 2],
      ),
    /UsageError: The delta function of a DeltaTrigger returned undefined/,
  ],
  [
    () => inOrder(sessions().flatApply((() => 'text') as never), [1]),
    /DataError: flatApply returned a string, which would be emitted letter by letter/,
  ],
  [() => inOrder(sessions().apply((() => Promise.resolve(1)) as never), [1]), /UsageError: A window function returned a promise/],
];
for (const [run, message] of refusals)
  test(`refused: ${message.source.slice(0, 90)}`, () => assert.throws(run, (error: Error) => message.test(String(error))));

// Goal: whoever looks at a slot from outside learns which operator's code runs, or what is waited for, in every part of a task. Method: the code of the operator looks
// itself, at the stack that it stands on, as the inspector does on top of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SequenceSource } from '@millrace/streaming/builtin/sequence-source';
import type { OneInputOperator, OperatorLogic } from '@millrace/streaming/contract/operator';
import { WatermarkStrategy } from '@millrace/streaming/contract/watermark-strategy';
import { describeReport, type SlotReport } from '../protocol/slot-report.ts';
import { type FixtureOperator, RunningJob } from './fixture.test.ts';

const never = new Promise<void>(() => {});

/** A job whose code calls `look`; gives what was seen first. */
class Lookout {
  job: RunningJob | undefined;
  seen: SlotReport | undefined;
  reached: Promise<void>;
  #reach: () => void = () => {};

  constructor() {
    this.reached = new Promise((resolve) => {
      this.#reach = resolve;
    });
  }

  look = (): void => {
    this.seen ??= this.job?.slots[0]?.report(new Error().stack ?? '');
    this.#reach();
  };

  async run(operators: readonly FixtureOperator[], generateCode = true): Promise<SlotReport> {
    this.job = new RunningJob({ vertices: [{ operators }] }, { ports: { generateCode } }).start();
    await this.job.result();
    assert.ok(this.seen !== undefined, 'nobody looked');
    return this.seen;
  }
}

function numbers(generator?: () => void): FixtureOperator {
  const strategy = WatermarkStrategy.noWatermarks<unknown>().withTimestampAssigner((n) => {
    generator?.();
    return Number(n);
  });
  return { name: 'numbers', uid: 'n', logic: { kind: 'source', source: new SequenceSource(1, 5), strategy } };
}

const sink: FixtureOperator = {
  name: 'sink',
  logic: { kind: 'sink', sink: { createWriter: () => ({ write() {}, flush() {}, close() {} }) } },
};

function step(name: string, logic: OperatorLogic): FixtureOperator {
  return { name, uid: `${name}-uid`, logic };
}

function operatorOf(operator: Partial<OneInputOperator>): OperatorLogic {
  return { kind: 'operator', create: (context) => ({ processElement: (record) => context.output.collect(record), ...operator }) };
}

/** For functions that must return something. */
function seen<T>(look: () => void, value: T): T {
  look();
  return value;
}

const plain = step('plain', { kind: 'map', fn: (n) => n });

const places: readonly (readonly [string, string, (look: () => void) => readonly FixtureOperator[]])[] = [
  [
    'a map behind others',
    'second',
    (look) => [
      numbers(),
      step('first', { kind: 'map', fn: (n) => n }),
      step('kept', { kind: 'filter', fn: () => true }),
      step('second', { kind: 'map', fn: (n) => seen(look, n) }),
      plain,
      sink,
    ],
  ],
  ['a filter', 'kept', (look) => [numbers(), plain, step('kept', { kind: 'filter', fn: () => seen(look, true) }), plain, sink]],
  [
    'a generator of a flatMap',
    'many',
    (look) => [
      numbers(),
      plain,
      step('many', {
        kind: 'flatMap',
        fn: function* (n) {
          look();
          yield n;
        },
      }),
      plain,
      sink,
    ],
  ],
  ['an operator', 'operator', (look) => [numbers(), plain, step('operator', operatorOf({ processElement: look })), plain, sink]],
  [
    'an operator at a watermark',
    'operator',
    (look) => [numbers(), plain, step('operator', operatorOf({ processWatermark: () => seen(look, true) })), plain, sink],
  ],
  [
    'the flush of an operator',
    'operator',
    (look) => [numbers(), plain, step('operator', operatorOf({ flush: () => Promise.resolve(look()) })), plain, sink],
  ],
  ['the timestamps of a source', 'numbers', (look) => [numbers(look), plain, sink]],
];

for (const [what, name, operators] of places) {
  test(`code of ${what} is named with its operator, uid, subtask and position`, async () => {
    const lookout = new Lookout();
    const { running, frames, waiting } = await lookout.run(operators(lookout.look));
    assert.equal(running?.operator?.name, name);
    assert.equal(running?.operator?.uid, name === 'numbers' ? 'n' : `${name}-uid`);
    assert.match(running?.taskName ?? '', /^numbers -> .* \(1\/1\)$/);
    assert.match(frames.join('\n'), /slot-report\.test\.[jt]s:\d+:\d+/);
    assert.deepEqual(waiting, []);
  });
}

test('in an interpreted chain the task is named', async () => {
  const lookout = new Lookout();
  const report = await lookout.run([numbers(), plain, step('second', { kind: 'map', fn: (n) => seen(lookout.look, n) }), sink], false);
  assert.match(describeReport(report), /^numbers -> plain -> second -> sink \(1\/1\) is in .*slot-report\.test/);
});

test('a promise that does not settle is named with the call and the operator that it belongs to', async () => {
  for (const call of ['open', 'close', 'flush'] as const) {
    const lookout = new Lookout();
    let settle = () => {};
    const held = new Promise<void>((resolve) => {
      settle = resolve;
    });
    const operator = operatorOf({
      [call]: () => {
        setImmediate(lookout.look);
        return held;
      },
    });
    const running = lookout.run([numbers(), step('slow', operator), sink]);
    await lookout.reached;
    settle();
    const { running: atWork, waiting } = await running;
    // The one who looks has a frame on the stack, which is then taken for the code that is waited for.
    const [place] = [atWork, ...waiting].filter((each) => each !== undefined);
    assert.deepEqual([place?.operator, place?.call], [{ name: 'slow', uid: 'slow-uid' }, `its ${call}()`]);
    const text = describeReport({
      ...(lookout.seen as SlotReport),
      running: undefined,
      frames: [],
      waiting: [place as NonNullable<typeof place>],
    });
    assert.equal(text, `Operator 'slow' (uid slow-uid), subtask 1/1, waits for its ${call}() to settle.`);
  }
});

test('a task whose program is not bound yet is at the top level of the program', () => {
  const job = new RunningJob({ vertices: [{ operators: [numbers(), sink] }] }, { ports: { bind: () => never as never } }).start();
  const report = job.slots[0]?.report('');
  assert.equal(describeReport(report), 'numbers -> sink (1/1) waits for the top level of the program to settle.');
  job.cancel();
});

test('a thread that does not answer is said to', () => {
  assert.match(describeReport(undefined), /does not answer: it is in a native call/);
});

// Goal: state whose types nobody declared is not read by a program that takes it for something else: the first value that shows it is refused, in words, before it meets a stored one; a
// compatible change is none, and a program that goes on with its own state is never held to it. Method: an operator is snapshotted, another one is restored from that.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Types } from '@millrace/core/types/types';
import type { OperatorSubtaskState } from '@millrace/runtime/checkpoint/state-handles';
import type { OperatorLogic } from '@millrace/streaming/contract/operator';
import {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  ValueStateDescriptor,
} from '@millrace/streaming/contract/state-descriptor';
import { keyedProcessOperator } from '@millrace/streaming/operators/keyed-process-operator';
import { reduceOperator } from '@millrace/streaming/operators/reduce-operator';
import { rollingAggregateOperator } from '@millrace/streaming/operators/rolling-aggregate-operator';
import { Subtask } from './restoring-bench.ts';

/** Specs and contexts of every kind go through here. */
type Any = ReturnType<typeof JSON.parse>;

interface Row {
  readonly key: unknown;
  readonly value: Any;
}

const key = { selector: (row: unknown) => (row as Row).key, type: undefined } as never;
const row = (of: unknown, value: unknown): Row => ({ key: of, value });

/** Keeps what it is given, and emits what it had. `seen` is what its function has read of the state. */
function keeping(descriptor: Any, use: (state: Any, value: Any) => unknown): OperatorLogic {
  const create = () => {
    let state: Any;
    return {
      open: (context: Any) => {
        state = context.keyedState.getPartitionedState(descriptor);
      },
      processElement: (record: Row, _context: Any, out: Any) => {
        const had = use(state, record.value);
        if (had !== undefined) out.collect(had);
      },
    };
  };
  return keyedProcessOperator({ key, create, runtimeContext: (context: Any) => context } as never);
}

const reducing = (reducer: (a: Any, b: Any) => unknown) => reduceOperator({ key, reducer } as never) as OperatorLogic;
const rolling = (initial: unknown) =>
  rollingAggregateOperator({
    key,
    aggregate: { createAccumulator: () => initial, add: (_row: Row, acc: Any) => acc, getResult: (acc: Any) => acc },
  } as never);

async function stateOf(logic: OperatorLogic, records: readonly Row[]): Promise<OperatorSubtaskState> {
  const subtask = new Subtask(logic, { subtask: 0, parallelism: 1 }, 0);
  await subtask.open();
  for (const record of records) subtask.bench.record(record, 0);
  return subtask.snapshot();
}

/** A failure may be wrapped by where it was. */
const refused = (goingOn: Promise<unknown>, message: RegExp) =>
  assert.rejects(goingOn, (error: Error) => {
    assert.match(error.cause instanceof Error ? error.cause.message : error.message, message);
    return true;
  });

/** What it emits when it goes on from `state`. */
async function goOn(logic: OperatorLogic, state: OperatorSubtaskState, records: readonly Row[]): Promise<readonly unknown[]> {
  const subtask = new Subtask(logic, { subtask: 0, parallelism: 1 }, 0, state);
  await subtask.open();
  subtask.take();
  for (const record of records) subtask.bench.record(record, 0);
  return subtask.take().map((line) => (JSON.parse(line) as unknown[])[0]);
}

const value = (type?: Any) =>
  keeping(new ValueStateDescriptor('last', type), (state, next) => {
    const had = state.value();
    state.update(next);
    return had;
  });

describe('a state of learned type', () => {
  it('that means something else to the new program: refused with each field, at the first value', async () => {
    const state = await stateOf(value(), [row('k', { id: 1, at: new Date(0), note: 'a' })]);
    await assert.rejects(goOn(value(), state, [row('other', { id: '1', at: 5, note: 'b' })]), (error: Error) => {
      assert.equal(
        error.message,
        "State 'last' cannot go on from the checkpoint: value.id is stored as INT and the program has STRING; value.at is stored as INSTANT and the program has INT. " +
          'The checkpoint was made by another program, whose value is SHAPE<ROW<id INT, at INSTANT, note STRING>>; this one has SHAPE<ROW<id STRING, at INT, note STRING>>. ' +
          'Fields may come and go where no type is declared, but not change their kind. Give the state another name, or its operator another uid; or, if both kinds are meant, declare the type.',
      );
      return true;
    });
  });

  it('that has other fields, or in another order: read as it was stored', async () => {
    const state = await stateOf(value(), [row('k', { a: 1, b: 'x', gone: true })]);
    assert.deepEqual(await goOn(value(), state, [row('k', { b: 'y', more: [1], a: 0.5 }), row('k', { a: 2, b: 'z' })]), [
      { a: 1, b: 'x', gone: true },
      { b: 'y', more: [1], a: 0.5 },
    ]);
  });

  it('that is declared now: refused before the first record where it cannot be, else converted and checked', async () => {
    const state = await stateOf(value(), [row('k', { id: 1, note: 'a' })]);
    await refused(
      goOn(value(Types.row({ id: Types.STRING, note: Types.BOOLEAN })), state, []),
      /State 'last' cannot be restored: the checkpoint has value state of SHAPE<ROW<id INT, note STRING>> by SHAPE<STRING>, and the program wants value state of ROW<id STRING, note BOOLEAN> by SHAPE \(value\.id is stored as INT and the program has STRING; value\.note is stored as STRING and the program has BOOLEAN\)/,
    );
    const wider = Types.row({ note: Types.STRING, id: Types.DOUBLE, more: Types.optional(Types.INT), at: Types.nullable(Types.INSTANT) });
    assert.deepEqual(await goOn(value(wider), state, [row('k', { note: 'b', id: 2, at: null })]), [{ note: 'a', id: 1, at: null }]);
    await refused(goOn(value(Types.row({ id: Types.LONG, kind: Types.STRING })), state, []), /\$\.kind/);
  });

  it('that was declared and no longer is: held against the declaration', async () => {
    const state = await stateOf(value(Types.row({ n: Types.LONG })), [row('k', { n: 1 })]);
    await refused(goOn(value(), state, [row('k', { n: 'x' })]), /value\.n is stored as LONG and the program has STRING/);
    assert.deepEqual(await goOn(value(), state, [row('k', { n: 2 })]), [{ n: 1 }]);
  });

  const kinds: readonly (readonly [
    kind: string,
    make: (name: string) => OperatorLogic,
    before: unknown,
    after: unknown,
    message: RegExp,
  ])[] = [
    ['list', (name) => keeping(new ListStateDescriptor(name), (state, next) => state.add(next)), 1, 'a', /value is stored as INT/],
    [
      'map, by its values',
      (name) => keeping(new MapStateDescriptor(name), (state, next) => state.put('n', next)),
      1,
      'a',
      /value is stored as INT/,
    ],
    [
      'map, by its names',
      (name) => keeping(new MapStateDescriptor(name), (state, next) => state.put(next, true)),
      1,
      'a',
      /name is stored as INT/,
    ],
    [
      'reducing',
      (name) => keeping(new ReducingStateDescriptor(name, (a: Any, b: Any) => [...a, ...b] as Any), (state, next) => state.add([next])),
      1,
      'a',
      /value\[\] is stored as INT/,
    ],
  ];
  for (const [kind, make, before, after, message] of kinds) {
    it(`of kind ${kind}`, async () => {
      const state = await stateOf(make('s'), [row('k', before)]);
      await refused(goOn(make('s'), state, [row('k', after)]), message);
      await goOn(make('s'), state, [row('k', before)]);
      await goOn(make('renamed'), state, [row('k', after)]);
    });
  }

  it('of kind aggregating: before the first record, by the accumulator that the function makes', async () => {
    const counting = (initial: unknown) =>
      keeping(
        new AggregatingStateDescriptor('n', {
          createAccumulator: () => initial,
          add: (_value: Any, acc: Any) => acc,
          getResult: (acc: Any) => acc,
        } as never),
        (state, next) => state.add(next),
      );
    const state = await stateOf(counting({ sum: 0, count: 0 }), [row('k', 1)]);
    await refused(goOn(counting({ sum: 0n, count: 0 }), state, []), /value\.sum is stored as INT and the program has BIG_INT/);
    await goOn(counting({ count: 0, sum: 0, least: null }), state, [row('k', 1)]);
  });
});

describe('what operators keep', () => {
  it('of a reduce: the first record is refused before it is reduced with a stored one', async () => {
    let reduced = 0;
    const state = await stateOf(
      reducing((a, b) => ({ ...b, value: a.value + b.value })),
      [row('k', 1), row('k', 2)],
    );
    const changed = reducing((_a, b) => {
      reduced += 1;
      return b;
    });
    await refused(
      goOn(changed, state, [row('k', 'x')]),
      /State '_op_state' cannot go on from the checkpoint: value\.value is stored as INT and the program has STRING/,
    );
    assert.equal(reduced, 0);
    assert.deepEqual(
      await goOn(
        reducing((a, b) => ({ ...b, value: a.value + b.value })),
        state,
        [row('k', 0.5)],
      ),
      [row('k', 3.5)],
    );
  });

  it('of a rolling aggregate: before the first record', async () => {
    const state = await stateOf(rolling({ n: 1 }), [row('k', 1)]);
    await refused(goOn(rolling({ n: '' }), state, []), /value\.n is stored as INT and the program has STRING/);
    assert.deepEqual(await goOn(rolling({ n: 0 }), state, [row('k', 1)]), [{ n: 1 }]);
  });
});

describe('a key of learned type', () => {
  it('of another kind: its state would never be found, and the first such key is refused', async () => {
    const state = await stateOf(value(), [row(1, 'a')]);
    await refused(
      goOn(value(), state, [row('1', 'b')]),
      /The keyed state of this operator cannot go on from the checkpoint: key is stored as INT and the program has STRING/,
    );
    assert.deepEqual(await goOn(value(), state, [row(2, 'c'), row(1, 'b')]), ['a']);
  });
});

it('a program that goes on with its own state may have both kinds', async () => {
  const state = await stateOf(value(), [row('k', 1)]);
  const subtask = new Subtask(value(), { subtask: 0, parallelism: 1 }, 0, state, true);
  await subtask.open();
  subtask.bench.record(row('k', 'text'), 0);
  subtask.bench.record(row(5, 'text'), 0);
  assert.equal(subtask.take().length, 1);
});

it('state that nobody asks for keeps what was learned of it', async () => {
  const state = await stateOf(value(), [row('k', { n: 1 })]);
  const unasked = keeping(new ValueStateDescriptor('other'), (kept, next) => kept.update(next));
  const subtask = new Subtask(unasked, { subtask: 0, parallelism: 1 }, 0, state);
  await subtask.open();
  const { keyed } = await subtask.snapshot();
  assert.deepEqual(keyed.find(({ schema }) => schema.name === 'last')?.schema.valueType, {
    kind: 'shape',
    learned: { kind: 'row', fields: [{ name: 'n', type: { kind: 'int' } }] },
  });
});

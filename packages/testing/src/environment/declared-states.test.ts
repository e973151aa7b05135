// Goal: states that a function declares are there, typed and redistributed as they say, and a checkpoint that does not fit them is refused before the first record. Method: the same
// feed with and without a crash in the middle and another parallelism behind it, for each mode; the states of each subtask after the rescale; restores with other declarations.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Types } from '@millrace/core/types/types';
import { KeyedBroadcastProcessFunction } from '@millrace/streaming/api/broadcast-process-functions';
import type { RuntimeContext } from '@millrace/streaming/api/runtime-context';
import type {
  BroadcastContext,
  KeyedBroadcastContext,
  ReadOnlyBroadcastContext,
  ReadOnlyKeyedBroadcastContext,
} from '@millrace/streaming/contract/broadcast-context';
import type { Collector } from '@millrace/streaming/contract/emittable';
import type { ProcessContext } from '@millrace/streaming/contract/process-context';
import type { StateDeclaration } from '@millrace/streaming/contract/state-declaration';
import { StateDeclarations } from '@millrace/streaming/contract/state-declarations';
import { ValueStateDescriptor } from '@millrace/streaming/contract/state-descriptor';
import { TestEnvironment } from '../index.ts';
import { VirtualClock } from '../simulation/virtual-clock.ts';
import { SimulatedJob } from './simulated-job.ts';

const COUNT = StateDeclarations.valueState('count', Types.LONG);
const SPLIT = StateDeclarations.listStateBuilder('split', Types.STRING).redistributeBy('SPLIT').build();
const UNION = StateDeclarations.listStateBuilder('union', Types.STRING).redistributeBy('UNION').build();
const RULES = StateDeclarations.broadcastState('rules', Types.STRING, Types.LONG);

test('a factory makes as many objects as there are subtasks', async () => {
  let made = 0;
  const test = TestEnvironment.create({ parallelism: 2 });
  const results = test.collect(
    test.fromData('a', 'b', 'c').process(() => {
      made += 1;
      return {
        usesStates: () => [SPLIT],
        processElement: (word: string, _context, out: Collector<string>) => out.collect(word),
      };
    }),
  );
  await test.execute();
  assert.deepEqual([made, results.take().sort()], [2, ['a', 'b', 'c']]);
});

test('asking for what was not declared, or was declared otherwise, fails with what was declared', async () => {
  const failure = async (asked: () => unknown) => {
    const test = TestEnvironment.create({ parallelism: 1 });
    const stream = test.fromData('a').keyBy((word) => word);
    test.collect(
      stream.process({
        usesStates: () => [COUNT, SPLIT],
        processElement(word: string, context, out: Collector<string>) {
          context.getState(asked() as typeof COUNT);
          out.collect(word);
        },
      }),
    );
    return test.execute().then(
      () => 'no failure',
      (error: Error) => causes(error),
    );
  };
  assert.match(
    await failure(() => StateDeclarations.valueState('cuont', Types.LONG)),
    /State 'cuont' was not declared: usesStates of this function declares 'count', 'split'\. Did you mean 'count'\? Add its declaration to what usesStates returns\./,
  );
  assert.match(
    await failure(() => StateDeclarations.valueState('count', Types.STRING)),
    /State 'count' was declared as value state of LONG, NONE, and is asked for as value state of STRING, NONE\. Ask with the declaration that usesStates returns\./,
  );
  assert.match(await failure(() => new ValueStateDescriptor('count')), /getState got no state declaration\. Make one by StateDeclarations/);
  assert.equal(await failure(() => StateDeclarations.valueState('count', Types.LONG)), 'no failure');
});

function causes(error: unknown): string {
  return error instanceof Error ? `${error.message}\n${causes(error.cause)}` : '';
}

test('a function that declares nothing has no declared states, in open either', async () => {
  const test = TestEnvironment.create({ parallelism: 1 });
  const asking = { open: (context: RuntimeContext) => void context.getState(COUNT), map: (word: string) => word };
  test.collect(test.fromData('a').map(asking));
  await assert.rejects(test.execute(), (error: Error) =>
    /State 'count' was not declared: usesStates of this function declares none\./.test(causes(error)),
  );
});

test('every object of a factory declares the same, or the job does not begin', async () => {
  const test = TestEnvironment.create({ parallelism: 2 });
  let made = 0;
  const changing = () => {
    made += 1;
    const mine = made === 1 ? SPLIT : UNION;
    return { usesStates: () => [mine], processElement(_word: string, _context: ProcessContext, _out: Collector<string>) {} };
  };
  test.collect(test.fromData('a', 'b').rebalance().process(changing));
  await assert.rejects(test.execute(), (error: Error) =>
    causes(error).includes(
      "usesStates returned other declarations than when the job was built: with 'split', list state of STRING, REDISTRIBUTABLE by SPLIT then, with 'union', list state of STRING, REDISTRIBUTABLE by UNION now. Return the same for every object and at every call.",
    ),
  );
});

const USERS = ['ann', 'bob', 'cem', 'dan', 'eve', 'fay', 'gil'];

test('NONE: a value, a list, a map, a reduced value and an accumulator of each key go with their keys, 2 to 3 subtasks', async () => {
  const TOTAL = StateDeclarations.reducingState('total', Types.LONG, (a, b) => a + b);
  const MEAN = StateDeclarations.aggregatingState('mean', Types.row({ n: Types.LONG, sum: Types.LONG }), {
    createAccumulator: () => ({ n: 0, sum: 0 }),
    add: (value: number, { n, sum }) => ({ n: n + 1, sum: sum + value }),
    getResult: ({ n, sum }) => sum / n,
  });
  const ALL = StateDeclarations.listState('all', Types.LONG);
  const BY_PARITY = StateDeclarations.mapState('by parity', Types.BOOLEAN, Types.LONG);
  const run = async (crash: boolean) => {
    const test = TestEnvironment.create({ parallelism: 2 });
    const source = test.testSource<{ user: string; n: number }>();
    const results = test.collect(
      source.stream
        .keyBy(({ user }) => user)
        .process(() => ({
          usesStates: () => [COUNT, TOTAL, MEAN, ALL, BY_PARITY],
          processElement({ user, n }: { user: string; n: number }, context, out: Collector<string>) {
            const count = context.getState(COUNT);
            count.update((count.value() ?? 0) + 1);
            context.getState(TOTAL).add(n);
            context.getState(MEAN).add(n);
            context.getState(ALL).add(n);
            context.getState(BY_PARITY).put(n % 2 === 0, n);
            const parities = [true, false].map((even) => context.getState(BY_PARITY).get(even));
            const [total, mean] = [context.getState(TOTAL).get(), context.getState(MEAN).get()];
            out.collect(JSON.stringify([user, count.value(), total, mean, [...context.getState(ALL).get()], parities]));
          },
        })),
    );
    await test.start();
    for (const n of [1, 2, 3]) for (const user of USERS) source.emit({ user, n });
    await test.settle();
    if (crash) await test.crashAndRestore({ parallelism: 3 });
    for (const n of [4, 5]) for (const user of USERS) source.emit({ user, n });
    source.end();
    await test.finish();
    return results.take().sort();
  };
  assert.deepEqual(await run(true), await run(false));
});

/** What the lists of each subtask hold after a rescale; every word went into both of its subtask. */
async function listsAfterRescale(from: number, to: number): Promise<readonly { split: string[]; union: string[] }[]> {
  const test = TestEnvironment.create({ parallelism: from });
  const source = test.testSource<string>();
  const told = new Map<number, { split: string[]; union: string[] }>();
  const keeping = () => {
    let subtask = -1;
    return {
      usesStates: () => [SPLIT, UNION],
      open(context: RuntimeContext) {
        subtask = context.getIndexOfThisSubtask();
      },
      processElement(word: string, context: ProcessContext, _out: Collector<string>) {
        const [split, union] = [context.getState(SPLIT), context.getState(UNION)];
        if (word !== 'tell') for (const list of [split, union]) list.add(word);
        else told.set(subtask, { split: [...split.get()], union: [...union.get()] });
      },
    };
  };
  test.collect(source.stream.rebalance().process(keeping));
  await test.start();
  source.emit('a', 'b', 'c', 'd', 'e', 'f', 'g');
  await test.settle();
  await test.crashAndRestore({ parallelism: to });
  source.emit(...Array.from({ length: to * to }, () => 'tell'));
  source.end();
  await test.finish();
  return [...told.values()];
}

test('REDISTRIBUTABLE: a SPLIT list is dealt out evenly and each element once, a UNION list goes to all, 2 to 3 and 3 to 2 subtasks', async () => {
  for (const [from, to] of [
    [2, 3],
    [3, 2],
  ] as const) {
    const lists = await listsAfterRescale(from, to);
    assert.deepEqual(lists.flatMap(({ split }) => split).sort(), ['a', 'b', 'c', 'd', 'e', 'f', 'g']);
    assert.deepEqual(
      lists.map(({ split }) => split.length).sort((a, b) => a - b),
      to === 3 ? [2, 2, 3] : [3, 4],
    );
    for (const { union } of lists) assert.deepEqual(union.toSorted(), ['a', 'b', 'c', 'd', 'e', 'f', 'g']);
  }
});

test('a changed declaration is refused before the first record, with what the checkpoint has and what the program declares', async () => {
  const refusal = async (before: StateDeclaration, after: StateDeclaration, isEmpty = false) => {
    const run = (declared: StateDeclaration) => {
      const test = TestEnvironment.create({ parallelism: 1 });
      const source = test.testSource<string>();
      const states = source.stream
        .keyBy((word) => word)
        .process({
          usesStates: () => [declared],
          processElement(word: string, context, _out: Collector<string>) {
            if (isEmpty) return;
            if (declared.kind === 'list') context.getState(declared as typeof SPLIT).add(word);
            else context.getState(declared as typeof COUNT).update(1);
          },
        });
      test.collect(states.uid('states').name('Counting'));
      return { source, compiled: test.compile('counting') };
    };
    const first = run(before);
    const job = new SimulatedJob(first.compiled, { seed: 1, slots: 1, clock: new VirtualClock(), write() {} });
    await job.start();
    first.source.emit('a', 'b');
    await job.settle();
    return job.crashAndRestore(run(after).compiled).then(
      () => 'restored',
      (error: Error) => causes(error),
    );
  };
  const otherStates = (stored: string, wanted: string) =>
    new RegExp(
      `^'Counting' \\(uid states\\) declares other states than the checkpoint 'checkpoint 1' has of it:\n  '\\w+': in the checkpoint ${stored}; in the program ${wanted}\nDeclare each as it was, or give what is new a name of its own\\.`,
    );
  const union = StateDeclarations.listStateBuilder('split', Types.STRING).redistributeBy('UNION').build();
  for (const isEmpty of [false, true]) {
    assert.match(
      await refusal(SPLIT, union, isEmpty),
      otherStates('list state of STRING, REDISTRIBUTABLE by SPLIT', 'list state of STRING, REDISTRIBUTABLE by UNION'),
    );
    assert.match(
      await refusal(COUNT, StateDeclarations.listStateBuilder('count', Types.LONG).redistributeBy('SPLIT').build(), isEmpty),
      otherStates('value state of LONG, NONE', 'list state of LONG, REDISTRIBUTABLE by SPLIT'),
    );
  }
  assert.match(
    await refusal(COUNT, StateDeclarations.valueState('count', Types.STRING)),
    /State 'count' cannot be restored: the checkpoint has value state of LONG by .*, and the program wants value state of STRING by /,
  );
  assert.equal(await refusal(COUNT, StateDeclarations.valueState('count', Types.DOUBLE)), 'restored');
  assert.equal(await refusal(COUNT, StateDeclarations.listState('other', Types.STRING)), 'restored');
});

test('what a program does not declare any more is carried on over rescales, each element once, until one declares it again', async () => {
  const held: { split: string[]; union: string[] }[] = [];
  const run = (parallelism: number, isDeclared: boolean) => {
    const test = TestEnvironment.create({ parallelism });
    const source = test.testSource<string>();
    const keeping = () => ({
      usesStates: () => (isDeclared ? [SPLIT, UNION] : []),
      open(context: RuntimeContext) {
        if (isDeclared) held.push({ split: [...context.getState(SPLIT).get()], union: [...context.getState(UNION).get()] });
      },
      processElement(word: string, context: ProcessContext, _out: Collector<string>) {
        if (isDeclared) for (const list of [context.getState(SPLIT), context.getState(UNION)]) list.add(word);
      },
    });
    test.collect(source.stream.rebalance().process(keeping).uid('keeping'));
    return { source, compiled: test.compile('keeping') };
  };
  const first = run(3, true);
  const job = new SimulatedJob(first.compiled, { seed: 1, slots: 1, clock: new VirtualClock(), write() {} });
  await job.start();
  first.source.emit('a', 'b', 'c', 'd', 'e');
  await job.settle();
  for (const parallelism of [2, 1, 3, 2]) {
    await job.crashAndRestore(run(parallelism, false).compiled);
    await job.settle();
  }
  held.length = 0;
  await job.crashAndRestore(run(3, true).compiled);
  await job.settle();
  assert.equal(held.length, 3);
  assert.deepEqual(held.flatMap(({ split }) => split).sort(), ['a', 'b', 'c', 'd', 'e']);
  for (const { union } of held) assert.deepEqual(union.toSorted(), ['a', 'b', 'c', 'd', 'e']);
});

class Limits extends KeyedBroadcastProcessFunction<string, string, readonly [string, number], string> {
  override usesStates() {
    return [RULES, COUNT];
  }

  override processElement(word: string, context: ReadOnlyKeyedBroadcastContext<string>, out: Collector<string>) {
    const count = context.getState(COUNT);
    count.update((count.value() ?? 0) + 1);
    out.collect(`${word} ${count.value()} of ${context.getState(RULES).get(word) ?? 'any'}`);
  }

  override processBroadcastElement(
    [word, limit]: readonly [string, number],
    context: KeyedBroadcastContext<string>,
    out: Collector<string>,
  ) {
    context.getState(RULES).put(word, limit);
    context.applyToKeyedState(COUNT, (key, count) => out.collect(`rule: ${key} ${count.value()}`));
  }
}

test('IDENTICAL: every subtask of the restored job has the rules, 2 to 3 subtasks; the broadcast side writes and reaches all keys', async () => {
  const test = TestEnvironment.create({ parallelism: 2 });
  const words = test.testSource<string>();
  const rules = test.testSource<readonly [string, number]>();
  const limited = words.stream.keyBy((word) => word).connect(rules.stream.broadcast(RULES));
  const results = test.collect(limited.process(() => new Limits()));
  await test.start();
  words.emit(...USERS);
  await test.settle();
  for (const user of USERS) rules.emit([user, 10]);
  await test.settle();
  assert.equal(results.take().filter((line) => line.startsWith('rule: ann')).length, USERS.length);
  await test.crashAndRestore({ parallelism: 3 });
  words.emit(...USERS);
  words.end();
  rules.end();
  await test.finish();
  assert.deepEqual(
    results.take().sort(),
    USERS.map((user) => `${user} 2 of 10`),
  );
});

test('copies of an IDENTICAL state that differ are found when the parallelism changes, and only then', async () => {
  const run = async (keeps: (subtask: number, n: number) => number | undefined, to: number, mode?: 'AT_LEAST_ONCE') => {
    const test = TestEnvironment.create({ parallelism: 2 });
    if (mode !== undefined) test.enableCheckpointing('1 h', mode);
    const words = test.testSource<string>();
    const rules = test.testSource<number>();
    const keeping = () => {
      let subtask = -1;
      return {
        open(context: RuntimeContext) {
          subtask = context.getIndexOfThisSubtask();
        },
        processElement(_word: string, _context: ReadOnlyBroadcastContext, _out: Collector<string>) {},
        processBroadcastElement(n: number, context: BroadcastContext) {
          const kept = keeps(subtask, n);
          if (kept !== undefined) context.getState(RULES).put(`rule ${kept}`, kept);
        },
      };
    };
    test.collect(words.stream.connect(rules.stream.broadcast(RULES)).process(keeping).name('Keeping').uid('keeping'));
    await test.start();
    rules.emit(1, 2, 3);
    await test.settle();
    return test.crashAndRestore({ parallelism: to }).then(
      () => 'restored',
      (error: Error) => error.message,
    );
  };
  const bySubtask = (subtask: number, n: number) => n + subtask;
  assert.equal(await run((subtask, n) => (subtask === 0 ? n : 4 - n), 3), 'restored', 'in another order');
  assert.equal(
    await run(bySubtask, 3),
    "State 'rules' of 'Keeping' (uid keeping) is declared IDENTICAL, and in the checkpoint 'checkpoint 1' it is not: subtask 1 has 3 entries and subtask 2 has 3 others. Make processBroadcastElement do the same with a record in every subtask. At the parallelism of 2 each subtask goes on with its own.",
  );
  assert.match(await run((subtask, n) => (subtask === 0 ? undefined : n), 3), /subtask 1 has 0 entries and subtask 2 has 3\./);
  assert.equal(await run(bySubtask, 2), 'restored');
  assert.equal(await run(bySubtask, 3, 'AT_LEAST_ONCE'), 'restored');
});

test('applyToKeyedState takes a state of keys only', async () => {
  const test = TestEnvironment.create({ parallelism: 1 });
  const words = test.testSource<string>();
  const rules = test.testSource<string>();
  test.collect(
    words.stream
      .keyBy((word) => word)
      .connect(rules.stream.broadcast(RULES))
      .process({
        usesStates: () => [SPLIT],
        processElement(_word: string, _context, _out: Collector<string>) {},
        processBroadcastElement(_rule, context) {
          context.applyToKeyedState(SPLIT, () => {});
        },
      }),
  );
  await test.start();
  rules.emit('a');
  await assert.rejects(test.settle(), (error: Error) =>
    causes(error).includes(
      "applyToKeyedState got the declaration of 'split', list state of STRING, REDISTRIBUTABLE by SPLIT: it is of the subtask and not of its keys.",
    ),
  );
});

test('only the broadcast side may write an IDENTICAL state', async () => {
  const test = TestEnvironment.create({ parallelism: 1 });
  const one = test.testSource<string>();
  const other = test.testSource<string>();
  test.collect(
    one.stream.connect(other.stream.broadcast(RULES)).process({
      processElement(word: string, context, _out: Collector<string>) {
        (context.getState(RULES) as unknown as ReturnType<BroadcastContext['getBroadcastState']>).put(word, 1);
      },
      processBroadcastElement() {},
    }),
  );
  await test.start();
  one.emit('a');
  await assert.rejects(test.settle(), (error: Error) => /put is not a function/.test(causes(error)));
});

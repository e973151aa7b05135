// Goal: everything that is wrong with the declarations of a function's states is said when the function is given to a stream, before anything runs; what is legal on which kind of
// stream is Flink's table. Method: refusals by their messages; what the graph says of what is declared.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Types } from '@millrace/core/types/types';
import type { ReadOnlyBroadcastContext } from '../contract/broadcast-context.ts';
import type { Collector } from '../contract/emittable.ts';
import type { KeyedProcessContext, ProcessContext } from '../contract/process-context.ts';
import type { StateDeclaration } from '../contract/state-declaration.ts';
import { StateDeclarations } from '../contract/state-declarations.ts';
import { ValueStateDescriptor } from '../contract/state-descriptor.ts';
import { explainJob } from '../graph/explain-job.ts';
import { BroadcastProcessFunction } from './broadcast-process-functions.ts';
import { MultipleConnectedStreams } from './multiple-connected-streams.ts';
import { KeyedProcessFunction, ProcessFunction } from './process-functions.ts';
import { rich, RichMapFunction } from './rich-functions.ts';
import { StreamExecutionEnvironment } from './stream-execution-environment.ts';

const COUNT = StateDeclarations.valueState('count', Types.LONG);
const SPLIT = StateDeclarations.listStateBuilder('split', Types.STRING).redistributeBy('SPLIT').build();
const UNION = StateDeclarations.listStateBuilder('union', Types.STRING).redistributeBy('UNION').build();
const RULES = StateDeclarations.broadcastState('rules', Types.STRING, Types.LONG);

const env = () => StreamExecutionEnvironment.getExecutionEnvironment();
const words = () => env().fromData('a', 'b');

class Declaring extends ProcessFunction<string, string> {
  readonly #states: unknown;

  constructor(states: unknown) {
    super();
    this.#states = states;
  }

  override usesStates() {
    return this.#states as Iterable<StateDeclaration>;
  }

  override processElement(word: string, _context: ProcessContext, out: Collector<string>) {
    out.collect(word);
  }
}

class KeyedDeclaring extends KeyedProcessFunction<string, string, string> {
  readonly #states: readonly StateDeclaration[];

  constructor(...states: readonly StateDeclaration[]) {
    super();
    this.#states = states;
  }

  override usesStates() {
    return this.#states;
  }

  override processElement(word: string, _context: KeyedProcessContext<string>, out: Collector<string>) {
    out.collect(word);
  }
}

class BesideRules extends BroadcastProcessFunction<string, string, string> {
  readonly #states: readonly StateDeclaration[];

  constructor(...states: readonly StateDeclaration[]) {
    super();
    this.#states = states;
  }

  override usesStates() {
    return this.#states;
  }

  override processElement(word: string, _context: ReadOnlyBroadcastContext, out: Collector<string>) {
    out.collect(word);
  }

  override processBroadcastElement() {}
}

const NONE_WITHOUT_KEYS =
  /^process: usesStates of an object of class Declaring declares 'count', value state of LONG, NONE, which is not legal on a stream without keys: legal there is REDISTRIBUTABLE\. What is NONE is bound to a key and cannot be redistributed\. Call keyBy\(…\) before this operator, or declare a list of the subtask: StateDeclarations\.listStateBuilder\(…\)\.redistributeBy\('SPLIT'\)\.$/;

test('what is bound to a key is refused on a stream without keys, from an object and from both kinds of factory, when it is built', () => {
  assert.throws(() => words().process(new Declaring([COUNT])), { message: NONE_WITHOUT_KEYS });
  assert.throws(() => words().process(() => new Declaring([COUNT])), { message: NONE_WITHOUT_KEYS });
  assert.throws(() => words().process(rich(() => new Declaring([COUNT]))), { message: NONE_WITHOUT_KEYS });
  const mapping = { usesStates: () => [StateDeclarations.listState('all', Types.STRING)], map: (word: string) => word };
  assert.throws(() => words().map(mapping), {
    message: /^map: .* declares 'all', list state of STRING, NONE, which is not legal on a stream without keys/,
  });
  const co = { usesStates: () => [COUNT], processElement1() {}, processElement2() {} };
  const one = words();
  assert.throws(() => one.connect(one).process(co), {
    message: /^process of connected streams: .* 'count', .* not legal on a stream without keys/,
  });
  const many = MultipleConnectedStreams.of(one, one);
  assert.throws(() => many.process(co), { message: /^process: .* 'count', .* not legal on a stream without keys/ });
});

test('what is to be identical in all subtasks is refused where they do not all see the same records', () => {
  const refused = (stream: string) => ({
    message: new RegExp(
      `declares 'rules', broadcast state of STRING to LONG, IDENTICAL, which is not legal on ${stream}: legal there (is|are) .*\\. Only beside a broadcast stream do all subtasks see the same records, and so keep it identical\\. Connect this stream with other\\.broadcast\\(…\\)\\.$`,
    ),
  });
  assert.throws(() => words().process(new Declaring([RULES])), refused('a stream without keys'));
  const keyed = words().keyBy((word) => word);
  assert.throws(() => keyed.process(new KeyedDeclaring(RULES)), refused('a keyed stream'));
});

test("Flink's table: what each kind of stream may have", () => {
  const keyed = words().keyBy((word) => word);
  keyed.process(new KeyedDeclaring(COUNT, SPLIT, UNION));
  words().process(new Declaring(new Set([SPLIT, UNION])));
  const one = words();
  one.connect(one.broadcast(RULES)).process(new BesideRules(RULES, SPLIT));
  assert.throws(() => one.connect(one.broadcast(RULES)).process(new BesideRules(COUNT)), {
    message:
      /'count', value state of LONG, NONE, which is not legal on a stream without keys beside a broadcast one: legal there are REDISTRIBUTABLE and IDENTICAL\./,
  });
  const byWord = one.keyBy((word) => word);
  byWord.connect(one.broadcast(RULES)).process({
    usesStates: () => [COUNT, SPLIT, UNION, StateDeclarations.broadcastState('more', Types.STRING, Types.STRING)],
    processElement(_word: string, _context, _out: Collector<string>) {},
    processBroadcastElement() {},
  });
});

test('a name stands for one declaration; the message has both', () => {
  const keyed = words().keyBy((word) => word);
  assert.throws(() => keyed.process(new KeyedDeclaring(COUNT, StateDeclarations.listState('count', Types.STRING))), {
    message:
      "process of a keyed stream: usesStates of an object of class KeyedDeclaring declares 'count' as value state of LONG, NONE, and as list state of STRING, NONE. Give each state of an operator a name of its own, and make each declaration once.",
  });
  assert.throws(() => keyed.process(new KeyedDeclaring(COUNT, StateDeclarations.valueState('count', Types.LONG))), {
    message: /declares 'count' twice, both times as value state of LONG, NONE\./,
  });
  keyed.process(new KeyedDeclaring(COUNT, COUNT));
});

test('what is no declaration is refused, with what it is', () => {
  const refused = (states: unknown, message: RegExp) => assert.throws(() => words().process(new Declaring(states)), { message });
  refused(
    undefined,
    /^process: usesStates of an object of class Declaring returned undefined\. Return the declarations of all states: an array or a Set of them\.$/,
  );
  refused('count', /returned 'count'\. Return the declarations/);
  refused([1], /returned 1 among its declarations\. Make each by StateDeclarations\.$/);
  refused(
    [new ValueStateDescriptor('n')],
    /returned the descriptor of state 'n', which is no declaration\. Declare it: StateDeclarations\.valueState\('n', …\)\.$/,
  );
  const asynchronous = { usesStates: async () => [], processElement() {} };
  assert.throws(() => words().process(asynchronous as never), { message: /usesStates of an object with .* got an async function/ });
});

test('a type that nothing can write is refused in the declaration', () => {
  const LONG = Types.LONG;
  assert.throws(() => StateDeclarations.valueState('at', Date as never), {
    message:
      "The declaration of state 'at' got the function Date as the type of its value. Give it one of Types: a declared state has declared types, and Types.shape() is the one that learns.",
  });
  assert.throws(() => StateDeclarations.listState('xs', undefined as never), {
    message: /state 'xs' got nothing as the type of its elements/,
  });
  assert.throws(() => StateDeclarations.mapState('m', LONG, { typeName: 'Mine' } as never), {
    message: /The declaration of state 'm' got a type of its values that cannot be written to a checkpoint\. Give it one of Types/,
  });
  assert.throws(() => StateDeclarations.valueState('', LONG), { message: /got an empty text as the name of a state/ });
});

test('builders refuse modes that a kind cannot have', () => {
  const builder = () => StateDeclarations.listStateBuilder('xs', Types.LONG);
  assert.throws(() => builder().redistributeBy('EVEN' as never), {
    message: "redistributeBy of the declaration of state 'xs' got 'EVEN'. It takes 'SPLIT' or 'UNION'.",
  });
  assert.throws(() => builder().redistributeWithMode('IDENTICAL' as never), {
    message:
      /got 'IDENTICAL'\. It takes 'NONE' or 'REDISTRIBUTABLE'; what is IDENTICAL in all subtasks is a StateDeclarations\.broadcastState\.$/,
  });
  assert.throws(() => builder().redistributeBy('UNION').enableTimeToLive({ ttl: '1 h' }).build(), {
    message: /The declaration of state 'xs' is REDISTRIBUTABLE and has a time to live, which only state of keys can have\./,
  });
  const list = builder().redistributeWithMode('REDISTRIBUTABLE').build();
  assert.deepEqual([list.getName(), list.getRedistributionMode(), list.getRedistributionStrategy()], ['xs', 'REDISTRIBUTABLE', 'SPLIT']);
  assert.equal(builder().build().getRedistributionMode(), 'NONE');
});

test('where functions have no declared states, declaring them is refused and not ignored', () => {
  class Sink extends RichMapFunction<string, string> {
    override usesStates() {
      return [SPLIT];
    }
    map(word: string) {
      return word;
    }
    invoke() {}
  }
  assert.throws(() => words().addSink(new Sink()), {
    message:
      /usesStates of an object of class Sink declares 'split', but functions there have no declared states\. Ask for operator state in initializeState/,
  });
});

test('the job graph has every declaration, and so has what explains it; the digest is of them, too', () => {
  const compiled = (...states: readonly StateDeclaration[]) => {
    const job = env();
    job
      .fromData('a')
      .keyBy((word) => word)
      .process(new KeyedDeclaring(...states))
      .print();
    return job.compile('declaring');
  };
  const forgetting = StateDeclarations.mapStateBuilder('seen', Types.STRING, Types.BOOLEAN).enableTimeToLive({ ttl: '1 h' }).build();
  const job = compiled(COUNT, UNION, forgetting);
  const declared = job.jobGraph.vertices.flatMap(({ operators }) => operators.flatMap(({ states }) => states ?? []));
  assert.deepEqual(
    declared.map(({ name, kind, redistributionMode, redistributionStrategy }) => [name, kind, redistributionMode, redistributionStrategy]),
    [
      ['count', 'value', 'NONE', undefined],
      ['union', 'list', 'REDISTRIBUTABLE', 'UNION'],
      ['seen', 'map', 'NONE', undefined],
    ],
  );
  assert.deepEqual(
    explainJob(job).streamGraph.nodes.map(({ states }) => states),
    [
      [],
      [
        { name: 'count', kind: 'value', redistributionMode: 'NONE', redistributionStrategy: null, type: 'LONG', ttlMs: null },
        {
          name: 'union',
          kind: 'list',
          redistributionMode: 'REDISTRIBUTABLE',
          redistributionStrategy: 'UNION',
          type: 'STRING',
          ttlMs: null,
        },
        {
          name: 'seen',
          kind: 'map',
          redistributionMode: 'NONE',
          redistributionStrategy: null,
          type: 'STRING to BOOLEAN',
          ttlMs: 3_600_000,
        },
      ],
      [],
    ],
  );
  const digests = [job, compiled(COUNT, SPLIT, forgetting), compiled(COUNT, UNION, forgetting)].map(({ jobGraph }) => jobGraph.digest);
  assert.ok(digests[0] !== digests[1] && digests[0] === digests[2]);
});

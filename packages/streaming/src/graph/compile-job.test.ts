// Programs as plain transformations, so that also those can be tried that the API cannot build.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@millrace/core/base/random';
import type { OperatorLogic } from '../contract/operator.ts';
import { compileJob } from './compile-job.ts';
import { explainJob } from './explain-job.ts';
import type { PartitionerKind } from './job-graph.ts';
import type { JobProgram, OperatorTransformation, Transformation } from './transformation.ts';

const CONFIGURATION = { autoWatermarkRecords: 1000, autoWatermarkIntervalMs: 200, freezeRecords: false, maxShapesPerEdge: 64 };
const LOGIC: OperatorLogic = { kind: 'map', fn: (value) => value };

function operator(id: number, name: string, input: number | undefined, more: Partial<OperatorTransformation> = {}): OperatorTransformation {
  const settings = {
    description: undefined,
    uid: undefined,
    parallelism: undefined,
    maxParallelism: undefined,
    bufferTimeoutMs: undefined,
  };
  const source = { kind: 'source', source: undefined as never, strategy: undefined as never } as const;
  const logic = input === undefined ? source : LOGIC;
  return {
    kind: 'operator',
    id,
    name,
    input,
    logic,
    operation: 'Map',
    slotSharingGroup: undefined,
    chaining: 'ALWAYS',
    type: undefined,
    ...settings,
    ...more,
  };
}

function program(transformations: readonly Transformation[], settings: Partial<JobProgram['settings']> = {}): JobProgram {
  const roots = transformations.map(({ id }) => id);
  return {
    name: 'job',
    transformations,
    roots,
    settings: { parallelism: 1, maxParallelism: undefined, bufferTimeoutMs: 100, operatorChaining: true, ...settings },
  };
}

const compiled = (transformations: readonly Transformation[], settings?: Partial<JobProgram['settings']>) =>
  compileJob(program(transformations, settings), CONFIGURATION).jobGraph;
const names = (transformations: readonly Transformation[], settings?: Partial<JobProgram['settings']>) =>
  compiled(transformations, settings).vertices.map((vertex) => vertex.name);
const partition = (id: number, input: number, partitioner: PartitionerKind): Transformation => ({
  kind: 'partition',
  id,
  input,
  partitioner,
});

test('a cycle is refused with its path, in the direction of the records', () => {
  const loop = [
    operator(0, 'in', undefined),
    { kind: 'union', id: 1, inputs: [0, 3] } as const,
    operator(2, 'clean', 1),
    operator(3, 'retry', 2),
  ];
  assert.throws(() => compiled(loop), {
    name: 'UsageError',
    message: "The job 'job' has a cycle: union -> clean -> retry -> union. A stream cannot feed itself but by iterate(); break the cycle.",
  });
  assert.throws(() => compiled([operator(0, 'self', 0)]), { message: /has a cycle: self -> self\./ });
});

test('a program without operators is refused', () => {
  assert.throws(() => compiled([]), {
    name: 'UsageError',
    message: "The job 'job' has no operators. Call a method that ends in a sink, such as print() or sinkTo(), before execute().",
  });
});

test('chaining: every reason against it splits, and only there', () => {
  const chain = (b: Partial<OperatorTransformation>, c: Partial<OperatorTransformation> = {}) => [
    operator(0, 'a', undefined),
    operator(1, 'b', 0, b),
    operator(2, 'c', 1, c),
  ];
  assert.deepEqual(names(chain({})), ['Source: a -> b -> c']);
  assert.deepEqual(names(chain({}), { operatorChaining: false }), ['Source: a', 'b', 'c']);
  assert.deepEqual(names(chain({ chaining: 'NEVER' })), ['Source: a', 'b', 'c']);
  assert.deepEqual(names(chain({ chaining: 'HEAD' })), ['Source: a', 'b -> c']);
  assert.deepEqual(names(chain({ parallelism: 2 })), ['Source: a', 'b', 'c']);
  assert.deepEqual(names(chain({ parallelism: 2 }, { parallelism: 2 })), ['Source: a', 'b -> c']);
  assert.deepEqual(names(chain({ slotSharingGroup: 'heavy' })), ['Source: a', 'b -> c'], 'the group is inherited');
  assert.deepEqual(names(chain({ slotSharingGroup: 'heavy' }, { slotSharingGroup: 'default' })), ['Source: a', 'b', 'c']);
  assert.deepEqual(names(chain({ maxParallelism: 256 })), ['Source: a', 'b', 'c']);
});

test('chaining: an exchange or a second input splits', () => {
  for (const partitioner of ['rebalance', 'rescale', 'shuffle', 'broadcast', 'global', 'hash', 'custom'] as const) {
    assert.deepEqual(
      names([operator(0, 'a', undefined), partition(1, 0, partitioner), operator(2, 'b', 1)]),
      ['Source: a', 'b'],
      partitioner,
    );
  }
  assert.deepEqual(names([operator(0, 'a', undefined), partition(1, 0, 'forward'), operator(2, 'b', 1)]), ['Source: a -> b']);
  const union = [
    operator(0, 'a', undefined),
    operator(1, 'b', undefined),
    { kind: 'union', id: 2, inputs: [0, 1] } as const,
    operator(3, 'c', 2),
  ];
  assert.deepEqual(names(union), ['Source: a', 'Source: b', 'c']);
});

test('chaining: each reason is told, all that apply at once, and none for an edge inside a chain', () => {
  const reasons = (transformations: readonly Transformation[], settings?: Partial<JobProgram['settings']>) =>
    explainJob(compileJob(program(transformations, settings), CONFIGURATION)).streamGraph.edges.map(({ notChained }) =>
      notChained.map(({ reason, text }) => `${reason}: ${text}`),
    );
  const pair = (a: Partial<OperatorTransformation>, b: Partial<OperatorTransformation>, between?: PartitionerKind) => [
    operator(0, 'a', undefined, a),
    ...(between === undefined ? [] : [partition(2, 0, between)]).map((one) => ({ ...one, id: 1 })),
    operator(between === undefined ? 1 : 2, 'b', between === undefined ? 0 : 1, b),
  ];
  const none = {};
  assert.deepEqual(reasons(pair(none, none)), [[]]);
  assert.deepEqual(reasons(pair(none, none, 'hash')), [['REDISTRIBUTION: records are redistributed by hash']]);
  assert.deepEqual(reasons(pair(none, { parallelism: 2 })), [
    ['REDISTRIBUTION: records are redistributed by rebalance', 'DIFFERENT_PARALLELISM: parallelism 1 before it, 2 here'],
  ]);
  assert.deepEqual(reasons(pair({ maxParallelism: 8 }, none)), [['DIFFERENT_MAX_PARALLELISM: maximum parallelism 8 before it, 128 here']]);
  assert.deepEqual(reasons(pair(none, { slotSharingGroup: 'gpu' })), [
    ["DIFFERENT_SLOT_SHARING_GROUP: slot sharing group 'default' before it, 'gpu' here"],
  ]);
  assert.deepEqual(reasons(pair({ chaining: 'NEVER' }, { chaining: 'NEVER' })), [
    ["CHAINING_DISABLED_BEFORE: disableChaining() of 'Source: a'", 'CHAINING_DISABLED_HERE: disableChaining() here'],
  ]);
  assert.deepEqual(reasons(pair(none, { chaining: 'HEAD' })), [['NEW_CHAIN_HERE: startNewChain() here']]);
  assert.deepEqual(reasons(pair(none, none), { operatorChaining: false }), [
    ['CHAINING_DISABLED_BY_CONFIGURATION: chaining is switched off for the job (pipeline.operator-chaining.enabled)'],
  ]);
  const union: readonly Transformation[] = [
    operator(0, 'a', undefined),
    operator(1, 'b', undefined),
    { kind: 'union', id: 2, inputs: [0, 1] },
    operator(3, 'c', 2),
  ];
  assert.deepEqual(reasons(union), [
    ['SEVERAL_INPUT_EDGES: it reads a union of 2 streams'],
    ['SEVERAL_INPUT_EDGES: it reads a union of 2 streams'],
  ]);
  const both = [operator(0, 'a', undefined), operator(1, 'co', 0, { logic: twoInputs, secondInput: 0 })];
  assert.deepEqual(reasons(both), [
    ['TWO_INPUTS: it has two inputs, and the network feeds both'],
    ['TWO_INPUTS: it has two inputs, and the network feeds both'],
  ]);
});

const twoInputs: OperatorLogic = {
  kind: 'twoInput',
  create: () => {
    throw new Error('compiled, not run');
  },
};

test('two inputs: always a head, fed by the network on both inputs, whatever they are', () => {
  const both = (first: number, second: number, between: readonly Transformation[] = []) => [
    operator(0, 'a', undefined),
    operator(1, 'b', undefined),
    ...between,
    operator(5, 'co', first, { logic: twoInputs, secondInput: second, operation: 'Co-Map' }),
    operator(6, 'out', 5),
  ];
  const spread = (transformations: readonly Transformation[]) => {
    const all: Transformation[] = Array.from({ length: 7 }, (_, id) => operator(id, `unused ${id}`, undefined));
    for (const each of transformations) all[each.id] = each;
    return compileJob({ ...program(all), roots: [6] }, CONFIGURATION).jobGraph;
  };
  const shown = (graph: ReturnType<typeof spread>) => {
    const nameOf = (id: string) => graph.vertices.find((vertex) => vertex.id === id)?.name;
    return graph.edges.map((edge) => `${nameOf(edge.source)} ${edge.partitioner} ${edge.inputIndex} ${nameOf(edge.target)}`);
  };
  assert.deepEqual(shown(spread(both(0, 1))), ['Source: a forward 0 co -> out', 'Source: b forward 1 co -> out']);
  assert.deepEqual(shown(spread(both(0, 0))), ['Source: a forward 0 co -> out', 'Source: a forward 1 co -> out'], 'a stream with itself');
  const union = { kind: 'union', id: 2, inputs: [0, 1] } as const;
  assert.deepEqual(shown(spread(both(2, 3, [union, partition(3, 1, 'broadcast')]))), [
    'Source: a forward 0 co -> out',
    'Source: b forward 0 co -> out',
    'Source: b broadcast 1 co -> out',
  ]);
  const idOf = (first: number, second: number) => spread(both(first, second)).vertices.find(({ name }) => name === 'co -> out')?.id;
  assert.notEqual(idOf(0, 1), idOf(1, 0), 'which input is which is part of the place');
});

test('a tree of operators is one task, each behind the one that feeds it', () => {
  const side = { kind: 'side-output', id: 3, input: 1, tag: 'late', type: undefined } as const;
  const { vertices, edges } = compiled([
    operator(0, 'a', undefined),
    operator(1, 'b', 0),
    operator(2, 'c', 1),
    side,
    operator(4, 'd', 3),
    operator(5, 'e', 2),
  ]);
  assert.deepEqual(edges, []);
  assert.equal(vertices[0]?.name, 'Source: a -> b -> (c -> e, d)');
  assert.deepEqual(
    vertices[0]?.operators.map(({ name, input, inputTag }) => [name, input, inputTag]),
    [
      ['Source: a', -1, undefined],
      ['b', 0, undefined],
      ['c', 1, undefined],
      ['d', 1, 'late'],
      ['e', 2, undefined],
    ],
  );
});

test('operators A to E with parallelism 4, 2, 4, 4, 2', () => {
  const parallelism = [4, 2, 4, 4, 2];
  const chain = parallelism.map((p, id) => operator(id, 'ABCDE'[id]!, id === 0 ? undefined : id - 1, { parallelism: p }));
  const { vertices, edges } = compiled(chain);
  assert.deepEqual(
    vertices.map((vertex) => [vertex.name, vertex.parallelism]),
    [
      ['Source: A', 4],
      ['B', 2],
      ['C -> D', 4],
      ['E', 2],
    ],
  );
  assert.deepEqual(
    edges.map((edge) => [edge.partitioner, edge.source === vertices[edges.indexOf(edge)]?.id, edge.sourceOperator]),
    [
      ['rebalance', true, 0],
      ['rebalance', true, 0],
      ['rebalance', true, 1],
    ],
  );
});

test('of several partitionings the last counts, and each part of a union keeps its own', () => {
  const twice = [operator(0, 'a', undefined), partition(1, 0, 'shuffle'), partition(2, 1, 'broadcast'), operator(3, 'b', 2)];
  assert.deepEqual(
    compiled(twice).edges.map((edge) => edge.partitioner),
    ['broadcast'],
  );
  const union = [
    operator(0, 'a', undefined),
    partition(1, 0, 'broadcast'),
    operator(2, 'b', undefined),
    { kind: 'union', id: 3, inputs: [1, 2, 2] } as const,
    operator(4, 'c', 3),
  ];
  const graph = compiled(union);
  assert.deepEqual(
    graph.edges.map((edge) => edge.partitioner),
    ['broadcast', 'forward', 'forward'],
  );
  assert.deepEqual(
    graph.edges.map((edge) => edge.id),
    ['e0', 'e1', 'e2'],
  );
});

test('forward between unequal parallelisms is refused by both names', () => {
  const wrong = [operator(0, 'a', undefined, { parallelism: 2 }), partition(1, 0, 'forward'), operator(2, 'b', 1, { parallelism: 3 })];
  assert.throws(() => compiled(wrong), {
    name: 'UsageError',
    message:
      "forward() between 'Source: a' with parallelism 2 and 'b' with parallelism 3: forward needs the same parallelism at both ends. " +
      'Set it, or use rebalance() or rescale().',
  });
});

test('a parallelism above the maximum is refused, whoever set the maximum', () => {
  const one = (more: Partial<OperatorTransformation>) => [operator(0, 'a', undefined), operator(1, 'b', 0, more)];
  assert.throws(() => compiled(one({ parallelism: 5, maxParallelism: 4 })), {
    name: 'UsageError',
    message:
      "The operator 'b' has parallelism 5, which is above its maximum parallelism of 4. Lower the one or raise the other with setMaxParallelism.",
  });
  assert.throws(() => compiled(one({ parallelism: 5 }), { maxParallelism: 4 }), {
    message:
      "The operator 'b' has parallelism 5, which is above the job's maximum parallelism of 4. Lower the one or raise the other with setMaxParallelism.",
  });
  assert.deepEqual(
    [1, 85, 86, 100, 200, 32_768].map((parallelism) => compiled(one({}), { parallelism }).vertices[0]?.maxParallelism),
    [128, 128, 256, 256, 512, 32_768],
    "Flink's formula, up to its bound",
  );
});

test('the buffer timeout of an edge is that of the operator that emits', () => {
  const timeouts = (a: number | undefined, b: number | undefined) =>
    compiled([
      operator(0, 'a', undefined, { bufferTimeoutMs: a }),
      partition(1, 0, 'rebalance'),
      operator(2, 'b', 1, { bufferTimeoutMs: b }),
    ]).edges.map((edge) => edge.bufferTimeoutMs);
  assert.deepEqual([timeouts(0, 7), timeouts(undefined, 7), timeouts(-1, undefined)], [[0], [100], [-1]]);
});

test('slot sharing groups: inherited from inputs that agree, else the default', () => {
  const groups = (a: string | undefined, b: string | undefined) =>
    compiled([
      operator(0, 'a', undefined, { slotSharingGroup: a }),
      operator(1, 'b', undefined, { slotSharingGroup: b }),
      { kind: 'union', id: 2, inputs: [0, 1] },
      operator(3, 'c', 2),
    ]).vertices.map((vertex) => vertex.slotSharingGroup);
  assert.deepEqual(groups(undefined, undefined), ['default', 'default', 'default']);
  assert.deepEqual(groups('x', 'x'), ['x', 'x', 'x']);
  assert.deepEqual(groups('x', 'y'), ['x', 'y', 'default']);
  assert.deepEqual(groups('x', undefined), ['x', 'default', 'default']);
});

test('equal uids are refused by both names', () => {
  const twice = [operator(0, 'a', undefined), operator(1, 'b', 0, { uid: 'u' }), operator(2, 'c', 1, { uid: 'u' })];
  assert.throws(() => compiled(twice), {
    name: 'UsageError',
    message: "The uid 'u' is given to two operators, 'b' and 'c'. Give each a uid of its own.",
  });
});

test('ids: from the uid alone, or from the place alone', () => {
  const ids = (transformations: readonly Transformation[], settings?: Partial<JobProgram['settings']>) =>
    compiled(transformations, settings).vertices.flatMap((vertex) => vertex.operators.map((one) => one.id));
  const plain = [operator(0, 'a', undefined), operator(1, 'b', 0), operator(2, 'c', 0)];
  const [a, b, c] = ids(plain);
  assert.equal(new Set([a, b, c]).size, 3, 'operators of one kind on one input differ');
  for (const id of [a, b, c]) assert.match(id ?? '', /^[0-9a-f]{32}$/);
  const renamed = [operator(0, 'x', undefined), operator(1, 'y', 0, { parallelism: 3, chaining: 'NEVER' }), operator(2, 'z', 0)];
  assert.deepEqual(ids(renamed, { parallelism: 2 }), [a, c, b], 'the second is no longer in the chain, hence the order');
  const unrelated = [
    operator(0, 'new', undefined, { operation: 'Other' }),
    operator(1, 'a', undefined),
    operator(2, 'b', 1),
    operator(3, 'c', 1),
  ];
  assert.deepEqual(ids(unrelated).slice(1), [a, b, c], 'operators of another kind do not matter');
  const withUid = [operator(0, 'a', undefined), operator(1, 'b', 0, { uid: 'weekly' }), operator(2, 'c', 1, { uid: 'other' })];
  assert.equal(ids(withUid)[1], ids([operator(0, 'q', undefined), operator(1, 'r', 0), operator(2, 's', 1, { uid: 'weekly' })])[2]);
});

test('a side output that is read with two types is refused', () => {
  const side = (id: number, typeName: string | undefined): Transformation => ({
    kind: 'side-output',
    id,
    input: 0,
    tag: 'late',
    type: typeName === undefined ? undefined : { typeName },
  });
  const program = [operator(0, 'a', undefined), side(1, 'STRING'), side(2, undefined), operator(3, 'b', 1), operator(4, 'c', 2)];
  assert.throws(() => compiled(program), {
    name: 'UsageError',
    message: "The side output 'late' of 'a' is read with two types, STRING and undeclared. Use one OutputTag for all that read it.",
  });
});

test('random programs: equal twice, vertices after those that feed them, every operator once, edges only between heads and chains', () => {
  const seed = 20_261_120;
  const random = seededRandom(seed);
  for (let round = 0; round < 300; round += 1) {
    const transformations = randomProgram((bound) => random.nextInt(bound));
    const settings = { parallelism: 1 + random.nextInt(3) };
    const graph = compiled(transformations, settings);
    const again = compiled(transformations, settings);
    const place = `seed ${seed}, round ${round}`;
    assert.equal(JSON.stringify(graph), JSON.stringify(again), place);
    const seen = new Set<string>();
    for (const vertex of graph.vertices) {
      for (const edge of graph.edges.filter((one) => one.target === vertex.id)) assert.ok(seen.has(edge.source), place);
      seen.add(vertex.id);
      for (const [index, one] of vertex.operators.entries())
        assert.ok(index === 0 ? one.input === -1 : one.input < index && one.input >= 0, place);
    }
    const ids = graph.vertices.flatMap((vertex) => vertex.operators.map((one) => one.id));
    assert.equal(new Set(ids).size, ids.length, place);
    assert.equal(ids.length, transformations.filter((one) => one.kind === 'operator').length, place);
  }
});

function randomProgram(nextInt: (bound: number) => number): readonly Transformation[] {
  const transformations: Transformation[] = [operator(0, 'source', undefined)];
  while (transformations.length < 4 + nextInt(12)) {
    const id = transformations.length;
    const input = nextInt(id);
    const kind = nextInt(6);
    if (kind === 0) transformations.push(operator(id, 'source', undefined));
    else if (kind === 1) transformations.push({ kind: 'union', id, inputs: [input, nextInt(id)] });
    else if (kind === 2) transformations.push(partition(id, input, nextInt(2) === 0 ? 'hash' : 'rescale'));
    else transformations.push(operator(id, `o${id}`, input, nextInt(4) === 0 ? { parallelism: 1 + nextInt(3) } : {}));
  }
  return transformations;
}

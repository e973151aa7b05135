// Goal: the generated chain, the interpreted chain and back-pressure in any place make no difference to what any sink sees.
// Method: random trees of operators from a seed, run whole. The reference is the interpreter with sinks that never block; compared are the exact sequences of
// records, timestamps and watermarks at every sink, with generated code, with sinks that block at random, and with the tree cut into two tasks.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Random, seededRandom } from '@millrace/core/base/random';
import { SequenceSource } from '@millrace/streaming/builtin/sequence-source';
import type { OneInputOperator, OperatorContext, OperatorLogic, TwoInputOperator } from '@millrace/streaming/contract/operator';
import { WatermarkStrategy } from '@millrace/streaming/contract/watermark-strategy';
import { timestampsAndWatermarks } from '@millrace/streaming/operators/timestamps-and-watermarks';
import { type FixtureOperator, type FixtureVertex, runJob } from './fixture.test.ts';

const SEEDS = 40;
const RECORDS = 400;

/** Emits copies of a record, and of its last record for every watermark, suspending itself as O2 asks. */
class Repeater implements OneInputOperator {
  readonly #context: OperatorContext;
  readonly #copies: number;
  readonly #left: { record: unknown; timestamp: number; copies: number }[] = [];
  #last: unknown = 0;
  #holds = false;

  constructor(context: OperatorContext, copies: number) {
    this.#context = context;
    this.#copies = copies;
  }

  processElement(record: unknown): void {
    this.#last = record;
    this.#left.push({ record, timestamp: this.#context.flow.timestamp, copies: Math.abs(record as number) % (this.#copies + 1) });
    this.#emit();
  }

  processWatermark(timestamp: number): boolean {
    this.#left.push({ record: this.#last, timestamp, copies: this.#copies });
    return this.#emit();
  }

  finish(): boolean {
    this.#left.push({ record: 11, timestamp: 7, copies: 5 });
    return this.#emit();
  }

  resume(): boolean {
    if (this.#holds) {
      this.#holds = false;
      this.#context.flow.blocked -= 1;
    }
    return this.#emit();
  }

  #emit(): boolean {
    const { flow, output } = this.#context;
    if (this.#holds) return false;
    for (let first = this.#left[0]; first !== undefined; first = this.#left[0]) {
      if (first.copies === 0) {
        this.#left.shift();
        continue;
      }
      first.copies -= 1;
      flow.timestamp = first.timestamp;
      output.collect(first.record);
      if (first.record === 3) this.#context.sideOutput('threes')?.collect('three');
      if (flow.blocked > 0 && (first.copies > 0 || this.#left.length > 1)) {
        this.#holds = true;
        flow.blocked += 1;
        return false;
      }
    }
    return true;
  }
}

/** The same over two inputs, which it tells apart: second ones come out negative. */
class TwoInputRepeater extends Repeater implements TwoInputOperator {
  processElement1(record: unknown): void {
    this.processElement(record);
  }

  processElement2(record: unknown): void {
    this.processElement(-(record as number));
  }

  /** Which record was the last one hangs on the interleaving. */
  override processWatermark(): boolean {
    return true;
  }
}

type Seen = string[];

function sinkOf(seen: Seen, random: Random | undefined): OperatorLogic {
  const pause = () => (random !== undefined && random.nextInt(20) === 0 ? Promise.resolve() : undefined);
  return {
    kind: 'sink',
    sink: {
      createWriter: () => ({
        write: (record: unknown, context: { timestamp(): number | undefined }) => {
          seen.push(`${String(record)}@${context.timestamp()}`);
          return pause();
        },
        writeWatermark: (timestamp: number) => {
          seen.push(`watermark ${timestamp}`);
          return pause();
        },
        flush: (end: boolean) => {
          if (end) seen.push('end');
          return pause();
        },
        close: () => {},
      }),
    },
  };
}

function* countTo(n: number): Generator<number> {
  for (let i = 0; i < n; i++) yield n * 10 + i;
}

const STEPS: readonly ((parameter: number) => OperatorLogic)[] = [
  (p) => ({ kind: 'map', fn: (n) => (n as number) + p }),
  (p) => ({ kind: 'filter', fn: (n) => (n as number) % (p + 2) !== 0 }),
  (p) => ({ kind: 'flatMap', fn: (n) => Array.from({ length: (n as number) % (p + 1) }, () => n) }),
  (p) => ({ kind: 'flatMap', fn: (n) => countTo((n as number) % (p + 2)) }),
  (p) => ({ kind: 'operator', create: (context) => new Repeater(context, p) }),
  () => timestampsAndWatermarks(WatermarkStrategy.forBoundedOutOfOrderness('5 ms').withTimestampAssigner((n: number) => n)),
];

interface Tree {
  readonly operators: {
    name: string;
    make: (seen: Seen[], random: Random | undefined) => OperatorLogic;
    input: number;
    inputTag?: string;
  }[];
  readonly sinks: number;
}

function randomTree(random: Random): Tree {
  const operators: Tree['operators'] = [];
  let sinks = 0;
  const kinds: number[] = [];
  const steps = 1 + random.nextInt(8);
  for (let index = 0; index < steps; index++) {
    const kind = random.nextInt(STEPS.length);
    const parameter = 1 + random.nextInt(3);
    const logic = (STEPS[kind] as (typeof STEPS)[number])(parameter);
    // Names that a generator may stumble over.
    const name = ['record', 'step', 'function', 'record_1', 'a b"c', '`$x`', '*/'][random.nextInt(7)] as string;
    const input = index === 0 ? 0 : 1 + random.nextInt(index);
    kinds.push(kind);
    operators.push({ name, make: () => logic, input });
  }
  const fed = new Set(operators.map(({ input }) => input));
  const leaves = operators.map((_, index) => index + 1).filter((index) => !fed.has(index) || random.nextInt(4) === 0);
  for (const leaf of leaves) {
    const sink = sinks++;
    operators.push({ name: 'sink', make: (seen, blocks) => sinkOf(seen[sink] as Seen, blocks), input: leaf });
    if (kinds[leaf - 1] !== 4) continue;
    const side = sinks++;
    operators.push({ name: 'side', make: (seen, blocks) => sinkOf(seen[side] as Seen, blocks), input: leaf, inputTag: 'threes' });
  }
  return { operators, sinks };
}

interface Way {
  readonly generateCode: boolean;
  readonly blocks: Random | undefined;
  /** A network edge behind the source, so that the rest is a task of its own. */
  readonly cut: boolean;
}

async function sequencesOf(tree: Tree, way: Way): Promise<Seen[]> {
  const seen: Seen[] = Array.from({ length: tree.sinks }, () => []);
  const operators: FixtureOperator[] = tree.operators.map(({ name, make, input, inputTag }) => ({
    name,
    logic: make(seen, way.blocks),
    input,
    ...(inputTag === undefined ? {} : { inputTag }),
  }));
  const strategy = WatermarkStrategy.forMonotonousTimestamps().withTimestampAssigner((n: number) => n) as WatermarkStrategy<unknown>;
  const source: FixtureOperator = { name: 'source', logic: { kind: 'source', source: new SequenceSource(1, RECORDS), strategy } };
  const identity: FixtureOperator = { name: 'head', logic: { kind: 'map', fn: (n) => n }, input: -1 };
  const vertices: FixtureVertex[] = way.cut
    ? [{ operators: [source] }, { operators: [identity, ...operators] }]
    : [{ operators: [source, ...operators] }];
  const edges = way.cut ? [{ from: 0, to: 1, partitioner: 'forward' as const }] : [];
  const job = await runJob({ vertices, edges, configuration: { autoWatermarkRecords: 7 } }, { ports: { generateCode: way.generateCode } });
  assert.deepEqual(job.failures, []);
  return seen;
}

test('generated = interpreted, blocked = free, one task = two', async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const tree = randomTree(seededRandom(seed));
    const expected = await sequencesOf(tree, { generateCode: false, blocks: undefined, cut: false });
    for (const generateCode of [true, false]) {
      for (const blocks of [undefined, seededRandom(seed)]) {
        for (const cut of [false, true]) {
          const seen = await sequencesOf(tree, { generateCode, blocks, cut });
          assert.deepEqual(seen, expected, `seed ${seed}, generated ${generateCode}, blocking ${blocks !== undefined}, cut ${cut}`);
        }
      }
    }
  }
});

/** What each input sent, as the head passed it on, in its order; and what came of no record. There is no order between the inputs. */
function sidesOf(seen: Seen): { first: Seen; second: Seen; rest: Seen } {
  const isSecond = (each: string) => each.startsWith('-');
  const isRecord = (each: string) => !each.startsWith('watermark') && each !== 'end';
  return {
    first: seen.filter((each) => isRecord(each) && !isSecond(each)),
    second: seen.filter((each) => isRecord(each) && isSecond(each)),
    rest: seen.filter((each) => !isRecord(each)).slice(-2),
  };
}

async function twoInputSequences(seed: number, generateCode: boolean, blocks: Random | undefined): Promise<ReturnType<typeof sidesOf>[]> {
  const seen: Seen[] = [[], []];
  const noWatermarks = WatermarkStrategy.noWatermarks() as WatermarkStrategy<unknown>;
  const sourceOf = (from: number): FixtureVertex => ({
    operators: [{ name: 'source', logic: { kind: 'source', source: new SequenceSource(from, from + RECORDS), strategy: noWatermarks } }],
  });
  const copies = 1 + (seed % 4);
  const head: FixtureOperator = {
    name: 'record',
    input: -1,
    logic: { kind: 'twoInput', create: (context) => new TwoInputRepeater(context, copies) },
  };
  const behind: FixtureOperator[] = [
    { name: 'step', logic: { kind: 'flatMap', fn: (n) => [n, n] }, input: 0 },
    { name: 'sink', logic: sinkOf(seen[0] as Seen, blocks), input: 1 },
    { name: 'side', logic: sinkOf(seen[1] as Seen, blocks), input: 0, inputTag: 'threes' },
  ];
  const vertices: FixtureVertex[] = [sourceOf(1), sourceOf(1000), { operators: [head, ...behind] }];
  const edges = [
    { from: 0, to: 2, partitioner: 'forward' as const },
    { from: 1, to: 2, partitioner: 'forward' as const, inputIndex: 1 as const },
  ];
  const job = await runJob({ vertices, edges }, { ports: { generateCode } });
  assert.deepEqual(job.failures, []);
  return seen.map(sidesOf);
}

test('a head with two inputs: generated = interpreted, blocked = free', async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const expected = await twoInputSequences(seed, false, undefined);
    assert.ok(
      (expected[0]?.first.length ?? 0) > RECORDS / 2 && (expected[0]?.second.length ?? 0) > RECORDS / 2,
      `seed ${seed}: both inputs came through`,
    );
    for (const generateCode of [true, false]) {
      const seen = await twoInputSequences(seed, generateCode, seededRandom(seed));
      assert.deepEqual(seen, expected, `seed ${seed}, generated ${generateCode}`);
    }
  }
});

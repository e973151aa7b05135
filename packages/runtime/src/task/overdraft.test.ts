// Goal: an operator that emits far more at once than its channels take loses nothing, keeps the order, and keeps to its memory. Method: one call that emits
// many times the cap over a ring; the spill counts what it holds.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SequenceSource } from '@millrace/streaming/builtin/sequence-source';
import { asyncWaitOperator } from '@millrace/streaming/operators/async-wait-operator';
import type { OperatorLogic } from '@millrace/streaming/contract/operator';
import { WatermarkStrategy } from '@millrace/streaming/contract/watermark-strategy';
import { SEGMENT_BYTES } from '../memory/segment.ts';
import type { SpillSink } from '../network/overdraft.ts';
import { RunningJob, runJob } from './fixture.test.ts';
import { openSpillFile } from './node/spill-files.ts';

const COUNT = 100_000; // some 1.4 MB in a ring of 128 KiB
const CAP_BYTES = 4 * SEGMENT_BYTES;

const source: OperatorLogic = { kind: 'source', source: new SequenceSource(1, 2), strategy: WatermarkStrategy.noWatermarks() };

/** Emits COUNT numbers for each record, in one call and without asking anybody. */
const burst: OperatorLogic = {
  kind: 'operator',
  create: ({ output }) => ({
    processElement(record: unknown) {
      for (let n = 0; n < COUNT; n++) output.collect((record as number) * COUNT + n);
    },
  }),
};

/** Real files that are counted. */
function countedSpills() {
  const counts = { opened: 0, closed: 0, held: 0, most: 0 };
  const open = (name: string): SpillSink => {
    const file = openSpillFile(name);
    counts.opened += 1;
    return {
      append(segment) {
        file.append(segment);
        counts.most = Math.max(counts.most, ++counts.held);
      },
      take(target) {
        file.take(target);
        counts.held -= 1;
      },
      close() {
        file.close();
        counts.closed += 1;
      },
    };
  };
  return { counts, open };
}

for (const generateCode of [true, false]) {
  test(`what an operator emits beyond the cap goes through a file, ${generateCode ? 'generated' : 'interpreted'}`, async () => {
    const received: number[] = [];
    const sink: OperatorLogic = {
      kind: 'sink',
      sink: { createWriter: () => ({ write: (n: unknown) => void received.push(n as number), flush() {}, close() {} }) },
    };
    const { counts, open } = countedSpills();
    const vertices = [
      {
        operators: [
          { name: 'numbers', logic: source },
          { name: 'burst', logic: burst },
        ],
      },
      { parallelism: 2, operators: [{ name: 'sink', logic: sink }] },
    ];
    const partition = () => 1; // the consumer in the other slot
    const edges = [{ from: 0, to: 1, partitioner: 'custom', keySelector: (n: unknown) => n, partition } as const];
    const ports = { generateCode, overdraftMemoryBytes: CAP_BYTES, openSpill: open };
    const job = await runJob({ vertices, edges }, { slots: 2, ports });
    assert.deepEqual(job.failures, []);
    assert.deepEqual(
      received,
      [1, 2].flatMap((record) => Array.from({ length: COUNT }, (_, n) => record * COUNT + n)),
    );
    assert.ok(counts.most > CAP_BYTES / SEGMENT_BYTES, `the files held at most ${counts.most} segments`);
    assert.equal(counts.held, 0);
    assert.equal(counts.opened, counts.closed);
  });
}

const FEW = 20_000;
const burstOfFew: OperatorLogic = {
  kind: 'operator',
  create: ({ output }) => ({
    processElement(record: unknown) {
      for (let n = 0; n < FEW; n++) output.collect((record as number) * FEW + n);
    },
  }),
};

/** Answers in the next microtask. */
const asks = asyncWaitOperator({
  isOrdered: true,
  capacity: 8,
  timeoutMs: 0,
  retry: undefined,
  create: () => ({ call: { name: 'asks', givesPromise: true, invoke: (n) => Promise.resolve(n), timeout: undefined }, life: {} }),
  runtimeContext: () => undefined,
});

type Place = readonly [
  name: string,
  behind: readonly (readonly [name: string, logic: OperatorLogic])[],
  isChained: boolean,
  isAsync: boolean,
];
const passes = (n: unknown) => new Set([n]); // no array: an iterator that waits
const PLACES: readonly Place[] = [
  ['a task of the same slot', [], false, false],
  ['a slow sink in the chain', [], true, true],
  ['a flatMap in the chain that waits for its sink', [['passes', { kind: 'flatMap', fn: passes }]], true, true],
  ['an asynchronous operator in the chain', [['asks', asks]], true, false],
];

for (const [place, behind, isChained, isAsync] of PLACES) {
  for (const generateCode of [true, false]) {
    test(`what ${place} cannot take yet goes through a file, ${generateCode ? 'generated' : 'interpreted'}`, async () => {
      const received: number[] = [];
      const write = (n: unknown) => {
        received.push(n as number);
        return isAsync && received.length % 64 === 0 ? Promise.resolve() : undefined;
      };
      const sink: OperatorLogic = { kind: 'sink', sink: { createWriter: () => ({ write, flush() {}, close() {} }) } };
      const { counts, open } = countedSpills();
      const first = [
        { name: 'numbers', logic: source },
        { name: 'burst', logic: burstOfFew },
      ];
      const rest = [...behind, ['sink', sink] as const].map(([name, logic]) => ({ name, logic }));
      const chained = [...first, ...rest].map((operator, index) => ({ ...operator, input: index - 1 }));
      const vertices = isChained ? [{ operators: chained }] : [{ operators: first }, { operators: rest }];
      const edges = isChained ? [] : [{ from: 0, to: 1, partitioner: 'forward' } as const];
      const ports = { generateCode, overdraftMemoryBytes: 16 * 1024, openSpill: open };
      const job = await runJob({ vertices, edges }, { slots: 1, ports });
      assert.deepEqual(job.failures, []);
      assert.deepEqual(
        received,
        [1, 2].flatMap((record) => Array.from({ length: FEW }, (_, n) => record * FEW + n)),
      );
      assert.ok(counts.opened > 0, 'everything stayed in memory');
      assert.equal(counts.held, 0);
      assert.equal(counts.opened, counts.closed);
    });
  }
}

for (const end of ['fails', 'is canceled'] as const) {
  test(`a job that ${end} with overdraft in files leaves none open`, async () => {
    const { counts, open } = countedSpills();
    let spilled = () => {};
    const hasSpilled = new Promise<void>((resolve) => (spilled = resolve));
    const opens = (name: string) => {
      spilled();
      return open(name);
    };
    const never = new Promise<void>(() => {});
    const failing = () =>
      hasSpilled.then(() => {
        throw new Error('the disk of the sink is gone');
      });
    const write = end === 'fails' ? failing : () => never;
    const sink: OperatorLogic = { kind: 'sink', sink: { createWriter: () => ({ write, flush() {}, close() {} }) } };
    const first = [
      { name: 'numbers', logic: source },
      { name: 'burst', logic: burst },
    ];
    const vertices = [
      { operators: [...first, { name: 'chained', logic: sink, input: 1 }] },
      { operators: [{ name: 'near', logic: sink }] },
      { parallelism: 2, operators: [{ name: 'far', logic: sink }] },
    ];
    const edges = [
      { from: 0, to: 1, partitioner: 'forward', sourceOperator: 1 } as const,
      { from: 0, to: 2, partitioner: 'rebalance', sourceOperator: 1 } as const,
    ];
    const job = new RunningJob({ vertices, edges }, { slots: 2, ports: { overdraftMemoryBytes: CAP_BYTES, openSpill: opens } }).start();
    await hasSpilled;
    if (end === 'is canceled') job.cancel();
    await job.result();
    assert.ok(counts.opened > 0);
    assert.equal(counts.opened, counts.closed);
  });
}

test('below the cap no file is opened', async () => {
  const { counts, open } = countedSpills();
  const sink: OperatorLogic = { kind: 'sink', sink: { createWriter: () => ({ write() {}, flush() {}, close() {} }) } };
  const vertices = [
    {
      operators: [
        { name: 'numbers', logic: source },
        { name: 'burst', logic: burst },
      ],
    },
    { parallelism: 2, operators: [{ name: 'sink', logic: sink }] },
  ];
  const edges = [{ from: 0, to: 1, partitioner: 'rebalance' } as const];
  await runJob({ vertices, edges }, { slots: 2, ports: { openSpill: open } });
  assert.equal(counts.opened, 0);
});

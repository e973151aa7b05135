// Goal: an operator that emits far more at once than its channels take loses nothing, keeps the order, and keeps to its memory. Method: one call that emits
// many times the cap over a ring; the spill counts what it holds.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SequenceSource } from '@millrace/streaming/builtin/sequence-source';
import type { OperatorLogic } from '@millrace/streaming/contract/operator';
import { WatermarkStrategy } from '@millrace/streaming/contract/watermark-strategy';
import { SEGMENT_BYTES } from '../memory/segment.ts';
import type { SpillSink } from '../network/overdraft.ts';
import { runJob } from './fixture.test.ts';
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

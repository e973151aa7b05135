// Goal: where a source's watermarks stand (architecture D15) and what its splits do to them. Method: outputs called by hand; expected is the order of records and
// control elements that the chain sees.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SequenceSource } from '@millrace/streaming/builtin/sequence-source';
import type { OperatorLogic } from '@millrace/streaming/contract/operator';
import { type WatermarkGenerator, WatermarkStrategy } from '@millrace/streaming/contract/watermark-strategy';
import { timestampsAndWatermarks } from '@millrace/streaming/operators/timestamps-and-watermarks';
import { type ControlElement, QUEUED_WATERMARK } from './control-element.ts';
import { runJob } from './fixture.test.ts';
import { Flow } from './flow.ts';
import { SourceWatermarks } from './source-watermarks.ts';
import { SplitOutput } from './split-output.ts';

class PlainOutput extends SplitOutput {
  collect(_record: unknown, timestamp = 0): void {
    if (this.isIdle) this.markActive();
    if (timestamp > this.greatest) this.greatest = timestamp;
    this.records += 1;
    if (this.records === this.everyRecords) this.endPeriod();
  }
}

function outputsOf(strategy: WatermarkStrategy<unknown>, clockMayEmitWatermarks = false) {
  const told: string[] = [];
  const control = ({ kind, value }: ControlElement) =>
    void told.push(kind === QUEUED_WATERMARK ? `w${value}` : value === 1 ? 'idle' : 'active');
  const settings = { autoWatermarkRecords: 1, autoWatermarkIntervalMs: 200, clockMayEmitWatermarks };
  const outputs = new SourceWatermarks({ flow: new Flow(), strategy, settings, outputClass: PlainOutput, control });
  return { outputs, told: () => told.splice(0) };
}

test('several splits: the least of the active ones; a split without a record holds back, one that is gone does not', () => {
  const { outputs, told } = outputsOf(WatermarkStrategy.forMonotonousTimestamps());
  const a = outputs.createOutputForSplit('a');
  a.collect('x', 100);
  assert.deepEqual(told(), ['w99']);
  const b = outputs.createOutputForSplit('b');
  a.collect('x', 200);
  assert.deepEqual(told(), []);
  b.collect('x', 150);
  assert.deepEqual(told(), ['w149']);
  outputs.releaseOutputForSplit('b');
  assert.deepEqual(told(), ['w199']);
  outputs.releaseOutputForSplit('a');
  assert.deepEqual(told(), [], 'without a split there is no watermark');
  outputs.createOutputForSplit('c');
  assert.throws(() => outputs.createOutputForSplit('c'), /second output for split 'c'/);
});

test('idleness counts silent time of a split, and ends with its next record', () => {
  const { outputs, told } = outputsOf(WatermarkStrategy.forMonotonousTimestamps().withIdleness('1 s'));
  const a = outputs.createOutputForSplit('a');
  const b = outputs.createOutputForSplit('b');
  a.collect('x', 100);
  outputs.elapse(600, false);
  a.collect('x', 200);
  outputs.elapse(600, false);
  assert.deepEqual(told(), ['w199'], 'b is silent for 1.2 s');
  outputs.elapse(1000, true);
  assert.deepEqual(told(), ['idle']);
  b.collect('x', 250);
  assert.deepEqual(told(), ['active', 'w249']);
});

test('the clock emits only where it may, and only while there is nothing to read', () => {
  const strategy = WatermarkStrategy.forGenerator<unknown>(() => counting());
  const bounded = outputsOf(strategy);
  bounded.outputs.createOutputForSplit('a');
  bounded.outputs.elapse(10_000, true);
  assert.deepEqual(bounded.told(), []);
  const unbounded = outputsOf(strategy, true);
  unbounded.outputs.createOutputForSplit('a');
  unbounded.outputs.elapse(10_000, false);
  assert.deepEqual(unbounded.told(), []);
  assert.equal(unbounded.outputs.elapse(150, true), 50);
  unbounded.outputs.elapse(50, true);
  assert.deepEqual(unbounded.told(), ['w1']);
});

function counting(): WatermarkGenerator<unknown> {
  let emitted = 0;
  return { onEvent() {}, onPeriodicEmit: (output) => output.emitWatermark(++emitted) };
}

for (const where of ['source', 'operator'] as const) {
  test(`a watermark stands after every third record, the same with generated code (${where})`, async () => {
    const strategy = WatermarkStrategy.forBoundedOutOfOrderness('1 ms').withTimestampAssigner(
      (n: number) => n * 10,
    ) as WatermarkStrategy<unknown>;
    const atSource = where === 'source' ? strategy : WatermarkStrategy.noWatermarks();
    const source: OperatorLogic = { kind: 'source', source: new SequenceSource(1, 7), strategy: atSource };
    const middle = where === 'source' ? [] : [{ name: 'assign', logic: timestampsAndWatermarks(strategy) }];
    for (const generateCode of [true, false]) {
      const seen: string[] = [];
      const sink: OperatorLogic = {
        kind: 'sink',
        sink: {
          createWriter: () => ({
            write: (n, context) => void seen.push(`${String(n)}@${context.timestamp()}`),
            writeWatermark: (timestamp) => void seen.push(`w${timestamp}`),
            flush() {},
            close() {},
          }),
        },
      };
      const vertices = [{ operators: [{ name: 'numbers', logic: source }, ...middle, { name: 'sink', logic: sink }] }];
      await runJob({ vertices, configuration: { autoWatermarkRecords: 3 } }, { ports: { generateCode } });
      const expected = ['1@10', '2@20', '3@30', 'w28', '4@40', '5@50', '6@60', 'w58', '7@70', `w${Number.MAX_SAFE_INTEGER}`];
      assert.deepEqual(seen, expected);
    }
  });
}

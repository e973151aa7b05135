// Goal: where a source's watermarks stand (architecture D15) and what its splits do to them. Method: outputs called by hand; expected is the order of records and
// control elements that the chain sees.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SequenceSource } from '@millrace/streaming/builtin/sequence-source';
import type { OperatorLogic } from '@millrace/streaming/contract/operator';
import type { ReaderOutput, SourceReaderContext } from '@millrace/streaming/contract/source';
import { type WatermarkGenerator, WatermarkStrategy } from '@millrace/streaming/contract/watermark-strategy';
import { timestampsAndWatermarks } from '@millrace/streaming/operators/timestamps-and-watermarks';
import { type ControlElement, QUEUED_WATERMARK } from './control-element.ts';
import { runJob } from './fixture.test.ts';
import { Flow } from './flow.ts';
import { SourceWatermarks } from './source-watermarks.ts';
import { SplitOutput } from './split-output.ts';
import { SplitTimes } from './split-times.ts';

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
  const settings = { autoWatermarkRecords: 1, autoWatermarkIntervalMs: 200, clockMayEmitWatermarks, isBatch: false };
  const outputs = new SourceWatermarks({ flow: new Flow(), strategy, settings, outputClass: PlainOutput, control, sides: new Map() });
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

/** Numbers, of which the reader puts the even ones aside. */
class OddSource extends SequenceSource {
  override createReader(context: SourceReaderContext) {
    const reader = super.createReader(context);
    const pollNext = reader.pollNext.bind(reader);
    reader.pollNext = (output) => pollNext(oddOnly(output));
    return reader;
  }
}

function oddOnly(output: ReaderOutput<number>): ReaderOutput<number> {
  const createOutputForSplit = (id: string) => {
    const split = output.createOutputForSplit(id);
    const collect = split.collect.bind(split);
    split.collect = (n, timestamp) => (n % 2 === 0 ? output.sideOutput?.('even', n) : collect(n, timestamp));
    return split;
  };
  return new Proxy(output, {
    get(target, name) {
      if (name === 'createOutputForSplit') return createOutputForSplit;
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

test('what a source puts aside reaches who reads the tag, chained or over an edge, without a time, and nobody else', async () => {
  const source: OperatorLogic = { kind: 'source', source: new OddSource(1, 4), strategy: WatermarkStrategy.noWatermarks() };
  for (const generateCode of [true, false]) {
    const seen: Record<string, string[]> = { main: [], chained: [], edge: [] };
    const sink = (name: string): OperatorLogic => ({
      kind: 'sink',
      sink: {
        createWriter: () => ({
          write: (n, context) => void seen[name]?.push(`${String(n)}@${context.timestamp()}`),
          flush() {},
          close() {},
        }),
      },
    });
    const numbers = { name: 'numbers', logic: source };
    const head = [
      numbers,
      { name: 'main', logic: sink('main'), input: 0 },
      { name: 'chained', logic: sink('chained'), input: 0, inputTag: 'even' },
    ];
    const vertices = [{ operators: head }, { operators: [{ name: 'edge', logic: sink('edge') }] }];
    const edges = [{ from: 0, to: 1, partitioner: 'forward', sourceOperator: 0, sourceTag: 'even' } as const];
    await runJob({ vertices, edges }, { ports: { generateCode } });
    const none = 'undefined';
    assert.deepEqual(seen, { main: [`1@${none}`, `3@${none}`], chained: [`2@${none}`, `4@${none}`], edge: [`2@${none}`, `4@${none}`] });
  }
});

test('the time of each split is that of the state it is in: active, paused by its group, idle', () => {
  let nowMs = 1_000;
  const outputs = new SourceWatermarks({
    flow: new Flow(),
    strategy: WatermarkStrategy.forMonotonousTimestamps(),
    settings: { autoWatermarkRecords: 1, autoWatermarkIntervalMs: 200, clockMayEmitWatermarks: false, isBatch: false },
    outputClass: PlainOutput,
    control() {},
    sides: new Map(),
    splitTimes: new SplitTimes(() => nowMs),
  });
  const a = outputs.createOutputForSplit('a');
  nowMs += 5;
  outputs.createOutputForSplit('b');
  nowMs += 7;
  a.markIdle();
  nowMs += 11;
  outputs.pausedSplits = new Set(['a']);
  nowMs += 13;
  a.markActive(); // paused all the same
  outputs.isHeld = true;
  nowMs += 17;
  outputs.isHeld = false;
  outputs.pausedSplits = new Set();
  nowMs += 19;
  assert.deepEqual(outputs.splitFigures(), [
    { splitId: 'a', activeMs: 5 + 7 + 19, pausedMs: 13 + 17, idleMs: 11 },
    { splitId: 'b', activeMs: 7 + 11 + 13 + 19, pausedMs: 17, idleMs: 0 },
  ]);
  outputs.releaseOutputForSplit('a');
  assert.deepEqual(
    outputs.splitFigures().map(({ splitId }) => splitId),
    ['b'],
  );
});

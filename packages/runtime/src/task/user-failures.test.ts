// Goal: whatever a user's function does wrong gives one clear message. Method: small jobs that fail, generated and interpreted, and the text of their failure.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SequenceSource } from '@millrace/streaming/builtin/sequence-source';
import type { OperatorLogic } from '@millrace/streaming/contract/operator';
import type { ReaderOutput, Source } from '@millrace/streaming/contract/source';
import { WatermarkStrategy } from '@millrace/streaming/contract/watermark-strategy';
import { type FixtureEdge, type FixtureOperator, type FixtureVertex, RunningJob, runJob } from './fixture.test.ts';

const NUMBERS: FixtureOperator = {
  name: 'numbers',
  logic: { kind: 'source', source: new SequenceSource(1, 5), strategy: WatermarkStrategy.noWatermarks() },
};
const SINK: FixtureOperator = {
  name: 'sink',
  logic: { kind: 'sink', sink: { createWriter: () => ({ write() {}, flush() {}, close() {} }) } },
};

async function messageOf(
  operators: readonly FixtureOperator[],
  edges: readonly FixtureEdge[] = [],
  more: readonly FixtureVertex[] = [],
): Promise<string> {
  const messages: string[] = [];
  for (const generateCode of [true, false]) {
    const job = await runJob({ vertices: [{ operators }, ...more], edges }, { ports: { generateCode } });
    assert.equal(job.failures[0]?.kind, 'user-code');
    messages.push((job.failures[0] as { message: string }).message.replace(/ at \S+user-failures\.test\.[jt]s:\d+:\d+/, ' at <position>'));
  }
  assert.equal(messages[0], messages[1], 'generated and interpreted code say the same');
  return messages[0] as string;
}

function messageOfStep(logic: OperatorLogic, uid?: string): Promise<string> {
  return messageOf([NUMBERS, { name: 'step', logic, ...(uid === undefined ? {} : { uid }) }, SINK]);
}

const fails = () => {
  throw new TypeError('no such field');
};

test('a map that throws is named with uid, subtask, position and record', async () => {
  const message = await messageOfStep({ kind: 'map', fn: (n) => (n === 3 ? fails() : n) }, 'my-uid');
  assert.equal(message, "Operator 'step' (uid my-uid), subtask 1/1, failed at <position>: TypeError: no such field. Record: 3");
});

test('the position is that of the source file', async () => {
  const job = await runJob({ vertices: [{ operators: [NUMBERS, { name: 'step', logic: { kind: 'filter', fn: fails } }, SINK] }] });
  assert.match(job.failures[0]?.message ?? '', /task\/user-failures\.test\.[jt]s:\d+:\d+/);
  assert.equal(job.failures[0]?.cause?.name, 'TypeError');
});

test('what a chained step emits is checked against the declared type, as if it crossed an edge', async () => {
  const inputType = { kind: 'row', fields: [{ name: 'n', type: { kind: 'int' } }] } as const;
  const wrap: FixtureOperator = { name: 'wrap', logic: { kind: 'map', fn: (n) => ({ n: n === 3 ? 'three' : n }) } };
  const chained = await messageOf([NUMBERS, wrap, { ...SINK, inputType }]);
  assert.equal(
    chained,
    `Operator 'wrap', subtask 1/1, failed: The value at $.n cannot be written as ROW<n INT>: it is the string "three". ` +
      'Declared is INT, which takes whole numbers from -2147483648 to 2147483647. Record: 3',
  );
  const undeclared = await runJob({ vertices: [{ operators: [NUMBERS, wrap, SINK] }] });
  assert.deepEqual(undeclared.failures, []);
});

test('a step after others is named with the record that it got itself', async () => {
  const toObject: FixtureOperator = { name: 'wrap', logic: { kind: 'map', fn: (n) => ({ n, text: 'x'.repeat(200) }) } };
  const message = await messageOf([NUMBERS, toObject, { name: 'step', logic: { kind: 'flatMap', fn: fails } }, SINK]);
  assert.match(
    message,
    /^Operator 'step', subtask 1\/1, failed at <position>: TypeError: no such field\. Record: \{"n":1,"text":"x{80}"…\}$/,
  );
});

test('a map that returns undefined', async () => {
  const message = await messageOfStep({ kind: 'map', fn: () => undefined });
  assert.equal(
    message,
    "Operator 'step', subtask 1/1, failed: map returned undefined. It must return exactly one record; use filter or flatMap to emit none. Record: 1",
  );
});

for (const kind of ['map', 'filter', 'flatMap'] as const) {
  test(`a ${kind} that returns a promise`, async () => {
    const message = await messageOfStep({ kind, fn: async (n) => n });
    assert.match(
      message,
      /^Operator 'step', subtask 1\/1, failed: it returned a promise\. Functions in the record path are synchronous; .*AsyncDataStream/,
    );
  });
}

test('a flatMap that returns a string, null, or a number', async () => {
  assert.match(
    await messageOfStep({ kind: 'flatMap', fn: () => 'letters' }),
    /the string "letters", which would be emitted letter by letter/,
  );
  assert.match(await messageOfStep({ kind: 'flatMap', fn: () => null }), /flatMap returned null\. Return an iterable/);
  assert.match(await messageOfStep({ kind: 'flatMap', fn: () => 5 }), /flatMap returned a value of type number\. Return an iterable/);
});

test('a generator that throws half way', async () => {
  const message = await messageOfStep({
    kind: 'flatMap',
    fn: function* (n) {
      yield n;
      fails();
    },
  });
  assert.match(message, /^Operator 'step', subtask 1\/1, failed at <position>: TypeError: no such field\. Record: 1$/);
});

test('a record that cannot be restored is refused on a chained edge, with the path to it', async () => {
  const message = await messageOfStep({ kind: 'map', fn: (n) => ({ inner: { callback: () => n } }) });
  assert.match(message, /Operator 'step', subtask 1\/1, failed/);
  assert.match(message, /inner\.callback/);
  assert.match(await messageOfStep({ kind: 'flatMap', fn: () => [Symbol('s')] }), /ymbol/);
});

test('a key selector that throws, at every parallelism', async () => {
  for (const parallelism of [1, 2]) {
    const message = await messageOf(
      [NUMBERS],
      [{ from: 0, to: 1, partitioner: 'hash', keySelector: fails }],
      [{ operators: [SINK], parallelism }],
    );
    assert.equal(message, "Operator 'hash behind numbers', subtask 1/1, failed at <position>: TypeError: no such field. Record: 1");
  }
});

test('a custom partitioner that leaves the range', async () => {
  for (const chosen of [2, -1, 0.5, Number.NaN, undefined]) {
    const edge: FixtureEdge = { from: 0, to: 1, partitioner: 'custom', keySelector: (n) => n, partition: () => chosen as number };
    const message = await messageOf([NUMBERS], [edge], [{ operators: [SINK], parallelism: 2 }]);
    assert.match(message, /partitionCustom gave (2|-1|0\.5|NaN|undefined)\. Return a whole number from 0 to 1\./);
  }
});

test('timestamps that are none', async () => {
  for (const timestamp of [Number.NaN, 0.5, 2 ** 53, Number.POSITIVE_INFINITY, '7' as unknown as number]) {
    const strategy = WatermarkStrategy.noWatermarks<unknown>().withTimestampAssigner(() => timestamp);
    const message = await messageOf([{ name: 'numbers', logic: { kind: 'source', source: new SequenceSource(1, 5), strategy } }, SINK]);
    assert.match(
      message,
      /^Operator 'numbers', subtask 1\/1, failed: The timestamp of a record of split 0 is .*\. A timestamp is a safe integer/,
    );
    assert.match(message, /Record: 1$/);
  }
});

test('a sink that throws or rejects', async () => {
  const throwing: FixtureOperator = {
    name: 'out',
    logic: { kind: 'sink', sink: { createWriter: () => ({ write: fails, flush() {}, close() {} }) } },
  };
  assert.equal(
    await messageOf([NUMBERS, throwing]),
    "Operator 'out', subtask 1/1, failed at <position>: TypeError: no such field. Record: 1",
  );
  const rejecting: FixtureOperator = {
    name: 'out',
    logic: {
      kind: 'sink',
      sink: { createWriter: () => ({ write: async (n: unknown) => (n === 2 ? fails() : undefined), flush() {}, close() {} }) },
    },
  };
  assert.equal(
    await messageOf([NUMBERS, rejecting]),
    "Operator 'out', subtask 1/1, failed at <position>: TypeError: no such field. Record: 2",
  );
});

for (const method of ['open', 'finish', 'flush', 'processWatermark'] as const) {
  test(`an operator whose ${method} throws is named`, async () => {
    const logic: OperatorLogic = { kind: 'operator', create: () => ({ processElement() {}, [method]: fails }) };
    assert.equal(await messageOfStep(logic), "Operator 'step', subtask 1/1, failed at <position>: TypeError: no such field.");
  });
}

test('a reader that throws, and one that rejects while it waits', async () => {
  for (const waits of [false, true]) {
    const source = failingSource(waits);
    const message = await messageOf([
      { name: 'broken', logic: { kind: 'source', source, strategy: WatermarkStrategy.noWatermarks() } },
      SINK,
    ]);
    assert.equal(message, "Operator 'broken', subtask 1/1, failed at <position>: TypeError: no such field.");
  }
});

test('freeze-records finds the function that changes what it was given', async () => {
  const change = (record: unknown) => {
    (record as { n: number }).n += 1;
    return record;
  };
  const operators = [
    NUMBERS,
    { name: 'wrap', logic: { kind: 'map', fn: (n: unknown) => ({ n }) } as const },
    { name: 'change', logic: { kind: 'map', fn: change } as const },
    SINK,
  ];
  for (const generateCode of [true, false]) {
    const job = await runJob({ vertices: [{ operators }], configuration: { freezeRecords: true } }, { ports: { generateCode } });
    assert.match(job.failures[0]?.message ?? '', /Operator 'change'.*Cannot assign to read only property 'n'.*Record: \{"n":1\}/);
  }
});

test('what is thrown that is no error', async () => {
  const message = await messageOfStep({
    kind: 'map',
    fn: () => {
      throw { code: 7 };
    },
  });
  assert.equal(message, 'Operator \'step\', subtask 1/1, failed: it threw {"code":7}. Record: 1');
});

test('a program that cannot be bound fails every task', async () => {
  const job = new RunningJob(
    { vertices: [{ operators: [NUMBERS, SINK] }] },
    { ports: { bind: () => Promise.reject(new Error('the graph differs')) } },
  ).start();
  await job.result();
  assert.equal(job.failures[0]?.message, 'the graph differs');
});

function failingSource(waits: boolean): Source<unknown> {
  return {
    ...(new SequenceSource(1, 5) as unknown as Source<unknown>),
    getBoundedness: () => 'BOUNDED',
    createEnumerator: () => ({
      start() {},
      handleSplitRequest() {},
      addSplitsBack() {},
      addReader() {},
      snapshotState: () => undefined,
      close() {},
    }),
    createReader: () => ({
      start() {},
      pollNext: (_output: ReaderOutput<unknown>) => (waits ? 'NOTHING_AVAILABLE' : fails()),
      isAvailable: async () => fails(),
      addSplits() {},
      notifyNoMoreSplits() {},
      snapshotState: () => [],
      close() {},
    }),
  };
}

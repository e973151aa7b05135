import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Types } from '@millrace/core/types/types';
import type { Sink, SinkContext, WriterInitContext } from '../contract/sink.ts';
import { CollectSink, decodeCollected } from './collect-sink.ts';
import { jsonTextOf } from './json-text.ts';
import { PrintSink } from './print-sink.ts';

const context = {} as SinkContext;

async function run<T>(
  sink: Sink<T>,
  records: readonly T[],
  subtask = 0,
  parallelism = 1,
): Promise<{ printed: string[]; sent: Uint8Array[] }> {
  const printed: string[] = [];
  const sent: Uint8Array[] = [];
  const init = {
    getRuntimeContext: () => ({ getIndexOfThisSubtask: () => subtask, getNumberOfParallelSubtasks: () => parallelism }),
    standardStreams: {
      write: (stream: string, text: string) => {
        printed.push(`${stream}:${text}`);
      },
    },
    sendToClient: async (bytes: Uint8Array) => {
      sent.push(bytes);
    },
  } as unknown as WriterInitContext;
  const writer = await sink.createWriter(init);
  for (const record of records) await writer.write(record, context);
  await writer.flush(true);
  await writer.close();
  return { printed, sent };
}

describe('PrintSink', () => {
  it('puts identifier and subtask in front as rule 20 says', async () => {
    const line = async (id: string | undefined, subtask: number, parallelism: number) =>
      (await run(new PrintSink(id), ['x'], subtask, parallelism)).printed.join('');
    assert.deepEqual(await Promise.all([line(undefined, 0, 1), line('id', 0, 1), line(undefined, 2, 3), line('id', 2, 3)]), [
      'stdout:x\n',
      'stdout:id> x\n',
      'stdout:3> x\n',
      'stdout:id:3> x\n',
    ]);
  });

  it('writes batches, text as it is and all else as JSON, to the stream asked for', async () => {
    assert.deepEqual((await run(new PrintSink('e', 'stderr'), ['a "b"', { z: 1, a: [1, null] }, 5, null])).printed, [
      'stderr:e> a "b"\ne> {"z":1,"a":[1,null]}\ne> 5\ne> null\n',
    ]);
    const many = await run(
      new PrintSink(),
      Array.from({ length: 20_000 }, (_, n) => n),
    );
    assert.ok(many.printed.length < 10);
    assert.equal(many.printed.join('').replaceAll('stdout:', ''), Array.from({ length: 20_000 }, (_, n) => `${n}\n`).join(''));
    assert.deepEqual((await run(new PrintSink(), [])).printed, []);
  });
});

describe('jsonTextOf', () => {
  const cases: readonly (readonly [value: unknown, text: string])[] = [
    [{ b: 1, a: 'x' }, '{"b":1,"a":"x"}'],
    [{ n: Number.NaN, i: [Number.POSITIVE_INFINITY, -0] }, '{"n":"NaN","i":["Infinity",0]}'],
    [12345678901234567890n, '12345678901234567890'],
    [{ at: new Date(0), bad: new Date(Number.NaN) }, '{"at":"1970-01-01T00:00:00.000Z","bad":null}'],
    [
      new Map<unknown, unknown>([
        ['k', 1n],
        [{ a: 1 }, null],
      ]),
      '[["k",1],[{"a":1},null]]',
    ],
    [{ set: new Set([1, 'x']) }, '{"set":[1,"x"]}'],
    [{ bytes: new Uint8Array([0, 255, 16]), floats: new Float64Array([1.5, Number.NaN]) }, '{"bytes":"AP8Q","floats":[1.5,"NaN"]}'],
    [{ gone: undefined, kept: null, list: [undefined] }, '{"kept":null,"list":[null]}'],
    [undefined, 'null'],
    ['line\nbreak "quoted" \ud800', '"line\\nbreak \\"quoted\\" \\ud800"'],
    [{ toJSON: 'a field' }, '{"toJSON":"a field"}'],
  ];
  for (const [value, text] of cases) it(text, () => assert.equal(jsonTextOf(value), text));
  it('writes long bytes in pieces that join', () => {
    const bytes = Uint8Array.from({ length: 50_000 }, (_, n) => n % 251);
    assert.equal(jsonTextOf(bytes), `"${Buffer.from(bytes).toString('base64')}"`);
  });
});

describe('CollectSink', () => {
  it('sends batches that are decoded each by itself, in any order', async () => {
    const records = Array.from({ length: 10_000 }, (_, n) => (n % 3 === 0 ? { n } : { n, text: `record ${n}` }));
    const { sent } = await run(new CollectSink<(typeof records)[number]>(), records);
    assert.ok(sent.length > 1);
    const decoded = sent.toReversed().flatMap((bytes) => decodeCollected<(typeof records)[number]>(undefined, bytes));
    assert.deepEqual(
      decoded.sort((a, b) => a.n - b.n),
      records,
    );
  });

  it('takes a declared type, and records without bytes', async () => {
    const Row = Types.row({ a: Types.LONG, b: Types.nullable(Types.STRING) });
    const rows = [
      { a: 1, b: null },
      { a: 2, b: 'x' },
    ];
    assert.deepEqual(
      (await run(new CollectSink(Row), rows)).sent.flatMap((bytes) => decodeCollected(Row, bytes)),
      rows,
    );
    const One = Types.literal('one');
    assert.deepEqual(
      (await run(new CollectSink(One), ['one', 'one'])).sent.flatMap((bytes) => decodeCollected(One, bytes)),
      ['one', 'one'],
    );
    assert.deepEqual((await run(new CollectSink(), [])).sent, []);
  });
});

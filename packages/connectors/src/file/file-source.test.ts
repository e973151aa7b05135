// Goal: each line once, wherever files are cut; and for every kind of bad input one message that says where.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { seededRandom } from '@millrace/core/base/random';
import { Types } from '@millrace/core/types/types';
import { LineFileFormat } from '@millrace/streaming/builtin/file/line-file-format';
import { FileSplitSource } from '@millrace/streaming/builtin/file/file-split-source';
import { runSource } from '@millrace/streaming/builtin/source-harness';
import { textFileSource } from '@millrace/streaming/builtin/text-file-source';
import { OutputTag } from '@millrace/streaming/contract/output-tag';
import { type BadRecord, CsvFormat, FileSource, JsonLinesFormat, ParquetFormat, StreamFormat, TextLineFormat } from './index.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-file-source-'));
});
after(() => rm(folder, { recursive: true }));

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

const linesOf = (text: string) =>
  text === ''
    ? []
    : text
        .replace(/\n$/, '')
        .split('\n')
        .map((line) => line.replace(/\r$/, ''));

describe('byte-range splits', () => {
  it('give every line once: any text, any split size, any number of readers, with restores', async () => {
    for (let seed = 1; seed <= 60; seed += 1) {
      const random = seededRandom(seed);
      let text = '';
      for (let line = random.nextInt(40); line > 0; line -= 1)
        text +=
          `${['', 'é', 'é7', 'é7x', 'é7x🙂', 'é7x🙂 '][random.nextInt(6)]?.repeat(random.nextInt(6))}` +
          ['\n', '\n', '\r\n'][random.nextInt(3)];
      if (random.nextInt(2) === 0) text += 'no newline at the end';
      const path = await file('random.txt', text);
      for (const splitBytes of [1, 2, 3, 7, 16, 1_000]) {
        const format = new LineFileFormat<string>({ splittable: true, parserFor: () => ({ parse: (line) => line }), splitBytes });
        const readers = 1 + random.nextInt(4);
        const restoreEvery = random.nextInt(2) === 0 ? { restoreEvery: 3 } : {};
        const { records } = await runSource(new FileSplitSource([path], format), { readers, seed, ...restoreEvery });
        assert.deepEqual(records.flat().sort(), linesOf(text).sort(), `seed ${seed}, split size ${splitBytes}, ${readers} readers`);
      }
    }
  });

  it('keep the order of the file with one reader, over chunks', async () => {
    const lines = Array.from({ length: 30_000 }, (_, n) => `${n} ${'x'.repeat(n % 50)}`);
    const path = await file('long.txt', lines.join('\n'));
    assert.deepEqual((await runSource(textFileSource(path))).records[0], lines);
    const packed = await file('long.txt.gz', gzipSync(lines.join('\n')));
    const { records, splits } = await runSource(textFileSource(packed), { readers: 2 });
    assert.deepEqual([records.flat(), splits], [lines, ['0']]);
  });
});

describe('listing', () => {
  it('reads directories with what is below, without hidden names; globs; filters', async () => {
    await mkdir(join(folder, 'in/deep'), { recursive: true });
    for (const name of ['in/b.txt', 'in/a.csv', 'in/.hidden', 'in/_hidden', 'in/deep/c.txt', 'in/empty.txt'])
      await file(name, name === 'in/empty.txt' ? '' : `${name}\n`);
    const read = async (...paths: string[]) =>
      (await runSource(FileSource.forRecordStreamFormat(new TextLineFormat(), ...paths).build())).records.flat();
    assert.deepEqual(await read(join(folder, 'in')), ['in/a.csv', 'in/b.txt', 'in/deep/c.txt']);
    assert.deepEqual(await read(join(folder, 'in/*.txt'), join(folder, 'in/b.txt')), ['in/b.txt']);
    assert.deepEqual(await read(join(folder, '**/*.{txt,csv}').replace('**', 'in/**')), ['in/a.csv', 'in/b.txt', 'in/deep/c.txt']);
    assert.deepEqual(await read(join(folder, 'in/.hidden')), ['in/.hidden']);
    const filtered = FileSource.forRecordStreamFormat(new TextLineFormat(), join(folder, 'in')).filter('*.csv').build();
    assert.deepEqual((await runSource(filtered)).records.flat(), ['in/a.csv']);
  });

  it('says what is missing', async () => {
    const missing = join(folder, 'nowhere.txt');
    await assert.rejects(runSource(textFileSource(missing)), {
      reason: 'file-not-found',
      message: `The input '${missing}' does not exist (the working directory is '${process.cwd()}'). Check the path.`,
    });
    await mkdir(join(folder, 'nothing'), { recursive: true });
    await assert.rejects(runSource(textFileSource(join(folder, 'nothing'))), {
      message: `The directory '${join(folder, 'nothing')}' has no files to read (names that begin with '.' or '_' are passed over). Check the path.`,
    });
    await assert.rejects(runSource(textFileSource(join(folder, '*.nope'))), {
      message: `No file matches '${join(folder, '*.nope')}'. Check the pattern and the directory '${folder}'.`,
    });
    assert.throws(() => FileSource.forRecordStreamFormat(new TextLineFormat()).build(), { kind: 'usage' });
    assert.deepEqual((await runSource(textFileSource(await file('empty.txt', '')))).records, [[]]);
  });

  it('emits what came before the place where a gzip file was truncated, then fails', async () => {
    const packed = gzipSync(Array.from({ length: 50_000 }, (_, n) => `line ${(n * 7_919) % 65_537}`).join('\n'));
    const path = await file('cut.txt.gz', packed.subarray(0, packed.byteLength - 1_000));
    await assert.rejects(runSource(textFileSource(path)), {
      kind: 'data',
      reason: 'file-truncated',
      message: new RegExp(`^The file '${path}' ends in the middle of its gzip stream`),
    });
  });
});

describe('bad records', () => {
  const Row = Types.row({ name: Types.STRING, at: Types.LONG });
  const tag = new OutputTag<BadRecord>('bad');

  it('of JSON lines fail with file, line, byte, path and the line', async () => {
    const read = async (second: string) =>
      runSource(
        FileSource.forRecordStreamFormat(new JsonLinesFormat(Row), await file('a.jsonl', `{"name":"ann","at":1}\n${second}\n`)).build(),
      );
    const where = `'${join(folder, 'a.jsonl')}', line 2, byte 22: `;
    const rest = (line: string) =>
      ` The input there is: ${line}\nCorrect the input, or set onBadRecord('skip') or onBadRecord({ sideOutput: tag }) on the source.`;
    const problems: readonly (readonly [line: string, problem: string])[] = [
      [
        '{"name":"bob","at":9007199254740993}',
        '$.at: expected a LONG (a whole number within ±(2^53 - 1); declare Types.BIG_INT for greater ones), found 9007199254740992.',
      ],
      [
        '{"name":"bob","at":1.5}',
        '$.at: expected a LONG (a whole number within ±(2^53 - 1); declare Types.BIG_INT for greater ones), found 1.5.',
      ],
      ['{"name":7,"at":1}', '$.name: expected a string, found 7.'],
      ['{"name":"bob"}', '$.at: the field is missing.'],
      ['[1]', '$: expected an object, found [1].'],
    ];
    for (const [line, problem] of problems)
      await assert.rejects(read(line), { reason: 'bad-record', message: where + problem.replace(/^\$: /, '') + rest(line) });
    await assert.rejects(read('{"name":'), { message: /line 2, byte 22: not a JSON value: / });
    assert.deepEqual((await read('\n{"at":2,"more":true,"name":"cem"}')).records, [
      [
        { name: 'ann', at: 1 },
        { name: 'cem', at: 2 },
      ],
    ]);
  });

  it('have a line number in the middle of a file, too', async () => {
    const path = await file('middle.txt', 'one\ntwo\nthree\nbroken\nfive\n');
    const format = new LineFileFormat<string>({
      splittable: true,
      splitBytes: 4,
      parserFor: () => ({
        parse: (line) => {
          if (line === 'broken') throw new Error('broken');
          return line;
        },
      }),
    });
    await assert.rejects(runSource(new FileSplitSource([path], format), { readers: 3 }), {
      message: /^'.*middle\.txt', line 4, byte 14: broken\. The input there is: broken\n/,
    });
  });

  it('of broken UTF-8 fail, are skipped and counted, or go to a side output with bytes and position', async () => {
    const path = await file(
      'broken.txt',
      Buffer.concat([Buffer.from('gut\nschön '), Buffer.from([0xff, 0xfe]), Buffer.from('\nwieder gut\n')]),
    );
    const builder = () => FileSource.forRecordStreamFormat(new TextLineFormat(), path);
    await assert.rejects(runSource(builder().build()), {
      message: new RegExp(
        `^'${path}', line 2, byte 4: the line is not UTF-8: byte 0xff at 7 of the line. The input there is: 73 63 68 c3 b6 6e 20 ff fe\n`,
      ),
    });
    const skipped = await runSource(builder().onBadRecord('skip').build());
    assert.deepEqual([skipped.records, skipped.numRecordsInErrors, skipped.sideOutputs.size], [[['gut', 'wieder gut']], 1, 0]);
    for (const restoreEvery of [1_000, 1]) {
      const routed = await runSource(builder().onBadRecord({ sideOutput: tag }).build(), { restoreEvery });
      assert.deepEqual(routed.records, [['gut', 'wieder gut']]);
      const bytes = new Uint8Array([0x73, 0x63, 0x68, 0xc3, 0xb6, 0x6e, 0x20, 0xff, 0xfe]);
      assert.deepEqual(routed.sideOutputs.get('bad'), [
        { file: path, position: 4, line: 2, bytes, reason: 'the line is not UTF-8: byte 0xff at 7 of the line' },
      ]);
    }
    assert.throws(() => builder().onBadRecord('ignore' as never), { kind: 'usage' });
  });

  it('of CSV name the line, its fields and the column', async () => {
    const read = async (text: string, type = Row) =>
      runSource(FileSource.forRecordStreamFormat(new CsvFormat(type), await file('a.csv', text)).build());
    assert.deepEqual((await read('at,extra,name\n5,x,"a ""b"", c"\n\n6,,\n')).records, [
      [
        { name: 'a "b", c', at: 5 },
        { name: '', at: 6 },
      ],
    ]);
    await assert.rejects(read('name,at\nann\n'), {
      message: /a\.csv', line 2, byte 8: the line has 1 field, there are 2 columns \(name, at\)\. The input there is: ann\n/,
    });
    await assert.rejects(read('name,at\nann,1,2\n'), { message: /line 2, byte 8: the line has 3 fields, there are 2 columns/ });
    await assert.rejects(read('name,at\nann,x\n'), { message: /line 2, byte 8: \$\.at: expected a LONG .*, found "x"/ });
    await assert.rejects(read('name,at\n"ann,1\n'), { message: /a quoted field is not closed at the end of the line/ });
    await assert.rejects(read('name,when\nann,1\n'), {
      kind: 'usage',
      message: `'${join(folder, 'a.csv')}' has no column 'at'. Its columns are 'name', 'when'. Correct the name, or declare a field that may be missing with Types.optional(…).`,
    });
    await assert.rejects(read('nmae,at\nann,1\n'), {
      message: /has no column 'name'\. Its columns are 'nmae', 'at'\. Did you mean 'nmae'\? Correct the name/,
    });
    assert.throws(() => new CsvFormat(Types.row({ a: Types.list(Types.LONG) })), { kind: 'usage' });
    assert.throws(() => new CsvFormat(undefined, { header: false }), { kind: 'usage', message: /knows no columns/ });
  });
});

describe('CSV', () => {
  it('reads dialects, nulls, quoted newlines, and types', async () => {
    const Row = Types.row({
      id: Types.BIG_INT,
      at: Types.INSTANT,
      ok: Types.BOOLEAN,
      x: Types.nullable(Types.DOUBLE),
      note: Types.optional(Types.STRING),
    });
    const text = "# a comment\n12345678901234567890;2024-02-03T04:05:06Z;true;1.5e3;'one\ntwo; \\' three'\n1;2024-02-03;FALSE;;\n";
    const format = new CsvFormat(Row, {
      columns: ['id', 'at', 'ok', 'x', 'note'],
      delimiter: ';',
      quote: "'",
      escape: '\\',
      comment: '#',
      multiline: true,
    });
    const { records } = await runSource(FileSource.forRecordStreamFormat(format, await file('b.csv', text)).build(), { readers: 2 });
    assert.deepEqual(records.flat(), [
      { id: 12345678901234567890n, at: new Date('2024-02-03T04:05:06Z'), ok: true, x: 1_500, note: "one\ntwo; ' three" },
      { id: 1n, at: new Date('2024-02-03'), ok: false, x: null },
    ]);
  });

  it('knows the header in every split of a file', async () => {
    const rows = Array.from({ length: 500_000 }, (_, n) => `${n},${n * 2}`);
    const path = await file('wide.csv', `n,twice\n${rows.join('\n')}\n`);
    const { records, splits } = await runSource(FileSource.forRecordStreamFormat(new CsvFormat(), path).build(), { readers: 2 });
    assert.ok(splits.length > 1);
    assert.equal(records.flat().length, rows.length);
    assert.ok(records.flat().every(({ n, twice }) => Number(twice) === 2 * Number(n)));
  });
});

describe('a format of the user', () => {
  class Upper extends StreamFormat<string> {
    readonly splittable: boolean;
    constructor(splittable: boolean) {
      super();
      this.splittable = splittable;
    }
    async *read(content: AsyncIterable<Uint8Array>): AsyncIterable<string> {
      for await (const chunk of content) for (const line of linesOf(new TextDecoder().decode(chunk))) yield line.toUpperCase();
    }
  }
  it('gets whole lines, or the whole file', async () => {
    const path = await file('own.txt', 'a\nb\nc\n');
    for (const splittable of [true, false])
      assert.deepEqual(
        (await runSource(FileSource.forRecordStreamFormat(new Upper(splittable), path).build(), { restoreEvery: 2 })).records,
        [['A', 'B', 'C']],
      );
  });
});

it('a source declares the type of its format, so that nothing has to be learned behind it', () => {
  const row = Types.row({ a: Types.STRING });
  const typeOf = (source: unknown) => (source as { readonly type?: unknown }).type;
  const ofLines = <T>(format: StreamFormat<T>) => typeOf(FileSource.forRecordStreamFormat(format, '/x').build());
  assert.equal(ofLines(new JsonLinesFormat(row)), row);
  assert.equal(ofLines(new CsvFormat(row)), row);
  assert.equal(ofLines(new TextLineFormat()), Types.STRING);
  assert.equal(ofLines(new JsonLinesFormat()), undefined);
  assert.equal(typeOf(FileSource.forBulkFileFormat(new ParquetFormat(row), '/x').build()), row);
  assert.equal(typeOf(textFileSource('/x')), Types.STRING);
});

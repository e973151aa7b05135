// Goal: for every kind of bad input one clear message, the right exit code, and nothing half-written. Method: whole runs of small programs; messages are compared
// as they stand. (A cycle cannot be written with the API; compile-job.test.ts has it.)
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { workshop } from './support/processes.mjs';
import { linesOf, root } from './support/run-millrace.mjs';

const PRELUDE = `import { OutputTag, SlidingEventTimeWindows, StreamExecutionEnvironment, TumblingEventTimeWindows, Types, WatermarkStrategy } from 'millrace';
import { CsvFormat, FileSink, FileSource, JsonLinesEncoder, JsonLinesFormat, ParquetFormat, TextLineFormat } from '@millrace/connectors/file';
const env = StreamExecutionEnvironment.getExecutionEnvironment();
const none = WatermarkStrategy.noWatermarks();
`;
const LINE = 5; // of the program's first own line
const TO_FILES = ".sinkTo(FileSink.forRowFormat('out', new JsonLinesEncoder()).build())";
const lines = (format, name, policy = '') =>
  `env.fromSource(FileSource.forRecordStreamFormat(${format}, '${name}')${policy}.build(), none, 'input')`;
const parquet = (name) =>
  `env.fromSource(FileSource.forBulkFileFormat(new ParquetFormat(Types.row({ origin: Types.STRING, delay: Types.INT })), '${name}').build(), none, 'flights')`;

/** Before all tests: the files that the programs read. */
function inputs() {
  const flights = readFileSync(join(root, 'node_modules/vega-datasets/data/flights-3m.parquet'));
  const damagedPage = Buffer.from(flights);
  damagedPage.fill(0xff, 200_000, 200_400);
  const packed = gzipSync(Array.from({ length: 50_000 }, (_, n) => `line ${(n * 7_919) % 65_537}`).join('\n'));
  return {
    'empty.txt': '',
    'cut.txt.gz': packed.subarray(0, packed.length - 1_000),
    'footer.parquet': Buffer.concat([flights.subarray(0, 1_000_000), flights.subarray(-8)]),
    'short.parquet': 'PAR1',
    'page.parquet': damagedPage,
    'bad.jsonl': '{"n":1}\n{"n":\n',
    'bad.csv': 'a,n\ntea,3\nsalt\n',
    'bad.txt': Buffer.concat([Buffer.from('good\n'), Buffer.from([0x61, 0xff, 0x62, 0x0a]), Buffer.from('fine\n')]),
  };
}

let shop;
const afterwards = [];
before(() => {
  shop = workshop({ after: (action) => afterwards.push(action) }, inputs());
});
after(() => {
  for (const action of afterwards) action();
});

async function run(name, body, ...args) {
  shop.write(`${name}.ts`, `${PRELUDE}${body}\nawait env.execute('bad input');\n`);
  return shop.run(`${name}.ts`, ...args);
}

const literal = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Compares the whole of standard error: `message`, in which `…` stands for anything, and the place of the refused call. */
function told({ code, stderr }, exitCode, message, place) {
  const pattern = literal(message).replaceAll('…', '.*').replaceAll('DIR', literal(shop.folder));
  const end = place === undefined ? '' : `\\n    at ${literal(place)}`;
  assert.match(stderr, new RegExp(`^millrace: ${pattern}${end}\\n$`));
  assert.equal(code, exitCode);
}

const ASYNC =
  'got an async function. Functions in the record path are synchronous; put asynchronous calls into AsyncDataStream.unorderedWait or .orderedWait.';
const WHOLE = 'Give a whole number from 1 to 32768.';

describe('refused before a job runs, with the place of the call: exit code 2', () => {
  const refused = [
    [
      'duplicate-uid',
      "env.fromData(1).map((n) => n).uid('a').name('one').map((n) => n).uid('a').name('two').print();",
      "The uid 'a' is given to two operators, 'one' and 'two'. Give each a uid of its own.",
      [6, 11],
    ],
    ['parallelism-0', 'env.fromData(1).map((n) => n).setParallelism(0).print();', `setParallelism of 'Map' got 0. ${WHOLE}`, [LINE, 31]],
    ['default-parallelism-0', 'env.setParallelism(0); env.fromData(1).print();', `env.setParallelism got 0. ${WHOLE}`, [LINE, 5]],
    [
      'above-max',
      'env.setMaxParallelism(4); env.fromSequence(1, 9).keyBy((n) => n % 3).reduce((a, b) => a + b).setParallelism(8).print();',
      "The operator 'Keyed Reduce' has parallelism 8, which is above the job's maximum parallelism of 4. Lower the one or raise the other with setMaxParallelism.",
      [6, 11],
    ],
    [
      'window-0',
      "env.fromData(1).keyBy((n) => n).window(TumblingEventTimeWindows.of('0 s')).reduce((a, b) => a + b).print();",
      'TumblingEventTimeWindows.of got a size of 0 ms. Give one of at least 1 ms.',
      [LINE, 65],
    ],
    [
      'window-number',
      'env.fromData(1).keyBy((n) => n).window(TumblingEventTimeWindows.of(0 as never)).reduce((a, b) => a + b).print();',
      "The size of TumblingEventTimeWindows.of: 0 is not a duration. Give a Duration or text with a unit, for example '10 min'.",
      [LINE, 65],
    ],
    [
      'slide-0',
      "env.fromData(1).keyBy((n) => n).window(SlidingEventTimeWindows.of('10 s', '0 s')).reduce((a, b) => a + b).print();",
      'SlidingEventTimeWindows.of got a slide of 0 ms. Give one of at least 1 ms.',
      [LINE, 64],
    ],
    ['async-map', 'env.fromData(1).map(async (n) => n).print();', `map ${ASYNC}`, [LINE, 17]],
    ['async-filter', 'env.fromData(1).filter((async (n: number) => n > 0) as never).print();', `filter ${ASYNC}`, [LINE, 17]],
    ['async-key', 'env.fromData(1).keyBy((async (n: number) => n) as never).reduce((a) => a).print();', `keyBy ${ASYNC}`, [LINE, 17]],
  ];
  for (const [name, body, message, [line, column]] of refused) {
    test(name, async () => {
      const ended = await run(name, body);
      told(ended, 2, message, `${name}.ts:${line}:${column}`);
      assert.equal(ended.stdout, '');
    });
  }

  test('an option of env.configure that does not exist', async () => {
    const ended = await run('configure', "env.configure({ 'paralelism.default': 2 } as never); env.fromData(1).print();");
    told(ended, 2, 'paralelism.default (from env.configure) is not an option of a job. Did you mean parallelism.default?');
  });

  const commands = [
    [['-p', '0'], "parallelism.default is '0' (from --parallelism), but it must be a whole number from 1 to 32768."],
    [['-p', '99999'], "parallelism.default is '99999' (from --parallelism), but it must be a whole number from 1 to 32768."],
    [['-D', 'paralelism.default=2'], 'paralelism.default (from -D) is not a configuration key. Did you mean parallelism.default?'],
    [['--slot', '2'], "unknown option '--slot'\n(Did you mean --slots?)\n(millrace --help shows what there is)"],
  ];
  for (const [args, message] of commands) {
    test(`millrace run … ${args.join(' ')}`, async () => told(await run('fine', 'env.fromData(1).print();', ...args), 2, message));
  }

  test('a program file that is not there, and one that starts no job', async () => {
    told(await shop.run('nowhere.ts'), 2, "There is no file 'nowhere.ts' in DIR. Name the program's file, for example job.ts.");
    shop.write('idle.ts', 'export {};\n');
    told(await shop.run('idle.ts'), 2, 'The program ended without starting a job. Call env.execute() in it.');
  });
});

describe('records that are refused: exit code 1, with operator and record', () => {
  const ALLOWED =
    'Records may hold numbers, strings, booleans, null, undefined, bigint, Date, plain objects, arrays, Map, Set and typed arrays. ' +
    'Make it one of these, for instance a plain object of the fields that matter, before it is emitted.';
  const values = [
    ['class instance', 'new (class Point { get double() { return 2; } })()', '$', 'an instance of class Point'],
    ['function', '({ callback: () => n })', '$.callback', 'the function callback'],
    ['symbol', "({ tag: Symbol('x') })", '$.tag', 'a symbol'],
  ];
  for (const [name, expression, path, seen] of values) {
    for (const edge of ['chained', 'rebalance']) {
      test(`a ${name} in a stream, ${edge}`, async () => {
        const between = edge === 'chained' ? '' : '.rebalance()';
        const body = `env.fromData(7).map((n) => ${expression} as unknown).name('maker').uid('m')${between}.map(() => 1).print();`;
        const ended = await run('values', body);
        told(
          ended,
          1,
          `Operator 'maker' (uid m), subtask 1/1, failed: The value at ${path} cannot be written…: it is ${seen}. ${ALLOWED} Record: 7`,
        );
        assert.equal(ended.stdout, '');
      });
    }
  }

  for (const [timestamp, seen] of [
    ['NaN', 'NaN'],
    ['n / 2', '3.5'],
    ['2 ** 53', '9007199254740992'],
  ]) {
    test(`a timestamp that is ${timestamp}`, async () => {
      const strategy = `WatermarkStrategy.forMonotonousTimestamps<number>().withTimestampAssigner((n) => ${timestamp})`;
      told(
        await run('timestamp', `env.fromData(7).assignTimestampsAndWatermarks(${strategy}).name('times').print();`),
        1,
        `Operator 'times', subtask 1/1, failed: The timestamp of a record of the stream is ${seen}. A timestamp is a safe integer, milliseconds since the epoch; check what the timestamp assigner returns. Record: 7`,
      );
    });
  }

  test('a function that throws: operator, uid, subtask, place in the .ts file, record', async () => {
    const body =
      "env.fromData({ id: 7 }).map((r) => {\n  if (r.id === 7) throw new RangeError('no sevens');\n  return r;\n}).name('picky').uid('p').print();";
    told(
      await run('throws', body),
      1,
      `Operator 'picky' (uid p), subtask 1/1, failed at throws.ts:${LINE + 1}:25: RangeError: no sevens. Record: {"id":7}`,
    );
  });
});

describe('files that are missing or damaged: exit code 1, and no output file', () => {
  const CORRECT = "Correct the input, or set onBadRecord('skip') or onBadRecord({ sideOutput: tag }) on the source.";
  const failures = [
    [
      'a missing file',
      `env.readTextFile('nowhere.txt')${TO_FILES};`,
      "The split enumerator of 'Source: Text File Source' failed in start: The input 'DIR/nowhere.txt' does not exist (the working directory is 'DIR'). Check the path.",
    ],
    [
      'a truncated gzip',
      `env.readTextFile('cut.txt.gz')${TO_FILES};`,
      "The file 'DIR/cut.txt.gz' ends in the middle of its gzip stream: it was truncated. Read … bytes of it, which gave … bytes of content. Fetch or write the file again.",
    ],
    [
      'a Parquet file that ends early',
      `${parquet('short.parquet')}${TO_FILES};`,
      "The split enumerator of 'Source: flights' failed in start: 'DIR/short.parquet' … Fetch or write the file again.",
    ],
    [
      'a damaged Parquet footer',
      `${parquet('footer.parquet')}${TO_FILES};`,
      "The split enumerator of 'Source: flights' failed in start: 'DIR/footer.parquet' is no Parquet file, or its footer is damaged: … Fetch or write the file again.",
    ],
    [
      'a damaged Parquet page',
      `${parquet('page.parquet')}${TO_FILES};`,
      "'DIR/page.parquet', row group 0 (of 11, from 0), column 'delay': cannot be decoded, so a page of it is damaged: … Fetch or write the file again.",
    ],
    [
      'a JSON line that does not parse',
      `${lines('new JsonLinesFormat(Types.row({ n: Types.INT }))', 'bad.jsonl')}${TO_FILES};`,
      `'DIR/bad.jsonl', line 2, byte 8: not a JSON value: … The input there is: {"n":\n${CORRECT}`,
    ],
    [
      'a CSV line with too few columns',
      `${lines('new CsvFormat(Types.row({ a: Types.STRING, n: Types.INT }))', 'bad.csv')}${TO_FILES};`,
      `'DIR/bad.csv', line 3, byte 10: the line has 1 field, there are 2 columns (a, n). The input there is: salt\n${CORRECT}`,
    ],
    [
      'broken UTF-8',
      `${lines('new TextLineFormat()', 'bad.txt')}${TO_FILES};`,
      `'DIR/bad.txt', line 2, byte 5: the line is not UTF-8: byte 0xff at 1 of the line. The input there is: 61 ff 62\n${CORRECT}`,
    ],
  ];
  for (const [name, body, message] of failures) {
    test(name, async () => {
      const ended = await run('damaged', body, '--json');
      told(ended, 1, message);
      const report = JSON.parse(linesOf(ended.stdout).at(-1));
      assert.deepEqual([report.job, report.state, `millrace: ${report.error}\n`], ['bad input', 'FAILED', ended.stderr]);
      assert.deepEqual(finished('out'), []);
    });
  }

  test('an empty file is a job without records', async () => {
    assert.deepEqual(await run('empty', "env.readTextFile('empty.txt').print();"), { code: 0, signal: null, stdout: '', stderr: '' });
  });

  test('broken UTF-8 passed over, or sent to a side output with its bytes and position', async () => {
    const skipped = await run('skip', `${lines('new TextLineFormat()', 'bad.txt', ".onBadRecord('skip')")}.print();`);
    assert.deepEqual([skipped.code, skipped.stdout], [0, 'good\nfine\n']);
    const policy = '.onBadRecord({ sideOutput: bad })';
    const body = `const bad = new OutputTag<any>('bad');\nconst read = ${lines('new TextLineFormat()', 'bad.txt', policy)};
read.print();\nread.getSideOutput(bad).map((b) => [b.position, b.line, [...b.bytes]]).print('bad');`;
    const routed = await run('side', body);
    assert.deepEqual([routed.code, linesOf(routed.stdout).sort()], [0, ['bad> [5,2,[97,255,98]]', 'fine', 'good']]);
  });
});

/** Who lists a directory of the file sink sees what is finished: names that do not begin with a dot. */
function finished(folder) {
  try {
    return readdirSync(join(shop.folder, folder)).filter((name) => !name.startsWith('.'));
  } catch {
    return [];
  }
}

// Goal: input that is no record goes where the program says, through a whole run. Method: a file with bad lines; what the program prints is compared with what stands in it.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { linesOf, millrace, sorted, temporaryFolder } from './support/run-millrace.mjs';

const PROGRAM = `
import { OutputTag, StreamExecutionEnvironment, Types, WatermarkStrategy } from 'millrace';
import { type BadRecord, FileSource, JsonLinesFormat } from '@millrace/connectors/file';

const [, , input] = process.argv;
const bad = new OutputTag<BadRecord>('bad');
const env = StreamExecutionEnvironment.getExecutionEnvironment();
const source = FileSource.forRecordStreamFormat(new JsonLinesFormat(Types.row({ n: Types.LONG })), input ?? '').onBadRecord({ sideOutput: bad }).build();
const numbers = env.fromSource(source, WatermarkStrategy.noWatermarks(), 'numbers');
numbers.map(({ n }) => 'good ' + n).print();
numbers.getSideOutput(bad).keyBy((record) => record.position).map((record) => 'bad ' + record.position + ' ' + new TextDecoder().decode(record.bytes)).print();
await env.execute('bad records');
`;

for (const parallelism of ['1', '2']) {
  test(`bad lines of a file reach the side output of the source, parallelism ${parallelism}`, async (t) => {
    const folder = temporaryFolder(t);
    const program = join(folder, 'job.ts');
    const input = join(folder, 'numbers.jsonl');
    writeFileSync(program, PROGRAM);
    writeFileSync(input, '{"n":1}\nnonsense\n{"n":"two"}\n{"n":3}\n');
    const { code, stdout, stderr } = await millrace(['run', program, '--parallelism', parallelism, '--', input]);
    assert.equal(code, 0, stderr);
    const printed = linesOf(stdout).map((line) => line.replace(/^\d+> /, ''));
    assert.deepEqual(sorted(printed), sorted(['good 1', 'good 3', 'bad 8 nonsense', 'bad 17 {"n":"two"}']));
  });
}

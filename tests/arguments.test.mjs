// Goal: a program has the same surroundings everywhere, also in its functions, which run in other threads (D7 a). Method: print them from both places.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { linesOf, millrace, root } from './support/run-millrace.mjs';

const program = `
import { StreamExecutionEnvironment } from 'millrace';

const surroundings = () => JSON.stringify([process.argv.slice(1), process.cwd(), process.env['FRUIT']]);
console.log(surroundings());
const env = StreamExecutionEnvironment.getExecutionEnvironment();
env.fromData(1).map(surroundings).setParallelism(1).sinkTo({ createWriter: (context) => ({ write: (text: string) => context.standardStreams.write('stdout', text + '\\n'), flush() {}, close() {} }) });
await env.execute();
`;

for (const mode of [[], ['--single-thread']]) {
  test(`functions see the arguments, directory and environment of the client ${mode.join()}`, async () => {
    const folder = join(root, '.cache/arguments');
    mkdirSync(folder, { recursive: true });
    const file = join(folder, 'job.ts');
    writeFileSync(file, program);
    const { code, stdout, stderr } = await millrace(['run', file, ...mode, '--', '--to', '18'], { cwd: folder, env: { FRUIT: 'pear' } });
    assert.equal(code, 0, stderr);
    const expected = JSON.stringify([[file, '--to', '18'], folder, 'pear']);
    assert.deepEqual(linesOf(stdout), [expected, expected]);
  });
}

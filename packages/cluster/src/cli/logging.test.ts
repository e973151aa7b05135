/** Goal: what functions and the command log is on standard error in order, says where it comes from, and is JSON where that was asked for. Method: the command as a process. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { command, programFolder } from './testing-command.ts';

const root = programFolder('logging');
writeFileSync(
  join(root, 'job.ts'),
  `import { RichMapFunction, rich, StreamExecutionEnvironment } from 'millrace';
import type { Logger, RuntimeContext } from 'millrace';
class Logging extends RichMapFunction<number, number> {
  #log!: Logger;
  override open(context: RuntimeContext) {
    this.#log = context.getLogger();
    this.#log.info('opened', { password: 'hunter2' });
  }
  override map(n: number) {
    if (n === 30) this.#log.debug('not shown');
    if (n % 50 === 0) this.#log.warn('a round number', { n });
    if (n > 150) throw new Error('too many');
    return n;
  }
}
const last = Number(process.argv[2]);
const env = StreamExecutionEnvironment.getExecutionEnvironment();
env.fromSequence(1, last).rebalance().map(rich(() => new Logging())).name('logging').filter((n) => n < 0).print();
await env.execute('logged');
`,
);

function run(args: readonly string[], last: number): Promise<{ readonly code: number | null; readonly lines: readonly string[] }> {
  const child = spawn(process.execPath, [command, 'run', 'job.ts', ...args, '--', String(last)], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, lines: stderr.trimEnd().split('\n') })));
}

test('as JSON: every line, those of the command too, with the place in the job and without secrets', async () => {
  const { code, lines } = await run(['--log-level', 'info', '--log-format', 'json'], 100);
  assert.equal(code, 0);
  const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.ok(
    records.every(({ time, level, message }) => typeof time === 'string' && typeof level === 'string' && typeof message === 'string'),
  );
  const own = records.filter(({ task }) => task !== undefined);
  assert.deepEqual(
    own.map(({ time: _, jobId, ...record }) => ({ ...record, jobId: typeof jobId })),
    [
      ['info', 'opened', { password: '******' }],
      ['warn', 'a round number', { n: 50 }],
      ['warn', 'a round number', { n: 100 }],
    ].map(([level, message, fields]) => ({
      ...{ level, job: 'logged', jobId: 'string', task: 'logging -> Filter -> Sink: Print to Std. Out (1/1)', operator: 'logging' },
      ...{ subtask: 0, attempt: 0, message, fields },
    })),
  );
  const of = records.filter(({ task }) => task === undefined).map(({ message }) => String(message));
  assert.ok(of.some((message) => /^job 'logged' \([0-9a-f]+\) submitted$/.test(message)));
  assert.match(of.at(-1) ?? '', /^job 'logged' \([0-9a-f]+\) is FINISHED after \d+ ms$/);
});

test('as text, in one thread as in many; by default warnings only', async () => {
  for (const args of [[], ['--single-thread']]) {
    const { code, lines } = await run(args, 100);
    assert.equal(code, 0);
    assert.deepEqual(
      lines.map((line) => line.replace(/^\S+Z /, '')),
      [50, 100].map((n) => `WARN  [logging -> Filter -> Sink: Print to Std. Out (1/1)] logging: a round number n=${n}`),
    );
  }
});

test('what a function has logged before it fails comes before the failure, which is one line of JSON', async () => {
  const { code, lines } = await run(['--log-format', 'json'], 200);
  assert.equal(code, 1);
  const records = lines.map((line) => JSON.parse(line) as { readonly level: string; readonly message: string });
  assert.deepEqual(
    records.map(({ level, message }) => [level, message.split(/[\n,]/)[0]?.slice(0, 14)]),
    [
      ['warn', 'a round number'],
      ['warn', 'a round number'],
      ['warn', 'a round number'],
      ['error', records.at(-1)?.message.slice(0, 14)],
    ],
  );
  assert.match(records.at(-1)?.message ?? '', /too many/);
});

test('what happens to a job is in the file of events, to its end', async () => {
  const { code } = await run(['--events', 'events.jsonl'], 200);
  assert.equal(code, 1);
  const reports = readFileSync(join(root, 'events.jsonl'), 'utf8').trimEnd().split('\n');
  const told = reports.map((line) => JSON.parse(line) as { readonly name: string; readonly jobName: string; readonly attributes: object });
  assert.deepEqual(
    told.map(({ name, attributes }) => [name, Object.values(attributes)[1]]),
    [
      ['JobStatusChangeEvent', 'CREATED'],
      ['JobStatusChangeEvent', 'RUNNING'],
      ['JobInitialization', 'RUNNING'],
      ['JobStatusChangeEvent', 'FAILING'],
      ['JobFailureEvent', Object.values(told[4]?.attributes ?? {})[1]],
      ['JobStatusChangeEvent', 'FAILED'],
    ],
  );
  assert.match(String(Object.values(told[4]?.attributes ?? {})[1]), /too many/);
  const refused = await run(['--events', 'no/such/directory/events.jsonl'], 1);
  assert.equal(refused.code, 2);
  assert.match(refused.lines.join(), /Events cannot be written to .*events\.jsonl \(--events\)/);
});

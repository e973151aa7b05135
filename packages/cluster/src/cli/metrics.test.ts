/** Goal: what functions count is what the port and the report of a run say. Method: the command as a process; its program holds the run open behind the end of its job, when figures are exact. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { command, programFolder } from './testing-command.ts';

const root = programFolder('metrics');
writeFileSync(
  join(root, 'counts.ts'),
  `import { once } from 'node:events';
import { RichMapFunction, rich, StreamExecutionEnvironment } from 'millrace';
class Counting extends RichMapFunction<number, number> {
  override map(n: number) {
    const group = this.getRuntimeContext().getMetricGroup().addGroup('kind', 'a "b"');
    group.counter('seen').inc();
    group.meter('marks').markEvent();
    group.histogram('sizes').update(n);
    group.gauge('text', () => 'last: ' + n);
    return n;
  }
}
const env = StreamExecutionEnvironment.getExecutionEnvironment();
env.fromSequence(1, 100).rebalance().map(rich(() => new Counting())).name('counting').setParallelism(2).filter((n) => n < 0).print();
await env.execute('counts');
console.log('ended');
await once(process.stdin, 'data');
process.stdin.destroy();
`,
);

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `held` is called with what was written to standard error when the program says that its job has ended. */
function run(args: readonly string[], held: (stderr: string) => Promise<void> = async () => {}): Promise<Ended> {
  const child = spawn(process.execPath, [command, 'run', 'counts.ts', ...args], { cwd: root, stdio: ['pipe', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  let asked: Promise<void> | undefined;
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    if (stdout.includes('ended')) asked ??= held(stderr).finally(() => child.stdin.end('go on\n'));
    asked?.catch(() => {});
  });
  return new Promise((resolve, reject) =>
    child.on('close', (code) => void (asked ?? Promise.resolve()).then(() => resolve({ code, stdout, stderr }), reject)),
  );
}

test('the port and the report have what functions counted, by subtask; the port is closed with the run', async () => {
  let base = '';
  const ended = await run(['--metrics-port', '0', '--json'], async (stderr) => {
    base = /^millrace: metrics at (http:\/\/127\.0\.0\.1:\d+)\/metrics$/m.exec(stderr)?.[1] ?? '';
    const text = await (await fetch(`${base}/metrics`)).text();
    const seen = [...text.matchAll(/^flink_taskmanager_job_task_operator_kind_seen\{(.*)\} (\d+)$/gm)];
    assert.deepEqual(
      seen.map(([, labels, value]) => [
        /subtask_index="(\d)"/.exec(labels ?? '')?.[1],
        labels?.endsWith('operator_name="counting",kind="a \\"b\\""'),
        value,
      ]),
      [
        ['0', true, '50'],
        ['1', true, '50'],
      ],
    );
    assert.match(text, /^# TYPE flink_taskmanager_job_task_numRecordsIn counter$/m);
    assert.match(text, /^flink_jobmanager_job_numRestarts\{job_id="[0-9a-f]+",job_name="counts"\} 0$/m);
    const { jobs } = (await (await fetch(`${base}/metrics.json`)).json()) as {
      jobs: { status: string; metrics: { name: string; value: unknown }[] }[];
    };
    assert.equal(jobs[0]?.status, 'FINISHED');
    const sum = jobs[0]?.metrics.filter(({ name }) => name === 'kind.a "b".sizes_sum').reduce((all, { value }) => all + Number(value), 0);
    assert.equal(sum, 5050);
  });
  assert.deepEqual([ended.code, ended.stderr.trim().split('\n').length], [0, 1], ended.stderr);
  const report = JSON.parse(ended.stdout.trim().split('\n').at(-1) ?? '') as {
    metrics: { operator: string; name: string; value: unknown }[];
  };
  const counts = report.metrics.filter(({ operator, name }) => operator === 'counting' && name === 'kind.a "b".marks_count');
  assert.deepEqual(
    counts.map(({ value }) => value),
    [50, 50],
  );
  await assert.rejects(fetch(`${base}/metrics`));
});

test('an address that others reach is refused before the program runs, and so is a port that is none', async () => {
  const refused = await run(['--metrics-port', '0', '--metrics-host', '0.0.0.0']);
  assert.deepEqual([refused.code, refused.stdout], [2, '']);
  assert.match(refused.stderr, /--metrics-allow-remote/);
  const bad = await run(['--metrics-port', '70000']);
  assert.equal(bad.code, 2);
  assert.match(bad.stderr, /'70000' \(from --metrics-port\), but it must be a whole number from 0 to 65535/);
});

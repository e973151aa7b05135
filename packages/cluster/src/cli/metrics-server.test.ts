// Goal: what users call their metrics never breaks the page, and the port answers nobody but this machine unless that was asked for. Method: readings made by hand, read
// back by a parser of the format; requests to a server on a port that the system chooses.
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, test } from 'node:test';
import type { JobMetrics, MetricReading } from '../local/job-metrics.ts';
import { MetricsServer } from './metrics-server.ts';
import { prometheusText } from './prometheus-text.ts';

const LABELS = { job_id: 'j', job_name: 'a "job"\\\n', task_name: 'map', subtask_index: '0' };

function reading(given: Partial<MetricReading>): MetricReading {
  return { scope: 'taskmanager_job_task', groups: [], name: 'n', labels: LABELS, variables: [], type: 'counter', value: 1, ...given };
}

function jobOf(readings: readonly MetricReading[], omitted = 0): JobMetrics {
  return { jobId: 'j', jobName: 'job', status: 'RUNNING', backPressureCulprit: undefined, readings, omitted };
}

/** The grammar of the format, as a scraper takes it; throws for any line that it would refuse. */
function parse(text: string): { readonly types: Map<string, string>; readonly samples: Map<string, string> } {
  const types = new Map<string, string>();
  const samples = new Map<string, string>();
  for (const line of text.split('\n').slice(0, -1)) {
    const type = /^# TYPE (?<name>[a-zA-Z_:][a-zA-Z0-9_:]*) (?<kind>counter|gauge|untyped|summary)$/.exec(line)?.groups;
    if (type !== undefined) {
      assert.ok(!types.has(type['name'] as string), `TYPE twice: ${line}`);
      types.set(type['name'] as string, type['kind'] as string);
    }
    if (line.startsWith('# ')) continue;
    const sample =
      /^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)\{(?<labels>(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\]|\\[\\n"])*",?)*)\} (?<value>NaN|[+-]Inf|-?[0-9.e+-]+)$/.exec(
        line,
      )?.groups;
    assert.ok(sample !== undefined, `no sample: ${line}`);
    const [family, kind] = [...types].at(-1) ?? [];
    const own = kind === 'summary' ? (sample['name'] as string).replace(/_(?:count|sum)$/, '') : sample['name'];
    assert.equal(family, own, `behind the TYPE of another: ${line}`);
    if (kind !== 'summary')
      assert.ok(types.get((sample['name'] as string).replace(/_(?:count|sum)$/, '')) !== 'summary', `of a summary: ${line}`);
    const names = [...(sample['labels'] as string).matchAll(/([a-zA-Z0-9_]+)="/g)].map(([, name]) => name);
    assert.equal(new Set(names).size, names.length, `a label twice: ${line}`);
    const key = `${sample['name']}{${sample['labels']}}`;
    assert.ok(!samples.has(key), `twice: ${line}`);
    samples.set(key, sample['value'] as string);
  }
  return { types, samples };
}

test('names, labels and values are escaped as the format wants it', () => {
  const text = prometheusText([
    jobOf([reading({ groups: ['my-group'], name: '1ümlaut', variables: [['1 key', 'a"b\\c\nd']], value: 1.5 })]),
  ]);
  assert.equal(
    text,
    '# HELP flink_taskmanager_job_task_my_group_1_mlaut my-group.1ümlaut (scope: taskmanager_job_task)\n' +
      '# TYPE flink_taskmanager_job_task_my_group_1_mlaut counter\n' +
      'flink_taskmanager_job_task_my_group_1_mlaut{job_id="j",job_name="a \\"job\\"\\\\\\n",task_name="map",subtask_index="0",_1_key="a\\"b\\\\c\\nd"} 1.5\n',
  );
  parse(text);
});

test('metrics whose names fall together are one family without a sample twice', () => {
  const { types, samples } = parse(
    prometheusText([
      jobOf([
        reading({ name: 'a-b', value: 1 }),
        reading({ name: 'other' }),
        reading({ name: 'a_b', value: 2 }),
        reading({ name: 'a.b', type: 'gauge', value: 3, labels: { ...LABELS, subtask_index: '1' } }),
        reading({ name: 'v', variables: [['job_id', 'x']] }),
        reading({
          name: 'v',
          variables: [
            ['__name__', 'x'],
            ['job id', 'y'],
          ],
        }),
      ]),
    ]),
  );
  assert.equal(types.get('flink_taskmanager_job_task_a_b'), 'untyped');
  assert.deepEqual(
    [...samples].filter(([name]) => name.includes('a_b')).map(([, value]) => value),
    ['1', '3'],
  );
  assert.equal([...samples.keys()].filter((name) => name.includes('user_')).length, 2);
});

test('a histogram is one summary, and what others call as a part of it stands in it or nowhere', () => {
  const of = 'sizes';
  const { types, samples } = parse(
    prometheusText([
      jobOf([
        reading({ name: 'sizes_count', value: 77, labels: { ...LABELS, subtask_index: '1' } }),
        reading({ name: 'sizes_count', value: 2, summary: { of } }),
        reading({ name: 'sizes_sum', type: 'gauge', value: 6, summary: { of } }),
        reading({ name: 'sizes_max', type: 'gauge', value: 5 }),
        reading({ name: 'sizes_median', type: 'gauge', value: 3, summary: { of, quantile: 0.5 } }),
        reading({ name: 'sizes_p99', type: 'gauge', value: 5, summary: { of, quantile: 0.99 } }),
        reading({ name: 'sizes_count', value: 88 }),
      ]),
    ]),
  );
  const name = 'flink_taskmanager_job_task_sizes';
  assert.deepEqual(
    [...types],
    [
      [name, 'summary'],
      [`${name}_max`, 'gauge'],
    ],
  );
  assert.deepEqual([...samples.values()], ['77', '2', '6', '3', '5', '5']);
  assert.ok([...samples.keys()].some((sample) => sample.startsWith(`${name}{`) && sample.endsWith(',quantile="0.99"}')));
});

test('numbers that are not finite have the words of the format; texts are left to JSON; what is omitted is said', () => {
  const values = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, true, 'text', -0.5];
  const text = prometheusText([
    jobOf(
      values.map((value, n) => reading({ name: `g${n}`, type: 'gauge', value })),
      7,
    ),
  ]);
  assert.deepEqual([...parse(text).samples.values()], ['NaN', '+Inf', '-Inf', '1', '-0.5']);
  assert.ok(text.endsWith('# 7 more metrics are not shown: there are too many.\n'));
});

const servers: MetricsServer[] = [];
after(() => Promise.all(servers.map((server) => server.close())));

async function serving(readings: readonly MetricReading[] = [reading({})]): Promise<MetricsServer> {
  const server = await MetricsServer.start({ port: 0, host: '127.0.0.1', allowRemote: false }, () => [jobOf(readings)]);
  servers.push(server);
  return server;
}

function ask(url: string, method = 'GET', headers: Record<string, string> = {}): Promise<{ status: number | undefined; text: string }> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (more: string) => {
        text += more;
      });
      response.on('end', () => resolve({ status: response.statusCode, text }));
    });
    asked.on('error', reject).end();
  });
}

test('both pages are answered, and nothing else', async () => {
  const { url } = await serving([reading({ type: 'gauge', value: Number.NaN })]);
  assert.equal((await ask(`${url}/metrics`)).text, prometheusText([jobOf([reading({ type: 'gauge', value: Number.NaN })])]));
  const { jobs } = JSON.parse((await ask(`${url}/metrics.json?x=1`)).text) as { jobs: { metrics: { value: unknown }[] }[] };
  assert.equal(jobs[0]?.metrics[0]?.value, 'NaN');
  const statuses = [
    await ask(`${url}/metrics`, 'HEAD'),
    await ask(`${url}/metrics`, 'POST'),
    await ask(`${url}/`),
    await ask(`${url}/metrics`, 'GET', { host: 'rebound.example' }),
    await ask(`${url}/metrics`, 'GET', { host: 'localhost:1' }),
  ];
  assert.deepEqual(
    statuses.map(({ status }) => status),
    [200, 405, 404, 403, 200],
  );
});

test('an address beyond this machine is refused unless it is allowed, and a port that is taken is said', async () => {
  const start = (host: string, port = 0) => MetricsServer.start({ host, port, allowRemote: false }, () => []);
  await assert.rejects(start('0.0.0.0'), /metrics\.reporter\.prom\.host is '0\.0\.0\.0'.*--metrics-allow-remote/);
  await assert.rejects(start('127.0.0.1.example'), /which others than this machine may reach/);
  const port = Number(new URL((await serving()).url).port);
  await assert.rejects(start('127.0.0.1', port), /Metrics cannot be served at port \d+ of 127\.0\.0\.1 .*something else listens there/);
});

test('a closed server answers nobody', async () => {
  const server = await serving();
  await server.close();
  await assert.rejects(ask(`${server.url}/metrics`), /ECONNREFUSED/);
});

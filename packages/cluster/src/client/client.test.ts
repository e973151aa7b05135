/** Goal: what a client decides before anything runs: configuration, slots, what it records. Method: the pieces alone, with clusters that are only counted. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { AUTO_WATERMARK_RECORDS, DEFAULT_PARALLELISM } from '@millrace/streaming/api/job-options';
import type { JobGraph } from '@millrace/streaming/graph/job-graph';
import type { LocalCluster } from '../local/local-cluster.ts';
import { compileConfiguration } from './client-configuration.ts';
import { readConstant, recordConstant } from './constants.ts';
import { JobRecording, MAX_RECORDED_BYTES } from './job-recording.ts';
import { LocalClusters } from './local-clusters.ts';
import { SLOTS } from './options.ts';
import { slotDemand } from './slot-demand.ts';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'millrace-client-test-')));
after(() => rmSync(root, { recursive: true, force: true }));

function directoryWith(files: Record<string, string>): string {
  const directory = mkdtempSync(join(root, 'conf-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(directory, name, '..'), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
  return directory;
}

test('defaults, config.yaml, -D and options of the command count in this order', () => {
  const workingDirectory = directoryWith({
    'config.yaml': 'parallelism.default: 2\ntaskmanager:\n  numberOfTaskSlots: 3\npipeline:\n  auto-watermark-records: 5\n',
  });
  const place = { workingDirectory, environment: {} };
  const values = (overrides: Parameters<typeof compileConfiguration>[1]) => {
    const configuration = compileConfiguration(place, overrides);
    return [configuration.get(DEFAULT_PARALLELISM), configuration.get(SLOTS), configuration.get(AUTO_WATERMARK_RECORDS)];
  };
  const dynamicProperties = ['parallelism.default=4', 'taskmanager.numberOfTaskSlots=6', 'parallelism.default=5'];
  assert.deepEqual(values({}), [2, 3, 5]);
  assert.deepEqual(values({ dynamicProperties }), [5, 6, 5]);
  assert.deepEqual(values({ dynamicProperties, flags: [{ flag: '--slots', key: SLOTS.key, text: '7' }] }), [5, 7, 5]);
  assert.equal(compileConfiguration({ workingDirectory: directoryWith({}), environment: {} }).get(DEFAULT_PARALLELISM), 1);
});

test('the file is looked for in --config-dir, MILLRACE_CONF_DIR, ./conf and the working directory', () => {
  const workingDirectory = directoryWith({
    'config.yaml': 'parallelism.default: 1',
    'conf/config.yaml': 'parallelism.default: 2',
    'a/config.yaml': 'parallelism.default: 3',
    'b/config.yaml': 'parallelism.default: 4',
  });
  const found = (configDirectory: string | undefined, environment: Record<string, string>) =>
    compileConfiguration({ workingDirectory, configDirectory, environment }).get(DEFAULT_PARALLELISM);
  const withBoth = found('b', { MILLRACE_CONF_DIR: 'a' });
  assert.deepEqual([found(undefined, {}), found(undefined, { MILLRACE_CONF_DIR: 'a' }), withBoth], [2, 3, 4]);
});

test('a directory that is named must have the file', () => {
  const workingDirectory = directoryWith({});
  const path = join(workingDirectory, 'nowhere', 'config.yaml');
  for (const [source, place] of [
    ['--config-dir', { workingDirectory, configDirectory: 'nowhere', environment: {} }],
    ['MILLRACE_CONF_DIR', { workingDirectory, environment: { MILLRACE_CONF_DIR: 'nowhere' } }],
  ] as const) {
    const message = `${source} is 'nowhere', but there is no file ${path}. Create it, or name another directory.`;
    assert.throws(() => compileConfiguration(place), { name: 'ConfigError', reason: 'no-configuration-file', message });
  }
});

test('what is wrong with config.yaml is said with its name', () => {
  const refusal = (text: string) => {
    try {
      compileConfiguration({ workingDirectory: directoryWith({ 'config.yaml': text }), environment: {} });
    } catch (error) {
      return (error as Error).message;
    }
    return 'accepted';
  };
  assert.deepEqual(
    [
      refusal('a: b: c'),
      refusal('- 1'),
      refusal('parallelism.default: 2\nparallelism: { default: 3 }'),
      refusal('parallelism: { defualt: 3 }'),
      refusal('parallelism.default: many'),
      refusal(''),
    ],
    [
      'config.yaml is not YAML: Nested mappings are not allowed in compact mappings at line 1, column 4. Correct the file.',
      "config.yaml has no keys at its top. Write lines such as 'parallelism.default: 2'.",
      'config.yaml sets parallelism.default twice. Keep one of the two.',
      'parallelism.defualt (from config.yaml) is not a configuration key. Did you mean parallelism.default?',
      "parallelism.default is 'many' (from config.yaml), but it must be a whole number from 1 to 32768.",
      'accepted',
    ],
  );
});

test('constants come back as what they were', () => {
  const value = {
    id: 'a',
    at: new Date(5),
    big: 7n,
    list: [1, null, undefined],
    map: new Map([['k', new Set([1])]]),
    bytes: new Uint8Array([1, 2]),
  };
  const { text, value: seen } = recordConstant(value, 0);
  assert.deepEqual(readConstant(text), value);
  assert.deepEqual(seen, value);
  assert.notEqual(seen, value, 'the client works with the copy that the slots get');
});

test('constants that cannot travel are refused with their number', () => {
  assert.throws(() => recordConstant(Promise.resolve(1), 1), {
    name: 'UsageError',
    message:
      'The value of env.constant number 2 is a promise. Give env.constant a function that returns the value itself, for example with readFileSync.',
  });
  assert.throws(
    () => recordConstant({ inner: { f: () => 1 } }, 0),
    /^UsageError: The value of env\.constant number 1 cannot travel with the job: .*inner\.f/s,
  );
  const long = 'x'.repeat(1024 * 1024 + 1);
  assert.throws(
    () => recordConstant(long, 0),
    /has 10\d+ bytes; at most 1048576 can travel with the job\. Write it to a file and read that in open\(\)\./,
  );
});

test('what a job sent is kept up to a bound, and beyond it a later job is refused', () => {
  const recording = new JobRecording('big');
  recording.submitted('id');
  recording.collected(new Uint8Array([1]));
  assert.deepEqual(recording.result(), { jobId: 'id', collected: [new Uint8Array([1])], netRuntimeMs: 0, outcome: 'RUNNING' });
  recording.finished({ jobId: 'id', netRuntimeMs: 3 });
  assert.equal(recording.result().outcome, 'FINISHED');
  recording.collected(new Uint8Array(MAX_RECORDED_BYTES));
  const message =
    "The job 'big' sent 16777217 bytes to its program; at most 16777216 are kept for the jobs after it, in whose slots the program runs again. " +
    'Collect less, write the result to a file, or make it the last job of the program.';
  assert.throws(() => recording.result(), { name: 'UsageError', reason: 'recorded-results', message });
});

test('a job needs as many slots as the widest vertex of each slot sharing group', () => {
  const vertices = [
    { slotSharingGroup: 'default', parallelism: 2 },
    { slotSharingGroup: 'default', parallelism: 3 },
    { slotSharingGroup: 'other', parallelism: 4 },
  ];
  assert.equal(slotDemand({ vertices } as unknown as JobGraph), 7);
});

interface Counted {
  readonly slots: number;
  closed: boolean;
}

function counted(pinnedSlots?: number): { readonly clusters: LocalClusters; readonly started: Counted[] } {
  const started: Counted[] = [];
  const start = async ({ slots }: { slots: number }) => {
    const cluster = { slots, closed: false };
    started.push(cluster);
    return {
      ...({} as LocalCluster),
      close: async () => {
        cluster.closed = true;
      },
    };
  };
  return {
    clusters: new LocalClusters({
      cluster: {},
      pinnedSlots,
      idleMs: Number.POSITIVE_INFINITY,
      firstJobMs: Number.POSITIVE_INFINITY,
      start,
    }),
    started,
  };
}

test('the cluster that was started ahead serves a job that fits, and is replaced for one that does not', async () => {
  const { clusters, started } = counted();
  clusters.prepare(2);
  (await clusters.lease(2)).release();
  (await clusters.lease(1)).release();
  (await clusters.lease(5)).release();
  await clusters.close();
  assert.deepEqual(started, [
    { slots: 2, closed: true },
    { slots: 5, closed: true },
  ]);
});

test('jobs at the same time get slots of their own', async () => {
  const { clusters, started } = counted();
  clusters.prepare(1);
  const leases = [await clusters.lease(1), await clusters.lease(1)];
  assert.deepEqual(
    started.map(({ closed }) => closed),
    [false, false],
  );
  for (const lease of leases) lease.release();
  await clusters.close();
  assert.deepEqual(
    started.map(({ closed }) => closed),
    [true, true],
  );
});

test("with the user's own number of slots jobs share one cluster, and one that can never fit is refused", async () => {
  const { clusters, started } = counted(2);
  clusters.prepare(1);
  await clusters.lease(2);
  await clusters.lease(1);
  assert.deepEqual(started, [{ slots: 2, closed: false }]);
  const message =
    "The job needs 3 slots, but the TaskManager has 2 (taskmanager.numberOfTaskSlots). Start with --slots 3, leave the number out, or lower the job's parallelism.";
  await assert.rejects(clusters.lease(3), { name: 'UsageError', reason: 'too-few-slots', message });
});

// Goal: a task ends whatever it is doing, closes what it opened, keeps no promise and no memory, and lets its thread sleep. Method: jobs that are stopped in every
// state; their ends are awaited as events, never by time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SequenceSource } from '@millrace/streaming/builtin/sequence-source';
import type { OneInputOperator, OperatorLogic } from '@millrace/streaming/contract/operator';
import type { Sink } from '@millrace/streaming/contract/sink';
import { WatermarkStrategy } from '@millrace/streaming/contract/watermark-strategy';
import { Doorbell, DoorbellButton } from '../network/doorbell.ts';
import { type FixtureOperator, RunningJob, runJob } from './fixture.test.ts';

const never = new Promise<void>(() => {});

function numbers(to: number): FixtureOperator {
  return { name: 'numbers', logic: { kind: 'source', source: new SequenceSource(1, to), strategy: WatermarkStrategy.noWatermarks() } };
}

function sinkOf(sink: Partial<Awaited<ReturnType<Sink<unknown>['createWriter']>>>): FixtureOperator {
  return { name: 'sink', logic: { kind: 'sink', sink: { createWriter: () => ({ write() {}, flush() {}, close() {}, ...sink }) } } };
}

function operatorOf(operator: Partial<OneInputOperator>): FixtureOperator {
  return {
    name: 'operator',
    logic: { kind: 'operator', create: (context) => ({ processElement: (record) => context.output.collect(record), ...operator }) },
  };
}

test('cancel before the program is bound', async () => {
  const job = new RunningJob({ vertices: [{ operators: [numbers(5), sinkOf({})] }] }, { ports: { bind: () => never as never } }).start();
  job.cancel();
  await job.result();
  assert.deepEqual([...job.states.values()], [['CANCELED']]);
});

test('cancel while an open does not settle: what was opened is closed', async () => {
  const closed: string[] = [];
  let opened = () => {};
  const reached = new Promise<void>((resolve) => {
    opened = resolve;
  });
  const operators = [
    numbers(5),
    operatorOf({
      open: () => {
        opened();
        return never;
      },
      close: () => void closed.push('operator'),
    }),
    sinkOf({ close: () => void closed.push('sink') }),
  ];
  const job = new RunningJob({ vertices: [{ operators }] }).start();
  await reached;
  job.cancel();
  await job.result();
  assert.deepEqual([...job.states.values()], [['INITIALIZING', 'CANCELED']]);
  assert.deepEqual(closed.sort(), ['operator', 'sink']);
});

test('cancel while running, blocked by a sink that never settles', async () => {
  let written = 0;
  const closed: string[] = [];
  let full = () => {};
  const reached = new Promise<void>((resolve) => {
    full = resolve;
  });
  const write = () => {
    written += 1;
    full();
    return never;
  };
  const job = new RunningJob({
    vertices: [{ operators: [numbers(1e9), operatorOf({}), sinkOf({ write, close: () => void closed.push('sink') })] }],
  }).start();
  await reached;
  job.cancel();
  await job.result();
  assert.deepEqual(job.lastStates(), ['CANCELED']);
  assert.equal(written, 1, 'the next call waits for the last');
  assert.deepEqual(closed, ['sink']);
});

test('cancel while the end is flushed: nothing is committed any more', async () => {
  const calls: string[] = [];
  let flushing = () => {};
  const reached = new Promise<void>((resolve) => {
    flushing = resolve;
  });
  let flushed = () => {};
  const held = new Promise<void>((resolve) => {
    flushed = resolve;
  });
  const sink = {
    createWriter: () => ({
      write() {},
      flush: (end: boolean) => {
        if (!end) return undefined;
        flushing();
        return held;
      },
      prepareCommit: () => {
        calls.push('prepareCommit');
        return [];
      },
      close: () => void calls.push('close'),
    }),
    createCommitter: () => ({ commit: () => void calls.push('commit'), close() {} }),
  } as unknown as Sink<unknown>;
  const job = new RunningJob({ vertices: [{ operators: [numbers(5), { name: 'sink', logic: { kind: 'sink', sink } }] }] }).start();
  await reached;
  job.cancel();
  flushed();
  await job.result();
  assert.deepEqual(job.lastStates(), ['CANCELED']);
  assert.deepEqual(calls, ['close']);
});

test('an endless generator is pulled only as fast as the sink takes, and ends when the job is canceled', async () => {
  let pulled = 0;
  let finished = false;
  function* endless() {
    try {
      for (;;) yield pulled++;
    } finally {
      finished = true;
    }
  }
  let written = 0;
  let enough = () => {};
  const reached = new Promise<void>((resolve) => {
    enough = resolve;
  });
  const write = async () => {
    written += 1;
    if (written === 3000) enough();
  };
  const job = new RunningJob({
    vertices: [{ operators: [numbers(5), { name: 'endless', logic: { kind: 'flatMap', fn: endless } }, sinkOf({ write })] }],
  }).start();
  await reached;
  assert.ok(pulled - written <= 300, `${pulled} pulled, ${written} written`);
  job.cancel();
  await job.result();
  assert.ok(finished, 'the generator was ended');
});

test('a failure is told once, the first, and everything is closed', async () => {
  const closed: string[] = [];
  const operators = [
    numbers(5),
    operatorOf({
      processElement: () => {
        throw new Error('first');
      },
      close: () => {
        closed.push('operator');
        throw new Error('second');
      },
    }),
    sinkOf({ close: () => void closed.push('sink') }),
  ];
  const job = await runJob({ vertices: [{ operators }] });
  assert.deepEqual([...job.states.values()], [['INITIALIZING', 'RUNNING', 'FAILED']]);
  assert.match(job.failures[0]?.message ?? '', /first/);
  assert.deepEqual(closed.sort(), ['operator', 'sink']);
});

test('a close that fails after a good end fails the task', async () => {
  const job = await runJob({ vertices: [{ operators: [numbers(5), sinkOf({ close: () => Promise.reject(new Error('disk full')) })] }] });
  assert.deepEqual(job.lastStates(), ['FAILED']);
  assert.match(job.failures[0]?.message ?? '', /disk full/);
});

test('a close that never settles is given up: after a good end the task has failed, after a cancellation it says what was left', async () => {
  const operators = [numbers(5), operatorOf({ close: () => never }), sinkOf({})];
  const job = await runJob({ vertices: [{ operators }] }, { ports: { closeTimeoutMs: 1 } });
  assert.deepEqual(job.lastStates(), ['FAILED']);
  const said =
    /^Operator 'operator' of numbers -> operator -> sink \(1\/1\) did not end: the promise of its close\(\) did not settle within 1 ms/;
  assert.match(job.failures[0]?.message ?? '', said);
  const endless = [numbers(1e9), operatorOf({ close: () => never }), sinkOf({})];
  const canceled = new RunningJob({ vertices: [{ operators: endless }] }, { ports: { closeTimeoutMs: 1 } }).start();
  await eventually(() => [...canceled.states.values()].some((states) => states.includes('RUNNING')));
  canceled.cancel();
  await canceled.result();
  assert.deepEqual(canceled.lastStates(), ['CANCELED']);
  assert.match(canceled.failures[0]?.message ?? '', said);
});

test('a slot whose tasks wait is parked, and a promise of user code wakes it', async () => {
  const doorbell = Doorbell.createMemory();
  const button = new DoorbellButton(doorbell);
  let settle = () => {};
  const held = new Promise<void>((resolve) => {
    settle = resolve;
  });
  const operators = [numbers(3), sinkOf({ write: (n: unknown) => (n === 1 ? held : undefined) })];
  const job = new RunningJob({ vertices: [{ operators }] }, { ports: { doorbell } }).start();
  await eventually(() => button.isParked());
  settle();
  await job.result();
  assert.deepEqual(job.lastStates(), ['FINISHED']);
});

test('over its memory limit the slot fails its tasks by name', async () => {
  let collections = 0;
  const memory = {
    heapUsedBytes: () => 200 * 1024 * 1024,
    externalBytes: () => 100 * 1024 * 1024,
    collect: () => {
      collections += 1;
    },
  };
  const operators: FixtureOperator[] = [numbers(1e9), sinkOf({})];
  const job = await runJob({ vertices: [{ operators }] }, { ports: { memory, memoryLimitBytes: 256 * 1024 * 1024 } });
  assert.deepEqual(job.lastStates(), ['FAILED']);
  assert.equal(job.failures[0]?.reason, 'slot-memory');
  assert.match(
    job.failures[0]?.message ?? '',
    /^Slot 0 of TaskManager [\w-]+ uses 200\.0 MiB of heap and 100\.0 MiB outside it; its limit is 256\.0 MiB\. About 300\.0 MiB is in no state, but in variables of functions \(of operator 'numbers', subtask 1\/1, operator 'sink', subtask 1\/1\), or in records under way\. .* raise taskmanager\.memory\.task\.heap\.size\.$/,
  );
  assert.equal(collections, 1, 'garbage is collected before the slot speaks');
});

test('garbage over the limit is no failure', async () => {
  let garbage = 300 * 1024 * 1024;
  const memory = {
    heapUsedBytes: () => garbage,
    externalBytes: () => 0,
    collect: () => {
      garbage = 0;
    },
  };
  const job = await runJob(
    { vertices: [{ operators: [numbers(100_000), sinkOf({})] }] },
    { ports: { memory, memoryLimitBytes: 256 * 1024 * 1024 } },
  );
  assert.deepEqual(job.lastStates(), ['FINISHED']);
});

test('user code can be named while it runs, and nothing is named between turns', async () => {
  const names = new Set<string | undefined>();
  let job: RunningJob | undefined;
  const logic: OperatorLogic = {
    kind: 'map',
    fn: (n) => {
      names.add(job?.slots[0]?.currentTaskName());
      return n;
    },
  };
  job = new RunningJob({ vertices: [{ operators: [numbers(5), { name: 'log', logic }, sinkOf({})] }] }).start();
  await job.result();
  assert.deepEqual([...names], ['numbers -> log -> sink (1/1)']);
  assert.equal(job.slots[0]?.currentTaskName(), undefined);
});

/** Looks again at every turn of the event loop. */
async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

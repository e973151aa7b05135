// Goal: what has grown is named first: by state, timers and queues of an operator, or by "in no state". Method: jobs that keep things, in a slot whose memory is said to be full.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SequenceSource } from '@millrace/streaming/builtin/sequence-source';
import type { OneInputOperator, OperatorContext } from '@millrace/streaming/contract/operator';
import { ListStateDescriptor, MapStateDescriptor, ValueStateDescriptor } from '@millrace/streaming/contract/state-descriptor';
import { VOID_NAMESPACES } from '@millrace/streaming/contract/timers';
import { WatermarkStrategy } from '@millrace/streaming/contract/watermark-strategy';
import { type FixtureOperator, RunningJob } from './fixture.test.ts';
import { describeMemory, type OperatorMemory } from './memory-report.ts';

const MIB = 1024 * 1024;
const RECORDS = 20_000;
const KEY = { selector: (n: unknown) => n, type: undefined };

type Keeping = (context: OperatorContext) => Partial<OneInputOperator>;

/** What the failure of the slot says of `keeping`, once it has all records. */
async function failureOf(keeping: Keeping, usedBytes: number): Promise<string> {
  const source = { kind: 'source', source: new SequenceSource(1, RECORDS), strategy: WatermarkStrategy.noWatermarks() } as const;
  let isFull = false;
  let seen = 0;
  const logic: FixtureOperator['logic'] = {
    kind: 'operator',
    key: KEY,
    create: (context) => {
      const operator = keeping(context);
      return {
        ...operator,
        processElement(record) {
          context.keyedState.setCurrentKey(record);
          operator.processElement?.(record);
          seen += 1;
          isFull = seen === RECORDS;
        },
        // Holds the task, so that the slot looks at its memory while all of this is there.
        finish: () => {
          context.flow.blocked += 1;
          return false;
        },
      };
    },
  };
  const memory = { heapUsedBytes: () => (isFull ? usedBytes : 0), externalBytes: () => 0, collect: undefined };
  const operators = [
    { name: 'numbers', logic: source },
    { name: 'Count', uid: 'counts', logic },
  ];
  const job = new RunningJob({ vertices: [{ operators }] }, { ports: { memory, memoryLimitBytes: 1 } }).start();
  await job.result();
  return job.failures[0]?.message ?? '';
}

test('a keyed state, by its name, its operator and its keys', async () => {
  const text = await failureOf((context) => {
    const state = context.keyedState.getState(new ValueStateDescriptor<string>('texts'));
    return { processElement: (n) => state.update(`${String(n)}:${'x'.repeat(200)}`) };
  }, 8 * MIB);
  assert.match(
    text,
    /The most is in state 'texts' of operator 'Count' \(uid counts\), subtask 1\/1: 20000 keys, about [4-7]\.\d MiB\. Keep less/,
  );
});

test('a map of one key, a list without keys, and timers', async () => {
  const text = await failureOf((context) => {
    const map = context.keyedState.getMapState(new MapStateDescriptor<string, number>('visits'));
    const list = context.operatorState.getListState(new ListStateDescriptor<string>('buffered'));
    const timers = context.timers('user-timers', { onEventTime: () => true, onProcessingTime: () => true }, VOID_NAMESPACES);
    return {
      processElement: (n) => {
        timers.registerEventTimeTimer(undefined as never, 1e9 + (n as number));
        context.keyedState.setCurrentKey(0);
        map.put(`name-${String(n)}`, 1);
        list.add(String(n));
      },
    };
  }, 4 * MIB);
  assert.match(text, /The most is in (.*; then in ){2}.*: \d+ \w+, about/);
  assert.match(text, /state 'visits' of operator 'Count' \(uid counts\), subtask 1\/1: 1 key, about 1\.\d MiB/);
  assert.match(text, /timers 'user-timers' of operator 'Count' \(uid counts\), subtask 1\/1: 20000 timers, about 1\.1 MiB/);
  assert.match(text, /state 'buffered' of operator 'Count' \(uid counts\), subtask 1\/1: 20000 elements, about 0\.\d MiB/);
});

test('what functions keep in variables is in no state, and the message says so', async () => {
  const kept: string[] = [];
  const text = await failureOf(() => ({ processElement: (n) => void kept.push(String(n)) }), 500 * MIB);
  assert.match(
    text,
    /About 500\.0 MiB is in no state, but in variables of functions \(of operator 'numbers', .*operator 'Count' \(uid counts\), subtask 1\/1\), or/,
  );
});

test('the largest come first, three of them, and small ones are left out', () => {
  const operator = (operatorName: string, bytes: number): OperatorMemory => ({
    operatorName,
    uid: undefined,
    subtask: 1,
    parallelism: 4,
    uses: [{ name: "state 's'", entries: 3, unit: 'keys', bytes }],
  });
  const text = describeMemory(
    [operator('a', 2 * MIB), operator('b', 8 * MIB), operator('c', 10), operator('d', 4 * MIB), operator('e', MIB)],
    15 * MIB,
  );
  assert.equal(
    text,
    "The most is in state 's' of operator 'b', subtask 2/4: 3 keys, about 8.0 MiB; then in state 's' of operator 'd', subtask 2/4: 3 keys, about 4.0 MiB; " +
      "then in state 's' of operator 'a', subtask 2/4: 3 keys, about 2.0 MiB.",
  );
  assert.equal(describeMemory([operator('c', 10)], MIB), '', 'a slot with nothing in it has nothing to say');
});

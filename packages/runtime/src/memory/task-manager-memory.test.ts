// Goal: the sizes that Flink's documentation gives for its examples, the sums, and refusals with numbers. Method: tables; and seeded settings that must add up.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@millrace/core/base/random';
import {
  deriveMemory,
  describeTaskManagerMemory,
  type MemorySettings,
  type TaskManagerMemory,
  UNCONFIGURED_MEMORY,
} from './task-manager-memory.ts';

const MIB = 2 ** 20;
const DEFAULTS = UNCONFIGURED_MEMORY;

/** In mebibytes. */
function derived(settings: Partial<MemorySettings>): Record<string, number | undefined> {
  const memory = deriveMemory({ ...DEFAULTS, ...settings });
  return Object.fromEntries(
    Object.entries(memory).map(([part, bytes]) => [
      part.replace('Bytes', ''),
      bytes === undefined ? undefined : Math.round((bytes as number) / MIB),
    ]),
  );
}

function total(memory: TaskManagerMemory, ...without: readonly (keyof TaskManagerMemory)[]): number {
  return Object.entries(memory).reduce((sum, [part, bytes]) => (without.includes(part as never) ? sum : sum + (bytes as number)), 0);
}

test("Flink's default configuration: a process of 1728 mb", () => {
  assert.deepEqual(derived({ processBytes: 1728 * MIB }), {
    frameworkHeap: 128,
    frameworkOffHeap: 128,
    taskHeap: 384,
    taskOffHeap: 0,
    network: 128,
    managed: 512,
    metaspace: 256,
    overhead: 192,
  });
});

test('the same from flink.size: 1280 mb', () => {
  assert.deepEqual(derived({ flinkBytes: 1280 * MIB }), derived({ processBytes: 1728 * MIB }));
});

test('the same from its task heap and managed memory, and with both totals beside them', () => {
  const parts = { taskHeapBytes: 384 * MIB, managedBytes: 512 * MIB };
  const expected = derived({ processBytes: 1728 * MIB });
  assert.deepEqual(derived({ ...parts, flinkBytes: 1280 * MIB }), expected);
  assert.deepEqual(derived({ ...parts, processBytes: 1728 * MIB }), expected);
  assert.deepEqual(derived({ ...parts, processBytes: 1728 * MIB, flinkBytes: 1280 * MIB }), expected);
});

test('a share is kept between its bounds, as in the examples of the documentation', () => {
  const overhead = { fraction: 0.1, minBytes: 64 * MIB, maxBytes: 128 * MIB };
  const network = { fraction: 0.1, minBytes: 8 * MIB, maxBytes: 1024 * MIB };
  const small = { metaspaceBytes: 32 * MIB, frameworkHeapBytes: 16 * MIB, frameworkOffHeapBytes: 16 * MIB, network };
  const overheadOf = (process: number) => derived({ ...small, overhead, processBytes: process * MIB })['overhead'];
  assert.deepEqual([overheadOf(1000), overheadOf(300), overheadOf(4000)], [100, 64, 128]);
  const networkOf = (flink: number) =>
    derived({ ...small, network: { fraction: 0.1, minBytes: 64 * MIB, maxBytes: 128 * MIB }, flinkBytes: flink * MIB })['network'];
  assert.deepEqual([networkOf(1000), networkOf(300), networkOf(4000)], [100, 64, 128]);
});

test('managed memory is its size where that is set, else its fraction', () => {
  assert.equal(derived({ flinkBytes: 2000 * MIB, managedFraction: 0.25 })['managed'], 500);
  assert.equal(derived({ flinkBytes: 2000 * MIB, managedFraction: 0.25, managedBytes: 100 * MIB })['managed'], 100);
});

test('without a total nothing is divided, as for local execution', () => {
  const expected = { ...derived({ processBytes: 1728 * MIB }), taskHeap: undefined, network: 64, managed: 128 };
  assert.deepEqual(derived({}), expected);
  assert.deepEqual(derived({ taskHeapBytes: 64 * MIB })['taskHeap'], 64);
  assert.deepEqual(derived({ networkBytes: 32 * MIB, managedBytes: 0 }), { ...expected, network: 32, managed: 0 });
});

const REFUSED: readonly (readonly [string, Partial<MemorySettings>, RegExp])[] = [
  [
    'a process that is too small for what is beside Flink',
    { processBytes: 300 * MIB },
    /^The memory of the TaskManager does not add up: jvm-metaspace\.size 256 mb, jvm-overhead 192 mb are 448 mb together, but there are 300 mb for them \(taskmanager\.memory\.process\.size\)\. Raise taskmanager\.memory\.process\.size by at least 148 mb, or lower one of the others\.$/,
  ],
  [
    'parts that are more than flink.size',
    { flinkBytes: 512 * MIB, managedBytes: 300 * MIB },
    /framework\.heap\.size 128 mb, framework\.off-heap\.size 128 mb, task\.off-heap\.size 0 bytes, managed 300 mb, network 64 mb are 620 mb together, but there are 512 mb .*Raise taskmanager\.memory\.flink\.size by at least 108 mb/,
  ],
  [
    'a network memory that is left over and not in its range',
    { flinkBytes: 1280 * MIB, taskHeapBytes: 500 * MIB },
    /what the others leave of the memory of tasks \(1280 mb\) is 12 mb for taskmanager\.memory\.network, which must be from 64 mb to 1 gb/,
  ],
  [
    'a network size that the others do not leave',
    { flinkBytes: 1280 * MIB, taskHeapBytes: 384 * MIB, networkBytes: 64 * MIB },
    /is 128 mb for taskmanager\.memory\.network, which must be exactly 64 mb/,
  ],
  [
    'an overhead that both totals leave and that is not in its range',
    { flinkBytes: 1280 * MIB, processBytes: 1600 * MIB },
    /what the others leave of taskmanager\.memory\.process\.size \(1600 mb\) is 64 mb for taskmanager\.memory\.jvm-overhead, which must be from 192 mb to 1 gb/,
  ],
  [
    'a least size above the greatest',
    { network: { fraction: 0.1, minBytes: 2 * MIB, maxBytes: MIB } },
    /network\.min is 2 mb, taskmanager\.memory\.network\.max 1 mb and .* Correct one of them/,
  ],
  [
    'a fraction of everything',
    { overhead: { fraction: 1, minBytes: 0, maxBytes: MIB } },
    /jvm-overhead\.fraction 1\. The fraction must be from 0 to below 1/,
  ],
];

for (const [what, settings, message] of REFUSED) {
  test(`refused with the numbers: ${what}`, () => {
    assert.throws(() => deriveMemory({ ...DEFAULTS, ...settings }), { name: 'ConfigError', reason: 'memory-conflict', message });
  });
}

test('whatever is configured, the parts add up to it, or it is refused', () => {
  let accepted = 0;
  for (let seed = 1; seed <= 2_000; seed += 1) {
    const random = seededRandom(seed);
    const some = (max: number) => (random.nextInt(2) === 0 ? undefined : random.nextInt(max * MIB));
    const settings = {
      ...DEFAULTS,
      processBytes: some(8000),
      flinkBytes: some(6000),
      taskHeapBytes: some(3000),
      managedBytes: some(2000),
      managedFraction: random.next() * 0.9,
    };
    if ((settings.processBytes ?? settings.flinkBytes) === undefined) continue;
    let memory: TaskManagerMemory;
    try {
      memory = deriveMemory(settings);
    } catch (error) {
      assert.equal((error as { reason?: string }).reason, 'memory-conflict', `seed ${seed}`);
      continue;
    }
    accepted += 1;
    const { processBytes, flinkBytes, taskHeapBytes, managedBytes } = settings;
    if (processBytes !== undefined) assert.equal(total(memory), processBytes, `seed ${seed}`);
    if (flinkBytes !== undefined) assert.equal(total(memory, 'metaspaceBytes', 'overheadBytes'), flinkBytes, `seed ${seed}`);
    if (taskHeapBytes !== undefined) assert.equal(memory.taskHeapBytes, taskHeapBytes, `seed ${seed}`);
    if (managedBytes !== undefined) assert.equal(memory.managedBytes, managedBytes, `seed ${seed}`);
    assert.ok(
      Object.values(memory).every((bytes) => Number.isSafeInteger(bytes) && (bytes as number) >= 0),
      `seed ${seed}`,
    );
  }
  assert.ok(accepted > 200, `only ${accepted} settings were accepted: the test has lost its power`);
});

test('one line says all parts and the sums', () => {
  assert.equal(
    describeTaskManagerMemory(deriveMemory({ ...DEFAULTS, processBytes: 1728 * MIB })),
    'process 1728 mb, of these flink 1280 mb: framework.heap.size 128 mb, framework.off-heap.size 128 mb, task.off-heap.size 0 bytes, managed 512 mb, ' +
      'network 128 mb, task.heap.size 384 mb, jvm-metaspace.size 256 mb, jvm-overhead 192 mb',
  );
});

/** The options that say how the memory of a TaskManager is divided: Flink's keys, and what they come to (runtime/memory/task-manager-memory.ts). */
import type { Configuration } from '@millrace/core/config/configuration';
import { option } from '@millrace/core/config/option';
import type { BoundedShare, MemorySettings } from '@millrace/runtime/memory/task-manager-memory';

const PROCESS = option({
  key: 'taskmanager.memory.process.size',
  type: 'memory',
  text: 'All memory of a TaskManager. Where it is set the other sizes follow from it by the rules of docs/memory.md; of this and `taskmanager.memory.flink.size` set one.',
});
const FLINK = option({
  key: 'taskmanager.memory.flink.size',
  type: 'memory',
  text: 'The memory of a TaskManager without that of the runtime beneath (`jvm-metaspace` and `jvm-overhead`).',
});
const TASK_HEAP = option({
  key: 'taskmanager.memory.task.heap.size',
  type: 'memory',
  min: 16 * 2 ** 20,
  text: 'Heap of a TaskManager for user code and state, shared evenly by its slots. A task that outgrows its share fails with a message; the others go on. By default what the total leaves; without a total, 60 % of the memory of the machine and at most 4 gb for each slot.',
});
const TASK_OFF_HEAP = option({
  key: 'taskmanager.memory.task.off-heap.size',
  type: 'memory',
  default: '0',
  text: 'Memory outside the heap (array buffers, native code) for user code. It is added to the share of the heap, with which it is measured.',
});
const FRAMEWORK_HEAP = option({
  key: 'taskmanager.memory.framework.heap.size',
  type: 'memory',
  default: '128 mb',
  text: 'Heap of the TaskManager itself: its main thread. Set aside when a total is divided, and not enforced.',
});
const FRAMEWORK_OFF_HEAP = option({
  key: 'taskmanager.memory.framework.off-heap.size',
  type: 'memory',
  default: '128 mb',
  text: 'Memory outside the heap of the TaskManager itself: buffers of files and sockets. Set aside, and not enforced.',
});
const MANAGED_SIZE = option({
  key: 'taskmanager.memory.managed.size',
  type: 'memory',
  text: 'Memory that operators take in pieces and give back, for sorting; each slot has its even share. What does not fit goes to files. By default a fraction of the total; without a total 128 mb.',
});
const MANAGED_FRACTION = option({
  key: 'taskmanager.memory.managed.fraction',
  type: 'double',
  default: 0.4,
  min: 0,
  max: 1,
  text: 'The managed memory as a fraction of `taskmanager.memory.flink.size`, where `taskmanager.memory.managed.size` is not set.',
});
const NETWORK = option({
  key: 'taskmanager.memory.network.size',
  type: 'memory',
  min: 32 * 1024,
  text: 'Memory of a TaskManager for buffers between slots, in segments of 32 kb: in place of fraction, least and greatest size.',
});
const NETWORK_FRACTION = option({
  key: 'taskmanager.memory.network.fraction',
  type: 'double',
  default: 0.1,
  min: 0,
  max: 1,
  text: 'The network memory as a fraction of `taskmanager.memory.flink.size`.',
});
const NETWORK_MIN = option({
  key: 'taskmanager.memory.network.min',
  type: 'memory',
  default: '64 mb',
  min: 32 * 1024,
  text: 'The least size of the network memory, and its size where no total is set.',
});
const NETWORK_MAX = option({
  key: 'taskmanager.memory.network.max',
  type: 'memory',
  default: '1 gb',
  min: 32 * 1024,
  text: 'The greatest size of the network memory.',
});
const METASPACE = option({
  key: 'taskmanager.memory.jvm-metaspace.size',
  type: 'memory',
  default: '256 mb',
  text: "What is set aside for code: of Node, of the engine and of the job, in every slot. Not enforced. The key is Flink's.",
});
const OVERHEAD_FRACTION = option({
  key: 'taskmanager.memory.jvm-overhead.fraction',
  type: 'double',
  default: 0.1,
  min: 0,
  max: 1,
  text: "What is set aside for stacks, garbage that is not collected yet and the allocator, as a fraction of `taskmanager.memory.process.size`. Not enforced. The key is Flink's.",
});
const OVERHEAD_MIN = option({
  key: 'taskmanager.memory.jvm-overhead.min',
  type: 'memory',
  default: '192 mb',
  text: 'The least size of that.',
});
const OVERHEAD_MAX = option({
  key: 'taskmanager.memory.jvm-overhead.max',
  type: 'memory',
  default: '1 gb',
  text: 'The greatest size of that.',
});

export const MEMORY_OPTIONS = [
  PROCESS,
  FLINK,
  TASK_HEAP,
  TASK_OFF_HEAP,
  MANAGED_SIZE,
  MANAGED_FRACTION,
  NETWORK,
  NETWORK_FRACTION,
  NETWORK_MIN,
  NETWORK_MAX,
  FRAMEWORK_HEAP,
  FRAMEWORK_OFF_HEAP,
  METASPACE,
  OVERHEAD_FRACTION,
  OVERHEAD_MIN,
  OVERHEAD_MAX,
];

type MemoryOption = typeof TASK_OFF_HEAP;

export function memorySettingsOf(configuration: Configuration): MemorySettings {
  const bytes = (declared: MemoryOption) => configuration.get(declared).getBytes();
  const share = (fraction: typeof NETWORK_FRACTION, [least, greatest]: readonly [MemoryOption, MemoryOption]): BoundedShare => ({
    fraction: configuration.get(fraction),
    minBytes: bytes(least),
    maxBytes: bytes(greatest),
  });
  return {
    processBytes: configuration.get(PROCESS)?.getBytes(),
    flinkBytes: configuration.get(FLINK)?.getBytes(),
    taskHeapBytes: configuration.get(TASK_HEAP)?.getBytes(),
    taskOffHeapBytes: bytes(TASK_OFF_HEAP),
    frameworkHeapBytes: bytes(FRAMEWORK_HEAP),
    frameworkOffHeapBytes: bytes(FRAMEWORK_OFF_HEAP),
    managedBytes: configuration.get(MANAGED_SIZE)?.getBytes(),
    managedFraction: configuration.get(MANAGED_FRACTION),
    networkBytes: configuration.get(NETWORK)?.getBytes(),
    network: share(NETWORK_FRACTION, [NETWORK_MIN, NETWORK_MAX]),
    metaspaceBytes: bytes(METASPACE),
    overhead: share(OVERHEAD_FRACTION, [OVERHEAD_MIN, OVERHEAD_MAX]),
  };
}

/**
 * How the memory of a TaskManager is divided, by Flink's rules: what is configured is taken, the rest follows from it, and what does not add up is refused with the numbers.
 *
 *     process = flink + jvm-metaspace + jvm-overhead
 *     flink   = framework.heap + framework.off-heap + task.heap + task.off-heap + network + managed
 *
 * DM1 the parts of what is returned add up to their sums, to the byte, but for `taskHeap` undefined: nobody has said how large anything is, as for local execution in Flink.
 * DM2 one part fills up what a total leaves: the network memory where the task heap is configured, else the task heap; the overhead where both totals are.
 */
import { ConfigError } from '@millrace/core/base/errors';
import { MemorySize } from '@millrace/core/config/memory-size';

const KEY = 'taskmanager.memory';

/** Sizes in bytes. Undefined: not configured. */
export interface MemorySettings {
  readonly processBytes?: number | undefined;
  readonly flinkBytes?: number | undefined;
  readonly taskHeapBytes?: number | undefined;
  readonly taskOffHeapBytes: number;
  readonly frameworkHeapBytes: number;
  readonly frameworkOffHeapBytes: number;
  readonly managedBytes?: number | undefined;
  readonly managedFraction: number;
  /** In place of the three below. */
  readonly networkBytes?: number | undefined;
  readonly network: BoundedShare;
  readonly metaspaceBytes: number;
  readonly overhead: BoundedShare;
}

export interface BoundedShare {
  readonly fraction: number;
  readonly minBytes: number;
  readonly maxBytes: number;
}

export interface TaskManagerMemory {
  readonly frameworkHeapBytes: number;
  readonly frameworkOffHeapBytes: number;
  /** Undefined: as much as the machine has (DM1). */
  readonly taskHeapBytes: number | undefined;
  readonly taskOffHeapBytes: number;
  readonly networkBytes: number;
  readonly managedBytes: number;
  readonly metaspaceBytes: number;
  readonly overheadBytes: number;
}

/** Flink's local execution has these where no total is configured. */
export const LOCAL_MANAGED_BYTES = 128 * 2 ** 20;

/** Where nobody has configured anything: Flink's defaults. */
export const UNCONFIGURED_MEMORY: MemorySettings = {
  taskOffHeapBytes: 0,
  frameworkHeapBytes: 128 * 2 ** 20,
  frameworkOffHeapBytes: 128 * 2 ** 20,
  managedFraction: 0.4,
  network: { fraction: 0.1, minBytes: 64 * 2 ** 20, maxBytes: 2 ** 30 },
  metaspaceBytes: 256 * 2 ** 20,
  overhead: { fraction: 0.1, minBytes: 192 * 2 ** 20, maxBytes: 2 ** 30 },
};

export function deriveMemory(settings: MemorySettings): TaskManagerMemory {
  checkShare('network', settings.network);
  checkShare('jvm-overhead', settings.overhead);
  const { processBytes, flinkBytes, taskHeapBytes, managedBytes } = settings;
  if (taskHeapBytes !== undefined && managedBytes !== undefined) return withJvm(settings, ofParts(settings, taskHeapBytes, managedBytes));
  if (flinkBytes !== undefined) return withJvm(settings, ofFlink(settings, flinkBytes));
  if (processBytes !== undefined) return ofProcess(settings, processBytes);
  return withoutTotal(settings);
}

/** Without a total nothing bounds anything else: each part is what it is set to. */
function withoutTotal(settings: MemorySettings): TaskManagerMemory {
  const { network, networkBytes, managedBytes, metaspaceBytes, overhead } = settings;
  const parts = {
    ...fixedParts(settings),
    taskHeapBytes: settings.taskHeapBytes,
    networkBytes: networkBytes ?? network.minBytes,
    managedBytes: managedBytes ?? LOCAL_MANAGED_BYTES,
    metaspaceBytes,
  };
  const known = sum({ ...parts, taskHeapBytes: parts.taskHeapBytes ?? 0 });
  return { ...parts, overheadBytes: inverseShare(known, overhead) };
}

type FlinkParts = Omit<TaskManagerMemory, 'metaspaceBytes' | 'overheadBytes' | 'taskHeapBytes'> & { readonly taskHeapBytes: number };

/** Task heap and managed memory are set: the network memory is what a total leaves, or its share of the whole. */
function ofParts(settings: MemorySettings, taskHeapBytes: number, managedBytes: number): FlinkParts {
  const { flinkBytes, network, networkBytes } = settings;
  const parts = { ...fixedParts(settings), taskHeapBytes, managedBytes };
  if (flinkBytes !== undefined) return { ...parts, networkBytes: networkRest(settings, parts, flinkBytes) };
  return { ...parts, networkBytes: networkBytes ?? inverseShare(sum(parts), network) };
}

function ofFlink(settings: MemorySettings, flinkBytes: number): FlinkParts {
  const { taskHeapBytes, network, networkBytes, managedFraction } = settings;
  const managedBytes = settings.managedBytes ?? Math.floor(flinkBytes * managedFraction);
  const parts = { ...fixedParts(settings), managedBytes };
  if (taskHeapBytes !== undefined) {
    const all = { ...parts, taskHeapBytes };
    return { ...all, networkBytes: networkRest(settings, all, flinkBytes) };
  }
  const all = { ...parts, networkBytes: networkBytes ?? share(flinkBytes, network) };
  refuseMore(all, flinkBytes, 'flink.size');
  return { ...all, taskHeapBytes: flinkBytes - sum(all) };
}

function ofProcess(settings: MemorySettings, processBytes: number): TaskManagerMemory {
  const jvm = { metaspaceBytes: settings.metaspaceBytes, overheadBytes: share(processBytes, settings.overhead) };
  refuseMore(jvm, processBytes, 'process.size');
  return { ...ofFlink(settings, processBytes - sum(jvm)), ...jvm };
}

function withJvm(settings: MemorySettings, parts: FlinkParts): TaskManagerMemory {
  const { processBytes, metaspaceBytes, overhead } = settings;
  const all = { ...parts, metaspaceBytes };
  if (processBytes === undefined) return { ...all, overheadBytes: inverseShare(sum(all), overhead) };
  refuseMore(all, processBytes, 'process.size');
  const overheadBytes = processBytes - sum(all);
  refuseOutside('jvm-overhead', overheadBytes, overhead, `${KEY}.process.size (${show(processBytes)})`);
  return { ...all, overheadBytes };
}

function networkRest({ network, networkBytes }: MemorySettings, parts: Record<string, number>, flinkBytes: number): number {
  refuseMore(parts, flinkBytes, 'flink.size');
  const rest = flinkBytes - sum(parts);
  const allowed = networkBytes === undefined ? network : { fraction: 0, minBytes: networkBytes, maxBytes: networkBytes };
  refuseOutside('network', rest, allowed, `the memory of tasks (${show(flinkBytes)})`);
  return rest;
}

function fixedParts({ frameworkHeapBytes, frameworkOffHeapBytes, taskOffHeapBytes }: MemorySettings) {
  return { frameworkHeapBytes, frameworkOffHeapBytes, taskOffHeapBytes };
}

function share(baseBytes: number, { fraction, minBytes, maxBytes }: BoundedShare): number {
  return Math.min(maxBytes, Math.max(minBytes, Math.floor(baseBytes * fraction)));
}

/** The share of the whole, where the base is the rest of it. */
function inverseShare(restBytes: number, bounds: BoundedShare): number {
  return share(restBytes, { ...bounds, fraction: bounds.fraction / (1 - bounds.fraction) });
}

function sum(parts: Readonly<Record<string, number>>): number {
  return Object.values(parts).reduce((total, bytes) => total + bytes, 0);
}

function checkShare(part: string, { fraction, minBytes, maxBytes }: BoundedShare): void {
  if (minBytes <= maxBytes && fraction >= 0 && fraction < 1) return;
  throw new ConfigError(
    `${KEY}.${part}.min is ${show(minBytes)}, ${KEY}.${part}.max ${show(maxBytes)} and ${KEY}.${part}.fraction ${fraction}. ` +
      'The fraction must be from 0 to below 1, and the least size not above the greatest. Correct one of them.',
    { reason: 'memory-conflict' },
  );
}

function refuseMore(parts: Readonly<Record<string, number>>, totalBytes: number, total: 'flink.size' | 'process.size'): void {
  const all = sum(parts);
  if (all <= totalBytes) return;
  const listed = Object.entries(parts).map(([part, bytes]) => `${PART_KEYS[part as keyof TaskManagerMemory]} ${show(bytes)}`);
  throw new ConfigError(
    `The memory of the TaskManager does not add up: ${listed.join(', ')} are ${show(all)} together, but there are ${show(totalBytes)} for them (${KEY}.${total}). ` +
      `Raise ${KEY}.${total} by at least ${show(all - totalBytes)}, or lower one of the others.`,
    { reason: 'memory-conflict' },
  );
}

function refuseOutside(part: string, bytes: number, { minBytes, maxBytes }: BoundedShare, of: string): void {
  if (bytes >= minBytes && bytes <= maxBytes) return;
  const allowed = minBytes === maxBytes ? `exactly ${show(minBytes)}` : `from ${show(minBytes)} to ${show(maxBytes)}`;
  throw new ConfigError(
    `The memory of the TaskManager does not add up: what the others leave of ${of} is ${show(bytes)} for ${KEY}.${part}, which must be ${allowed} ` +
      `(${KEY}.${part}.min, .max). Set fewer of the sizes, or change one by the difference.`,
    { reason: 'memory-conflict' },
  );
}

const PART_KEYS: Readonly<Record<keyof TaskManagerMemory, string>> = {
  frameworkHeapBytes: 'framework.heap.size',
  frameworkOffHeapBytes: 'framework.off-heap.size',
  taskHeapBytes: 'task.heap.size',
  taskOffHeapBytes: 'task.off-heap.size',
  networkBytes: 'network',
  managedBytes: 'managed',
  metaspaceBytes: 'jvm-metaspace.size',
  overheadBytes: 'jvm-overhead',
};

/** One line for the log: every part that counts, and the sums. */
export function describeTaskManagerMemory(memory: TaskManagerMemory): string {
  const { metaspaceBytes, overheadBytes, taskHeapBytes, ...rest } = memory;
  const flink = taskHeapBytes === undefined ? undefined : sum({ ...rest, taskHeapBytes });
  const parts = Object.entries(memory).map(([part, bytes]) => {
    return `${PART_KEYS[part as keyof TaskManagerMemory]} ${bytes === undefined ? 'by the machine' : show(bytes as number)}`;
  });
  const totals = flink === undefined ? '' : `process ${show(flink + metaspaceBytes + overheadBytes)}, of these flink ${show(flink)}: `;
  return `${totals}${parts.join(', ')}`;
}

/** `512 mb`, `1.2 gb`; `parse` of a size reads whole numbers back. */
function show(bytes: number): string {
  const exact = MemorySize.ofBytes(bytes).toString();
  if (exact.length <= 7) return exact;
  const [unit, factor] = bytes >= 2 ** 30 ? ['gb', 2 ** 30] : bytes >= 2 ** 20 ? ['mb', 2 ** 20] : ['kb', 2 ** 10];
  return `${(bytes / factor).toFixed(1)} ${unit}`;
}

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UNCONFIGURED_MEMORY } from '@millrace/runtime/memory/task-manager-memory';
import { compileOptions } from './cluster-options.ts';

const MIB = 2 ** 20;

describe('the memory of a slot', () => {
  it('is an even part of the task heap, by the slots that the TaskManager has', () => {
    const memory = { ...UNCONFIGURED_MEMORY, taskHeapBytes: 512 * MIB, taskOffHeapBytes: 64 * MIB, managedBytes: 100 * MIB };
    const shares = [1, 2, 4].map((slots) => {
      const { slotMemoryLimitBytes, managedMemoryBytes } = compileOptions({ slots, memory });
      return [slotMemoryLimitBytes / MIB, managedMemoryBytes / MIB];
    });
    assert.deepEqual(shares, [
      [576, 100],
      [288, 50],
      [144, 25],
    ]);
  });

  it('follows from a total', () => {
    const { slotMemoryLimitBytes, managedMemoryBytes, networkMemoryBytes } = compileOptions({
      slots: 2,
      memory: { ...UNCONFIGURED_MEMORY, processBytes: 1728 * MIB },
    });
    const rounded = [slotMemoryLimitBytes, managedMemoryBytes, networkMemoryBytes].map((bytes) => Math.round(bytes / MIB));
    assert.deepEqual(rounded, [192, 256, 128]);
  });

  it('is refused where it is too little for a slot, with every part of the whole', () => {
    assert.throws(() => compileOptions({ slots: 8, memory: { ...UNCONFIGURED_MEMORY, processBytes: 1100 * MIB } }), {
      name: 'ConfigError',
      reason: 'memory-conflict',
      message:
        /^8 slots would share \d+\.\d mb of task heap, \d\.\d mb each; a slot needs at least 16\.0 mb\. The memory of the TaskManager is divided into process 1100 mb, of these flink 652 mb: .*Raise taskmanager\.memory\.process\.size/,
    });
  });

  it('is what the machine has where nothing is configured', () => {
    const { slotMemoryLimitBytes, memory } = compileOptions({ slots: 1 });
    assert.equal(memory.taskHeapBytes, undefined);
    assert.ok(slotMemoryLimitBytes >= 256 * MIB && slotMemoryLimitBytes <= 4096 * MIB);
  });
});

/** Which channel a record takes. The generator writes these rules inline; `channelChooser` is the same as closures, its specification. */
import { invariant } from '@millrace/core/base/assert';
import { keyFunctionsOf } from '@millrace/core/types/key';
import { keyGroupOf, subtaskOfKeyGroup } from '@millrace/core/types/key-group';
import type { PlannedEdge } from './chain-plan.ts';
import { type RecordOutput, refusePartition } from './record-output.ts';

/** Of a broadcast: every channel. */
export const EVERY_CHANNEL = -1;

export type ChannelChooser = (record: unknown) => number;

export function channelChooser(output: RecordOutput, subtask: number): ChannelChooser {
  const { plan, writers, random } = output;
  const channels = writers.length;
  switch (plan.edge.partitioner) {
    case 'forward':
    case 'global':
      return () => 0;
    case 'broadcast':
      return () => EVERY_CHANNEL;
    case 'shuffle':
      return () => random.nextInt(channels);
    case 'rebalance':
    case 'rescale':
      return roundRobin(channels, subtask);
    case 'hash':
      return byKeyGroup(plan);
    case 'custom':
      return byFunction(plan, channels);
  }
}

/** Starts at the subtask's own number, so that few records from many subtasks do not all meet at channel 0. */
function roundRobin(channels: number, subtask: number): ChannelChooser {
  let next = subtask % channels;
  return () => {
    const channel = next;
    next = next + 1 === channels ? 0 : next + 1;
    return channel;
  };
}

function byKeyGroup(plan: PlannedEdge): ChannelChooser {
  const selector = keySelectorOf(plan);
  const { hash } = keyFunctionsOf(plan.edge.keyType);
  const table = channelsOfKeyGroups(plan);
  return (record) => table[keyGroupOf(hash(selector(record)), plan.targetMaxParallelism)] as number;
}

function byFunction(plan: PlannedEdge, channels: number): ChannelChooser {
  const selector = keySelectorOf(plan);
  const partition = partitionOf(plan);
  return (record) => {
    const chosen = partition(selector(record), channels);
    if (!(Number.isInteger(chosen) && chosen >= 0 && chosen < channels)) refusePartition(chosen, channels);
    return chosen;
  };
}

export function keySelectorOf(plan: PlannedEdge): (record: unknown) => unknown {
  const selector = plan.binding?.keySelector;
  invariant(selector !== undefined, () => `edge ${plan.edge.id} (${plan.edge.partitioner}) has no key selector bound`);
  return selector;
}

export function partitionOf(plan: PlannedEdge): (key: unknown, numPartitions: number) => number {
  const partition = plan.binding?.partition;
  invariant(partition !== undefined, () => `edge ${plan.edge.id} has no partition function bound`);
  return partition;
}

/** Every consumer subtask has a channel of a hash edge, so the subtask is the channel. */
export function channelsOfKeyGroups(plan: PlannedEdge): Int32Array {
  const table = new Int32Array(plan.targetMaxParallelism);
  for (let keyGroup = 0; keyGroup < table.length; keyGroup++) {
    table[keyGroup] = subtaskOfKeyGroup(keyGroup, plan.targetMaxParallelism, plan.targetParallelism);
  }
  return table;
}

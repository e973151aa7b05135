/**
 * The rings between the slots of one TaskManager: made when the first of their two ends is deployed, given back when both ends have ended.
 *
 * X1 a ring's segments go back to the pool exactly once, and not while either end may still touch them.
 */
import { TerminalError } from '@millrace/core/base/errors';
import type { JobInformation, TaskDeployment } from '../protocol/deployment.ts';
import type { ChannelAttachment } from '../protocol/slot-messages.ts';
import type { NetworkMemory, SegmentOwner } from '../memory/network-memory.ts';
import { attachRing, createRing, type Ring } from '../network/ring-control.ts';

interface RingEntry {
  readonly ring: Ring;
  readonly owner: SegmentOwner;
  /** Execution ids of the ends that are deployed and have not ended. */
  readonly ends: Set<string>;
}

export interface RingRequest {
  readonly job: JobInformation;
  readonly task: TaskDeployment;
  /** Where the task runs. */
  readonly taskManagerId: string;
  readonly slot: number;
  /** Segments of each new ring. */
  readonly segments: number;
}

export class TaskExecutorRings {
  readonly #memory: NetworkMemory;
  readonly #doorbellOf: (slot: number) => SharedArrayBuffer;
  readonly #rings = new Map<string, RingEntry>(); // by job, channel and attempt

  constructor(memory: NetworkMemory, doorbellOf: (slot: number) => SharedArrayBuffer) {
    this.#memory = memory;
    this.#doorbellOf = doorbellOf;
  }

  get size(): number {
    return this.#rings.size;
  }

  /** How many segments each of `rings` new rings can have, at most `wanted`. At least 1: if even that is not there, the allocation says so. */
  segmentsFor(rings: number, wanted: number): number {
    return rings === 0 ? wanted : Math.max(1, Math.min(wanted, Math.floor(this.#memory.freeSegments / rings)));
  }

  /** How each channel of the task is reached from its slot. */
  attach(request: RingRequest): Readonly<Record<string, ChannelAttachment>> {
    const attachments: Record<string, ChannelAttachment> = {};
    for (const { channelId, peer } of channelsOfTask(request.task)) {
      if (peer.taskManagerId !== request.taskManagerId) throw noWayTo(channelId, peer.taskManagerId, request.taskManagerId);
      if (peer.slot === request.slot) attachments[channelId] = { kind: 'local' };
      else attachments[channelId] = attachRing(this.#ring(request, channelId), this.#doorbellOf(peer.slot));
    }
    return attachments;
  }

  /** The task has ended: its ends of rings are closed. */
  release(executionId: string): void {
    for (const [key, entry] of this.#rings) {
      if (!entry.ends.delete(executionId) || entry.ends.size > 0) continue;
      this.#memory.release(entry.owner);
      this.#rings.delete(key);
    }
  }

  #ring({ job, task, segments }: RingRequest, channelId: string): Ring {
    const channel = `${job.jobId}/${channelId}`;
    const key = `${channel}#${task.attempt}`;
    let entry = this.#rings.get(key);
    if (entry === undefined) {
      const owner = { channel, epoch: task.attempt };
      entry = { ring: createRing(this.#memory, owner, segments), owner, ends: new Set() };
      this.#rings.set(key, entry);
    }
    entry.ends.add(task.executionId);
    return entry.ring;
  }
}

/** Rings that a set of tasks, all of one TaskManager, needs between them. */
export function countRings(tasks: readonly { readonly task: TaskDeployment; readonly slot: number }[]): number {
  const ids = new Set<string>();
  for (const { task, slot } of tasks) for (const { channelId, peer } of channelsOfTask(task)) if (peer.slot !== slot) ids.add(channelId);
  return ids.size;
}

function noWayTo(channelId: string, there: string, here: string): TerminalError {
  return new TerminalError(
    `Channel ${channelId} leads from TaskManager ${here} to ${there}, and channels between TaskManagers are not available yet. ` +
      'Give one TaskManager as many slots as the job needs (taskmanager.numberOfTaskSlots).',
    { reason: 'remote-channel' },
  );
}

function channelsOfTask(task: TaskDeployment) {
  return [...task.inputs, ...task.outputs].flatMap((gate) => gate.channels);
}

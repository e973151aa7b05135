/** Tasks that take part in checkpoints as real ones do, without records: when the sources are triggered, everything that runs acknowledges. */
import type { FromSlot, ToSlot } from '@millrace/runtime/protocol/slot-messages';
import type { TaskRestore } from '@millrace/runtime/protocol/deployment';
import { obedient, type SlotScript } from './simulated-cluster.ts';

export interface TriggeredCheckpoint {
  readonly checkpointId: number;
  readonly triggered: readonly string[]; // execution ids
}

export class SimulatedTasks {
  /** Of each task that runs, by execution id. */
  readonly live = new Map<string, { readonly vertexId: string; readonly subtask: number; post(message: FromSlot): void }>();
  readonly triggered: { checkpointId: number; executionId: string }[] = [];
  readonly notified: string[] = []; // `complete 3 <execution id>`
  readonly events: { readonly executionId: string; readonly afterCheckpoint: number }[] = [];
  /** What every deployment began with, by `vertex:subtask`, the newest. */
  readonly restores = new Map<string, TaskRestore | undefined>();
  /** Called for each task that would acknowledge; without, it does at once. */
  acknowledging: ((executionId: string, checkpointId: number, acknowledge: () => void) => void) | undefined;
  #last = 0;

  readonly script: SlotScript = (message, post) => {
    this.#note(message, post);
    obedient(message, post);
  };

  acknowledge(executionId: string, checkpointId: number): void {
    const task = this.live.get(executionId);
    task?.post({
      type: 'acknowledge-checkpoint',
      executionId,
      checkpointId,
      snapshot: { operators: { [task.vertexId]: stateOfTask(task.vertexId, checkpointId) } },
      metrics: { alignmentMs: 1, syncMs: 2, asyncMs: 3, checkpointedSizeBytes: 10, stateSizeBytes: 20 },
    });
  }

  #note(message: ToSlot, post: (message: FromSlot) => void): void {
    switch (message.type) {
      case 'deploy':
        for (const { task } of message.tasks) {
          this.live.set(task.executionId, { vertexId: task.vertexId, subtask: task.subtask, post });
          this.restores.set(`${task.vertexId}:${task.subtask}`, task.restore);
        }
        return;
      case 'cancel':
        return void this.live.delete(message.executionId);
      case 'operator-event':
        return void this.events.push({ executionId: message.executionId, afterCheckpoint: this.#last });
      case 'notify-checkpoint':
        return void this.notified.push(`${message.outcome} ${message.checkpointId} ${message.executionId}`);
      case 'trigger-checkpoint':
        return this.#trigger(message.executionId, message.barrier.checkpointId);
    }
  }

  #trigger(executionId: string, checkpointId: number): void {
    const isFirst = !this.triggered.some((other) => other.checkpointId === checkpointId);
    this.triggered.push({ checkpointId, executionId });
    this.#last = checkpointId;
    if (!isFirst) return;
    for (const id of [...this.live.keys()]) {
      const acknowledge = () => this.acknowledge(id, checkpointId);
      if (this.acknowledging === undefined) acknowledge();
      else this.acknowledging(id, checkpointId, acknowledge);
    }
  }
}

/** One list whose only element is known by its size: enough to see whose state it is, and of which checkpoint. */
function stateOfTask(name: string, checkpointId: number) {
  return {
    keyed: [],
    operator: [
      {
        schema: { name, kind: 'list', mode: 'split', elementType: { kind: 'long' } },
        stream: { kind: 'file', path: `chk-${checkpointId}/${name}`, size: checkpointId },
        block: { offset: 0, size: checkpointId, count: 1, checksum: 0 },
        from: 0,
        to: 1,
      },
    ],
  } as const;
}

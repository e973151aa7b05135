/** A slot in the calling thread, for `--single-thread`: the same messages by call, each in a turn of its own. */
import { threadId } from 'node:worker_threads';
import { systemClock } from '@millrace/core/base/clock';
import type { SlotLocation } from '@millrace/runtime/protocol/deployment';
import type { FromSlot, ToSlot } from '@millrace/runtime/protocol/slot-messages';
import { Slot } from '@millrace/runtime/task/slot';
import type { SlotHandle } from '@millrace/runtime/task/task-executor';
import { bindProgram } from '../client/bind-program.ts';
import type { JobOutput } from './standard-streams.ts';

const DOORBELL_BYTES = 64;

export interface InProcessSlotPorts {
  readonly output: JobOutput;
  readonly overdraftMemoryBytes: number;
  receive(slot: number, message: FromSlot): void;
}

export class InProcessSlot implements SlotHandle {
  readonly #location: SlotLocation;
  readonly #ports: InProcessSlotPorts;
  #doorbell: SharedArrayBuffer;
  #slot: Slot;

  constructor(location: SlotLocation, ports: InProcessSlotPorts) {
    this.#location = location;
    this.#ports = ports;
    this.#doorbell = new SharedArrayBuffer(DOORBELL_BYTES);
    this.#slot = this.#create();
  }

  get doorbell(): SharedArrayBuffer {
    return this.#doorbell;
  }

  /** Of the task whose code runs at this moment. */
  get taskName(): string | undefined {
    return this.#slot.currentTaskName();
  }

  post(message: ToSlot): void {
    const slot = this.#slot;
    queueMicrotask(() => {
      if (this.#slot === slot) slot.receive(message);
    });
  }

  reset(done: () => void): void {
    const old = this.#slot;
    this.#doorbell = new SharedArrayBuffer(DOORBELL_BYTES);
    this.#slot = this.#create();
    old.close().then(done, done);
  }

  close(): Promise<void> {
    return this.#slot.close();
  }

  #create(): Slot {
    const slot: Slot = new Slot({
      location: this.#location,
      doorbell: this.#doorbell,
      clock: systemClock,
      threadId,
      post: (message) =>
        queueMicrotask(() => {
          if (this.#slot === slot) this.#ports.receive(this.#location.slot, message);
        }),
      bind: bindProgram,
      standardStreams: this.#ports.output,
      overdraftMemoryBytes: this.#ports.overdraftMemoryBytes,
    });
    return slot;
  }
}

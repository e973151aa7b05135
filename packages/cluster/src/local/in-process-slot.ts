/** A slot in the calling thread, for `--single-thread`: the same messages by call, each in a turn of its own. */
import { threadId } from 'node:worker_threads';
import { systemClock } from '@millrace/core/base/clock';
import type { LogSettings } from '@millrace/core/base/log';
import type { SlotLocation } from '@millrace/runtime/protocol/deployment';
import type { FromSlot, ToSlot } from '@millrace/runtime/protocol/slot-messages';
import type { SlotReport } from '@millrace/runtime/protocol/slot-report';
import { Slot } from '@millrace/runtime/task/slot';
import type { SystemPort } from '@millrace/runtime/task/slot-figures';
import type { SlotHandle } from '@millrace/runtime/task/task-executor';
import { bindProgram } from '../client/bind-program.ts';
import type { ProfileSettings } from './profile-settings.ts';
import { SlotProfile } from './slot-profile.ts';
import { type JobOutput, writeOrDrop } from './standard-streams.ts';

const DOORBELL_BYTES = 64;

export interface InProcessSlotPorts {
  readonly output: JobOutput;
  readonly overdraftMemoryBytes: number;
  readonly profile: ProfileSettings | undefined;
  readonly managedMemoryBytes: number;
  readonly closeTimeoutMs: number;
  readonly system: SystemPort | undefined;
  readonly logging: LogSettings;
  receive(slot: number, message: FromSlot): void;
}

export class InProcessSlot implements SlotHandle {
  readonly #location: SlotLocation;
  readonly #ports: InProcessSlotPorts;
  #doorbell: SharedArrayBuffer;
  #slot: Slot;
  readonly #profile: SlotProfile | undefined;

  constructor(location: SlotLocation, ports: InProcessSlotPorts) {
    this.#location = location;
    this.#ports = ports;
    this.#profile = this.#createProfile(ports.profile);
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
      if (this.#slot !== slot) return;
      this.#profile?.receives(message);
      slot.receive(message);
    });
  }

  /** This thread runs the slot as well: whoever asks has interrupted nothing. */
  examine(settle: (report: SlotReport | undefined) => void): void {
    settle(this.#slot.report(''));
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

  #createProfile(settings: ProfileSettings | undefined): SlotProfile | undefined {
    if (settings === undefined) return undefined;
    const print = (text: string) => writeOrDrop(this.#ports.output, 'stderr', text);
    return new SlotProfile(settings, { operatorFunctions: () => this.#slot.operatorFunctions(), print });
  }

  #create(): Slot {
    const slot: Slot = new Slot({
      location: this.#location,
      doorbell: this.#doorbell,
      clock: systemClock,
      threadId,
      post: (message) => {
        this.#profile?.posts(message);
        queueMicrotask(() => {
          if (this.#slot === slot) this.#ports.receive(this.#location.slot, message);
        });
      },
      bind: bindProgram,
      standardStreams: this.#ports.output,
      overdraftMemoryBytes: this.#ports.overdraftMemoryBytes,
      managedMemoryBytes: this.#ports.managedMemoryBytes,
      closeTimeoutMs: this.#ports.closeTimeoutMs,
      system: this.#ports.system,
      logging: this.#ports.logging,
    });
    return slot;
  }
}

/** A TaskManager's process: the real TaskExecutor over real slots, each slot in an isolate of its own. What slots say and hear may be lost, late or twice while a fault says so. */
import type { Random } from '@millrace/core/base/random';
import { fileSystemOf } from '@millrace/core/fs/file-systems';
import { FileCheckpointStreams } from '@millrace/runtime/checkpoint/file-streams';
import { openStateStream } from '@millrace/runtime/checkpoint/stream-reader';
import { NetworkMemory } from '@millrace/runtime/memory/network-memory';
import { Doorbell } from '@millrace/runtime/network/doorbell';
import type { LeaderAddress } from '@millrace/runtime/protocol/control-messages';
import { lostFailure, terminalFailure } from '@millrace/runtime/protocol/failure-description';
import type { RpcService } from '@millrace/runtime/protocol/rpc';
import type { FromSlot, ToSlot } from '@millrace/runtime/protocol/slot-messages';
import type { SlotReport } from '@millrace/runtime/protocol/slot-report';
import { Slot } from '@millrace/runtime/task/slot';
import { type SlotHandle, TaskExecutor } from '@millrace/runtime/task/task-executor';
import type { JobBindings } from '@millrace/streaming/graph/job-graph';
import { Isolate } from './isolate.ts';
import type { Scheduler } from './scheduler.ts';
import type { World } from './world.ts';

const SEGMENT_BYTES = 32 * 1024;
const SEGMENTS_PER_PAIR = 24;
const MEMORY_SEGMENTS_MIN = 128;

export interface TaskManagerOptions {
  readonly id: string;
  readonly slots: number;
  readonly world: World;
  readonly scheduler: Scheduler;
  readonly parent: Isolate;
  readonly router: RpcService;
  readonly resourceManager: LeaderAddress;
  readonly generateCode: boolean;
  readonly channelCapacity: number;
  readonly bind: () => JobBindings;
}

export class SimulatedTaskManager {
  readonly id: string;
  readonly address: string;
  readonly isolate: Isolate;
  readonly executor: TaskExecutor;
  readonly memory: NetworkMemory;
  readonly #options: TaskManagerOptions;
  readonly #random: Random;
  readonly #slots: SimulatedSlot[];

  constructor(options: TaskManagerOptions) {
    const { id, world, parent, router, resourceManager } = options;
    this.id = id;
    this.address = `taskmanager/${id}`;
    this.#options = options;
    this.#random = world.fork();
    this.memory = NetworkMemory.create(SEGMENT_BYTES * Math.max(MEMORY_SEGMENTS_MIN, options.slots ** 2 * SEGMENTS_PER_PAIR));
    this.isolate = new Isolate(this.address, world.clock, parent);
    this.#slots = Array.from({ length: options.slots }, (_, index) => new SimulatedSlot(index, this));
    this.executor = new TaskExecutor(
      {
        taskManagerId: id,
        address: this.address,
        resourceManager,
        rpcTimeoutMs: 10_000,
        segmentsPerChannel: 2,
        cancellationIntervalMs: 1_000,
      },
      {
        clock: this.isolate.clock,
        rpc: router,
        slots: this.#slots,
        memory: this.memory,
        bundles: { fetch: (_hash, settle) => this.enqueue('bundle', () => settle({ path: '' })) },
        output: () => {},
      },
    );
  }

  start(): void {
    const { oracles } = this.#options.world;
    this.isolate.run(() => this.executor.start((failure) => oracles.violated(`the TaskManager was refused: ${failure.message}`)));
  }

  get options(): TaskManagerOptions {
    return this.#options;
  }

  get random(): Random {
    return this.#random;
  }

  enqueue(name: string, deliver: () => void): void {
    this.#options.scheduler.enqueue(`${this.address}/${name}`, this.isolate, () => this.isolate.run(deliver));
  }

  kill(): void {
    this.isolate.kill();
  }

  /** The isolate of one slot ends by itself. */
  loseSlot(): void {
    const slot = this.#slots[this.#random.nextInt(this.#slots.length)] as SimulatedSlot;
    slot.lose();
    this.isolate.run(() => this.executor.slotLost(slot.index, lostFailure('slot-lost', `Slot ${slot.index} of ${this.id} has died.`)));
  }

  /** It has outgrown its share: seen by the TaskManager, which fails the job for good, or by V8, after which it may be restarted. */
  endSlotForMemory(): void {
    const slot = this.#slots[this.#random.nextInt(this.#slots.length)] as SimulatedSlot;
    const isSeen = this.#random.nextInt(2) === 0;
    slot.lose();
    const message = `Slot ${slot.index} of ${this.id} has outgrown its share.`;
    const failure = isSeen ? terminalFailure('slot-memory', message) : lostFailure('slot-out-of-memory', message);
    this.isolate.run(() => this.executor.slotLost(slot.index, failure));
  }

  leftovers(): readonly string[] {
    return this.#slots.flatMap((slot) => slot.leftovers());
  }
}

class SimulatedSlot implements SlotHandle {
  readonly index: number;
  readonly #taskManager: SimulatedTaskManager;
  #doorbell = Doorbell.createMemory();
  #isolate: Isolate;
  #slot: Slot;

  constructor(index: number, taskManager: SimulatedTaskManager) {
    this.index = index;
    this.#taskManager = taskManager;
    this.#isolate = this.#newIsolate();
    this.#slot = this.#create();
  }

  get doorbell(): SharedArrayBuffer {
    return this.#doorbell;
  }

  post(message: ToSlot): void {
    this.#perhaps(message.type === 'notify-checkpoint' || message.type === 'trigger-checkpoint', () => this.#send(message));
  }

  /** The simulation interrupts no function: between its steps every slot is at rest. */
  examine(settle: (report: SlotReport | undefined) => void): void {
    settle(this.#slot.report(''));
  }

  reset(done: () => void): void {
    this.lose();
    this.#taskManager.enqueue(`reset-${this.index}`, done);
  }

  lose(): void {
    this.#isolate.kill();
    this.#taskManager.options.scheduler.sweep();
    this.#doorbell = Doorbell.createMemory();
    this.#isolate = this.#newIsolate();
    this.#slot = this.#create();
  }

  leftovers(): readonly string[] {
    return this.#isolate.numTimers === 0 ? [] : [`${this.#isolate.numTimers} timers of slot ${this.index}`];
  }

  #send(message: ToSlot): void {
    const { scheduler, world } = this.#taskManager.options;
    const [slot, isolate] = [this.#slot, this.#isolate];
    scheduler.enqueue(`>${this.#taskManager.address}/slot-${this.index}`, isolate, () => {
      world.trace.step(`to slot ${this.index}: ${message.type}`);
      isolate.run(() => slot.receive(message));
      if (message.type === 'deploy') world.faults.happened('restore');
      if (message.type === 'notify-checkpoint') world.faults.happened('notify');
      if (message.type === 'trigger-checkpoint') world.faults.happened('barrier');
    });
  }

  #receive(message: FromSlot): void {
    const { scheduler, world } = this.#taskManager.options;
    const isolate = this.#isolate;
    const isAnswer = message.type === 'acknowledge-checkpoint' || message.type === 'decline-checkpoint';
    this.#perhaps(isAnswer, () =>
      scheduler.enqueue(`${this.#taskManager.address}/slot-${this.index}>`, isolate, () => {
        world.trace.step(`from slot ${this.index}: ${message.type}${message.type === 'state' ? ` ${message.state}` : ''}`);
        this.#taskManager.isolate.run(() => this.#taskManager.executor.receiveFromSlot(this.index, message));
        if (message.type === 'acknowledge-checkpoint') world.faults.happened('acknowledge');
      }),
    );
  }

  /** While messages are in trouble: lost, late, or twice. */
  #perhaps(isExposed: boolean, send: () => void): void {
    const { world } = this.#taskManager.options;
    if (!isExposed || !world.messagesAreInTrouble) return send();
    const { random } = this.#taskManager;
    const isolate = this.#isolate;
    const later = (deliver: () => void) => void isolate.clock.schedule(random.nextInt(400), deliver);
    const roll = random.nextInt(4);
    if (roll === 0) return;
    if (roll === 1) return later(send);
    send();
    if (roll === 2) later(send);
  }

  #newIsolate(): Isolate {
    const { isolate, options } = this.#taskManager;
    return new Isolate(`slot ${this.index}`, options.world.clock, isolate);
  }

  #create(): Slot {
    const { options, random } = this.#taskManager;
    const isolate = this.#isolate;
    return new Slot({
      location: { taskManagerId: options.id, slot: this.index },
      doorbell: this.#doorbell,
      clock: isolate.clock,
      post: (message) => {
        if (!isolate.isDead) this.#receive(message);
      },
      bind: () => Promise.resolve(options.bind()),
      standardStreams: { write() {} },
      localChannelCapacity: options.channelCapacity,
      generateCode: options.generateCode,
      createLoop: (loop) => options.scheduler.createLoop(loop, isolate),
      checkpointFiles: {
        streams: new FileCheckpointStreams({ fileSystemOf, random }),
        open: (handle, base) => openStateStream(handle, base, fileSystemOf),
      },
    });
  }
}

/**
 * Runs one seed: draws a program and its faults, lets processes live and die until the job has finished, and looks at everything that must hold.
 *
 * R1 all randomness is the seed's, all time is virtual: the same seed has the same trace. R2 once the faults are over, the job ends within QUIET_MS of virtual time (i).
 */
import { seededRandom } from '@millrace/core/base/random';
import type { JobEnd } from '@millrace/runtime/protocol/control-messages';
import type { FailureDescription } from '@millrace/runtime/protocol/execution-state';
import type { Fault } from './faults.ts';
import { registerSimulatedDisk } from './file-system.ts';
import { drawProgram, type Program } from './program.ts';
import { differenceOf, expectedLines, visibleLines } from './results.ts';
import { Scheduler } from './scheduler.ts';
import { SimulatedProcess } from './simulated-process.ts';
import { CHECKPOINTS, enter, OUTPUT, World } from './world.ts';

const TURNS_MAX = 24;
/** Faults that have not come by then do not come any more. */
const FAULTS_MS = 20_000;
const QUIET_MS = 120_000;
const LONG_WAIT_MS = 60_000;
const STARTS_MAX = 200;
/** task.cancellation.timeout of the simulation, and what a disk that is slow or hangs may take besides. */
const CANCEL_MS_MAX = 60_000;
/** Any number: what users do is drawn from another stream than the rest. */
const ENDS_SALT = 0x5eed_ca11;

export interface SeedOutcome {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly hash: string;
  readonly faults: number;
  readonly checkpoints: number;
  readonly processes: number;
  readonly restarts: number;
}

export interface RunOptions {
  readonly print?: ((line: string) => void) | undefined;
  /** In place of what the seed draws. */
  readonly program?: Program;
  readonly prepare?: (world: World) => void;
  /** Of the processes, one after another; the last one stays. */
  readonly parallelisms?: readonly number[];
  /** The job must fail, with this in its message. */
  readonly failsWith?: RegExp;
}

export async function runSeed(seed: number, options: RunOptions = {}): Promise<SeedOutcome> {
  registerSimulatedDisk();
  const world = new World(seed, options.print);
  enter(world);
  try {
    return await new SeedRun(world, options).run();
  } finally {
    enter(undefined);
  }
}

class SeedRun {
  readonly #world: World;
  readonly #program: Program;
  readonly #expected: readonly string[];
  readonly #scheduler: Scheduler;
  readonly #options: RunOptions;
  #process: SimulatedProcess | undefined;
  #end: JobEnd | undefined;
  #quietSinceMs: number | undefined;
  #isDone = false;

  constructor(world: World, options: RunOptions) {
    const { program, prepare } = options;
    this.#options = options;
    this.#world = world;
    this.#program = program ?? drawProgram(world.fork());
    this.#expected = expectedLines(this.#program);
    this.#scheduler = new Scheduler(world.fork(), world.trace);
    world.trace.note(JSON.stringify(this.#program));
    if (prepare === undefined) {
      world.faults.draw();
      world.faults.drawEnds(seededRandom((world.seed ^ ENDS_SALT) >>> 0));
    } else prepare(world);
    world.faults.onFault = (fault) => this.#strike(fault);
  }

  async run(): Promise<SeedOutcome> {
    const { world } = this;
    await this.#prepareDisk();
    while (!this.#isDone) {
      if (this.#process === undefined) this.#startProcess();
      await this.#step();
      this.#watch();
    }
    const { oracles, trace, faults, generation } = world;
    return {
      seed: world.seed,
      violations: oracles.violations,
      hash: trace.hash,
      faults: faults.struck,
      checkpoints: oracles.completed,
      processes: generation,
      restarts: oracles.restarts,
    };
  }

  private get world(): World {
    return this.#world;
  }

  async #prepareDisk(): Promise<void> {
    const made = Promise.all([this.#world.disk.makeDirectory(CHECKPOINTS), this.#world.disk.makeDirectory(OUTPUT)]);
    while (this.#world.clock.step(this.#world.clock.now()));
    await made;
    this.#world.disk.faults.latencyMsMax = this.#world.random.nextInt(4);
  }

  /** A few turns, whatever promises that settles, and some time. */
  async #step(): Promise<void> {
    const { clock, random, faults } = this.#world;
    this.#scheduler.isStopped = false;
    const isIdle = this.#scheduler.slice(1 + random.nextInt(TURNS_MAX));
    faults.happened('turn');
    await eventLoopTurn();
    const dueMs = isIdle ? Math.max(1, Math.min(this.#scheduler.elapse(), LONG_WAIT_MS)) : random.nextInt(3);
    const until = clock.now() + dueMs;
    if (!clock.step(until)) return;
    await eventLoopTurn();
    while (!isIdle && clock.step(until)) await eventLoopTurn();
    if (!isIdle) this.#scheduler.elapse();
  }

  #startProcess(): void {
    const { world } = this;
    world.generation += 1;
    if (world.generation > STARTS_MAX) {
      world.oracles.violated('(i) the program was started again and again');
      this.#isDone = true;
    }
    const drawn = 1 + world.random.nextInt(4);
    const given = this.#options.parallelisms;
    const parallelism = given?.[Math.min(world.generation, given.length) - 1] ?? drawn;
    this.#process = new SimulatedProcess({
      world,
      scheduler: this.#scheduler,
      program: this.#program,
      parallelism,
      ended: (end) => this.#ended(end),
    });
  }

  #ended(end: { readonly job: JobEnd } | { readonly refused: FailureDescription }): void {
    const { oracles, trace } = this.#world;
    if ('refused' in end) {
      trace.step('refused');
      trace.note(end.refused.message);
      oracles.failed(end.refused);
      // What the disk had promised is gone, and that was seen: no more can be asked for.
      if (oracles.isForgiving) this.#isDone = true;
      return this.#stopProcess();
    }
    const { status, failure } = end.job;
    trace.step(`end ${status}`);
    if (status === 'CANCELED' && this.#canceledAtMs !== undefined) {
      this.#isCanceled = true;
      return;
    }
    if (status === 'FINISHED') this.#end = end.job;
    else {
      if (failure !== undefined) {
        trace.note(failure.message);
        oracles.failed(failure);
      }
      const { failsWith } = this.#options;
      if (failsWith !== undefined) {
        if (failure === undefined || !failsWith.test(failure.message))
          oracles.violated(`the job failed with '${failure?.message}', not ${failsWith}`);
        this.#isDone = true;
        return;
      }
      // The last fault may have been one that ends the job: that is told a moment later.
      const isLate = this.#quietSinceMs !== undefined && failure?.reason !== 'slot-memory';
      if (isLate) oracles.violated(`(i) the job failed although nothing was wrong any more: ${failure?.message}`);
      this.#stopProcess();
    }
  }

  /** Another begins. */
  #stopProcess(): void {
    this.#canceledAtMs = undefined;
    this.#isCanceled = false;
    this.#leftoverTurns = 0;
    this.#process?.kill();
    this.#world.disk.killProcess();
    this.#process = undefined;
    this.#scheduler.isStopped = true;
    this.#scheduler.sweep();
    this.#compare(false);
  }

  #strike(fault: Fault): void {
    const { disk, clock, random, oracles } = this.#world;
    const isFatal = fault.kind === 'kill' || fault.kind === 'power';
    if (isFatal && this.#process?.hasFinished === true) return;
    const back = (undo: () => void) => 'forMs' in fault && clock.schedule(fault.forMs, undo);
    switch (fault.kind) {
      case 'kill':
        return this.#stopProcess();
      case 'power':
        if (disk.faults.isLying || this.#hasLied) oracles.isForgiving = true;
        disk.crash();
        return this.#stopProcess();
      case 'slot':
        return this.#process?.taskManager.loseSlot();
      case 'memory':
        return this.#process?.taskManager.endSlotForMemory();
      case 'cancel':
        if (this.#process?.cancel() === true) this.#canceledAtMs ??= clock.now();
        return;
      case 'task-manager':
      case 'silence':
        this.#process?.killTaskManager(fault.kind === 'task-manager');
        this.#scheduler.isStopped = true;
        return this.#scheduler.sweep();
      case 'slow-disk': {
        const before = disk.faults.latencyMsMax;
        disk.faults.latencyMsMax = 10 + random.nextInt(300);
        back(() => (disk.faults.latencyMsMax = before));
        return;
      }
      case 'full-disk':
        disk.faults.capacityBytes = disk.files.reduce((sum, [, bytes]) => sum + bytes, 0) + random.nextInt(200);
        back(() => (disk.faults.capacityBytes = Number.POSITIVE_INFINITY));
        return;
      case 'failing-disk':
        disk.faults.failureRate = 0.02 + random.next() * 0.3;
        back(() => (disk.faults.failureRate = 0));
        return;
      case 'lying-disk':
        disk.faults.isLying = true;
        this.#hasLied = true;
        back(() => (disk.faults.isLying = false));
        return;
      case 'messages':
        this.#world.messagesAreInTrouble = true;
        back(() => (this.#world.messagesAreInTrouble = false));
        return;
      case 'throw':
        return;
    }
  }

  /** The end of the job, the end of the faults, and what takes too long. */
  #watch(): void {
    const { clock, faults, oracles } = this.#world;
    if (oracles.violations.length > 0) return this.#giveUp();
    if (this.#end !== undefined) return this.#conclude();
    if (this.#canceledAtMs !== undefined) this.#watchCanceled(this.#canceledAtMs);
    if (this.#quietSinceMs === undefined && (clock.now() > FAULTS_MS || faults.isOver) && !this.#isTroubled) {
      faults.disarm();
      this.#quietSinceMs = clock.now();
      this.#world.trace.step('the faults are over');
    }
    const isLate = this.#quietSinceMs !== undefined && clock.now() - this.#quietSinceMs > QUIET_MS;
    if (!isLate && clock.now() < FAULTS_MS + 2 * QUIET_MS) return;
    oracles.violated(`(i) the job has not ended ${QUIET_MS} ms after the last fault`);
    this.#isDone = true;
  }

  /** CANCELED, nothing left of it, and its checkpoints kept as the policy of the job has it; then the user starts it again. */
  #watchCanceled(sinceMs: number): void {
    const { clock, oracles } = this.#world;
    const left = this.#isCanceled ? (this.#process?.leftovers() ?? []) : ['the job'];
    if (left.length > 0 && clock.now() - sinceMs < CANCEL_MS_MAX) return;
    if (left.length > 0) return oracles.violated(`(i) ${CANCEL_MS_MAX} ms after the job was cancelled there is left: ${left.join(', ')}`);
    this.#world.trace.step('canceled, and nothing is left');
    const isKept = this.#world.disk.files.some(([path]) => path.startsWith(CHECKPOINTS) && path.endsWith('/_metadata'));
    if (oracles.completed > 0 && !isKept) oracles.violated('(d) the job was cancelled and has kept no checkpoint (RETAIN_ON_CANCELLATION)');
    this.#stopProcess();
  }

  #giveUp(): void {
    this.#process?.kill();
    this.#isDone = true;
  }

  get #isTroubled(): boolean {
    const { disk, messagesAreInTrouble } = this.#world;
    const { failureRate, capacityBytes, isLying } = disk.faults;
    return messagesAreInTrouble || failureRate > 0 || isLying || capacityBytes !== Number.POSITIVE_INFINITY;
  }

  #leftoverTurns = 0;
  #canceledAtMs: number | undefined;
  #isCanceled = false;
  #hasLied = false;

  #conclude(): void {
    const left = this.#process?.leftovers() ?? [];
    // What was given back is on its way still.
    if (left.length > 0 && this.#leftoverTurns++ < 2_000) return;
    if (left.length > 0) this.#world.oracles.violated(`(i) the job has ended and leaves ${left.join(', ')}`);
    this.#compare(true);
    if (this.#quietSinceMs !== undefined) this.#world.oracles.files.check(); // a disk that fails keeps what should be removed
    this.#process?.kill();
    this.#isDone = true;
  }

  #compare(isAtEnd: boolean): void {
    const { oracles } = this.#world;
    if (oracles.isForgiving) return;
    const difference = differenceOf(this.#expected, visibleLines(this.#world), isAtEnd);
    if (difference === undefined) return;
    oracles.violated(difference);
    this.#isDone = true;
  }
}

/** Promises that have settled are seen. */
function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * The faults of one run, drawn from its seed: each has a trigger, the n-th time that something happens. Functions of the job, the disk and the control plane tell what happens; what is
 * to be done about it the run of the seed says (`onFault`).
 */
import type { Random } from '@millrace/core/base/random';
import { INJECTED } from './oracles.ts';
import type { Trace } from './trace.ts';

export const TRIGGERS = ['turn', 'disk', 'record', 'acknowledge', 'notify', 'barrier', 'commit', 'metadata', 'restore'] as const;
export type Trigger = (typeof TRIGGERS)[number];

/** Where user code of the simulation's jobs may throw. */
export const POINTS = [
  'poll',
  'map',
  'process',
  'timer',
  'snapshot',
  'initialize',
  'open',
  'invoke',
  'pre-commit',
  'async',
  'enumerator',
] as const;
export type Point = (typeof POINTS)[number];

export type Fault =
  /** `cancel`: the user ends the job, and starts it again later. `memory`: a slot is ended for what it holds, for good or for a restart. */
  | { readonly kind: 'kill' | 'power' | 'slot' | 'task-manager' | 'silence' | 'cancel' | 'memory' }
  | { readonly kind: 'throw'; readonly point: Point; readonly after: number }
  | { readonly kind: 'slow-disk' | 'full-disk' | 'failing-disk' | 'lying-disk' | 'messages'; readonly forMs: number };

interface Armed {
  readonly trigger: Trigger;
  left: number;
  readonly fault: Fault;
}

/** Most probable numbers of each trigger until its fault comes. */
const SPAN: Readonly<Record<Trigger, number>> = {
  turn: 600,
  disk: 120,
  record: 250,
  acknowledge: 24,
  notify: 24,
  barrier: 16,
  commit: 10,
  metadata: 6,
  restore: 12,
};

const FAULTS_MAX = 5;
/** Of all seeds, in percent. */
const ENDED_BY_USER = 30;
const ENDED_BY_MEMORY = 20;

export class Faults {
  readonly #random: Random;
  readonly #trace: Trace;
  #armed: Armed[] = [];
  readonly #throwing = new Map<Point, number>();
  /** Numbers of what has happened, for statistics. */
  struck = 0;
  onFault: (fault: Fault) => void = () => {};

  constructor(random: Random, trace: Trace) {
    this.#random = random;
    this.#trace = trace;
  }

  draw(): void {
    const count = this.#random.nextInt(FAULTS_MAX + 1);
    for (let index = 0; index < count; index++) this.arm(TRIGGERS[this.#random.nextInt(TRIGGERS.length)] as Trigger, this.#fault());
  }

  /** What the user does, and what functions keep: drawn apart, so that the other faults of a seed are what they are without. */
  drawEnds(random: Random): void {
    const trigger = () => TRIGGERS[random.nextInt(TRIGGERS.length)] as Trigger;
    const ends = [
      ['cancel', ENDED_BY_USER],
      ['memory', ENDED_BY_MEMORY],
    ] as const;
    for (const [kind, percent] of ends) {
      const [roll, at] = [random.nextInt(100), trigger()];
      if (roll < percent) this.arm(at, { kind }, 1 + random.nextInt(SPAN[at]));
    }
  }

  arm(trigger: Trigger, fault: Fault, left = 1 + this.#random.nextInt(SPAN[trigger])): void {
    this.#armed.push({ trigger, left, fault });
    this.#trace.note(`fault: ${shown(fault)} at the ${left}th ${trigger} from now`);
  }

  get isOver(): boolean {
    return this.#armed.length === 0;
  }

  /** From here on nothing happens any more. */
  disarm(): void {
    this.#armed = [];
    this.#throwing.clear();
  }

  happened(trigger: Trigger): void {
    for (const armed of this.#armed) {
      if (armed.trigger !== trigger || --armed.left > 0) continue;
      this.#armed = this.#armed.filter((each) => each !== armed);
      this.#strike(armed.fault);
      return;
    }
  }

  /** Called by user code: throws where a fault has come to it. */
  at(point: Point): void {
    const left = this.#throwing.get(point);
    if (left === undefined) return;
    if (left > 0) return void this.#throwing.set(point, left - 1);
    this.#throwing.delete(point);
    this.#trace.step(`fault: throws in ${point}`);
    throw new Error(`${INJECTED} in ${point}`);
  }

  #strike(fault: Fault): void {
    this.struck += 1;
    this.#trace.step(`fault: ${shown(fault)}`);
    if (fault.kind === 'throw') this.#throwing.set(fault.point, fault.after);
    else this.onFault(fault);
  }

  #fault(): Fault {
    const random = this.#random;
    const roll = random.nextInt(100);
    if (roll < 28) return { kind: 'kill' };
    if (roll < 36) return { kind: 'power' };
    if (roll < 42) return { kind: 'slot' };
    if (roll < 50) return { kind: 'task-manager' };
    if (roll < 53) return { kind: 'silence' };
    if (roll < 75) return { kind: 'throw', point: POINTS[random.nextInt(POINTS.length)] as Point, after: random.nextInt(20) };
    const forMs = 20 + random.nextInt(400);
    if (roll < 80) return { kind: 'slow-disk', forMs };
    if (roll < 84) return { kind: 'full-disk', forMs };
    if (roll < 89) return { kind: 'failing-disk', forMs };
    if (roll < 92) return { kind: 'lying-disk', forMs };
    return { kind: 'messages', forMs };
  }
}

function shown(fault: Fault): string {
  if (fault.kind === 'throw') return `an error in ${fault.point}`;
  return 'forMs' in fault ? `${fault.kind} for ${fault.forMs} ms` : fault.kind;
}

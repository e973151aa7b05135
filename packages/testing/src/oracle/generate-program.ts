/** Makes a random program whose results are determined (traits.ts), from a seed. */
import type { Random } from '@millrace/core/base/random';
import {
  type AssignerPlan,
  type EvictorPlan,
  inputsOf,
  type NodePlan,
  type NodeSettings,
  type OracleProgram,
  type OracleRecord,
  type Partitioning,
  type SourcePlan,
  type SourceStep,
  type TriggerPlan,
  type TwoInputSettings,
} from './program.ts';
import { recordsAtMost } from './sizes.ts';
import { traitsOf, unsoundness } from './traits.ts';

/** A phase of event time. In programs without late records all sources agree on it, so that one that was idle comes back in time. */
const PHASE_MS = 100;
const RECORDS_MAX = 20_000;
const PARTITIONINGS: readonly Partitioning[] = ['none', 'none', 'none', 'rebalance', 'rescale', 'shuffle', 'global', 'broadcast', 'custom'];

/** As often as there is to find. */
const KINDS = [
  ...['map', 'filter', 'flatMap', 'union', 'rolling', 'timestamps', 'process', 'async', 'countWindow'],
  ...['side', 'side', 'window', 'window', 'timers', 'timers', 'timers', 'general', 'general', 'general', 'general'],
  ...['two', 'two', 'two', 'two', 'two', 'two'],
] as const;

export type NodeKind = (typeof KINDS)[number];

/** `kinds`: of nodes, as often as they are to be drawn; all unless given. */
export function generateProgram(random: Random, kinds: readonly NodeKind[] = KINDS): OracleProgram {
  return new Generator(random, kinds).generate();
}

class Generator {
  readonly #random: Random;
  readonly #late: boolean;
  /** All times are even. */
  readonly #even: boolean;
  readonly #advanceMs: number;
  readonly #nodes: NodePlan[] = [];
  readonly #kinds: readonly NodeKind[];
  #sources: readonly SourcePlan[] = [];

  constructor(random: Random, kinds: readonly NodeKind[]) {
    this.#random = random;
    this.#kinds = kinds;
    this.#late = this.#one(3);
    this.#even = this.#one(2);
    this.#advanceMs = [0, 8, 40][this.#below(3)] as number;
  }

  generate(): OracleProgram {
    const phases = 1 + this.#below(4);
    const large = this.#one(16);
    const sources = this.#late ? 1 : 1 + this.#below(3);
    this.#sources = Array.from({ length: sources }, () => (this.#late ? this.#lateSource(phases, large) : this.#source(phases, large)));
    if (!this.#late && this.#one(3)) this.#sources = [...this.#sources, this.#rules(phases)];
    const wanted = 1 + this.#below(7);
    for (let attempts = 0; this.#nodes.length < wanted && attempts < 50; attempts++) this.#tryNode();
    return this.#program(this.#sinks());
  }

  #program(sinks: readonly number[]): OracleProgram {
    return {
      sources: this.#sources,
      nodes: [...this.#nodes],
      sinks,
      chaining: !this.#one(4),
      autoWatermarkRecords: [1, 2, 7, 1000][this.#below(4)] as number,
      late: this.#late,
      even: this.#even,
      advanceMs: this.#advanceMs,
    };
  }

  /** Every stream that nobody reads, and some others. */
  #sinks(): number[] {
    const streams = this.#sources.length + this.#nodes.length;
    const read = new Set(this.#nodes.flatMap(inputsOf));
    return Array.from({ length: streams }, (_, stream) => stream).filter((stream) => !read.has(stream) || this.#one(5));
  }

  /** Watermarks that all later records keep to; what was idle for a phase comes back with the watermark that the others have. */
  #source(phases: number, large: boolean): SourcePlan {
    return {
      phases: Array.from({ length: phases }, (_, phase) => {
        const from = phase * PHASE_MS;
        if (this.#one(5)) return [{ kind: 'idle' }] as const;
        const steps: SourceStep[] = [{ kind: 'watermark', at: from - 1 }];
        const times = this.#times(from, large);
        for (const [index, at] of times.entries()) {
          steps.push({ kind: 'record', record: this.#record(), at });
          if (large || !this.#one(3)) continue;
          const earliest = Math.min(from + PHASE_MS, ...times.slice(index + 1));
          steps.push({ kind: 'watermark', at: earliest - 1 });
        }
        if (this.#one(2)) steps.push({ kind: 'watermark', at: from + PHASE_MS - 1 });
        return steps;
      }),
    };
  }

  /** One record or none at the begin of each phase. */
  #rules(phases: number): SourcePlan {
    const steps = (from: number): SourceStep[] => {
      const end: SourceStep = { kind: 'watermark', at: from + PHASE_MS - 1 };
      return this.#one(3) ? [{ kind: 'watermark', at: from - 1 }, end] : [{ kind: 'record', record: this.#record(), at: from }, end];
    };
    return { early: true, phases: Array.from({ length: phases }, (_, phase) => steps(phase * PHASE_MS)) };
  }

  /** Rising, but for what comes up to 30 ms late. */
  #times(from: number, large: boolean): number[] {
    const count = large ? 800 : this.#below(12);
    return Array.from(
      { length: count },
      (_, index) => from + this.#time(Math.max(0, Math.floor((index * PHASE_MS) / count) - this.#below(30))),
    );
  }

  /** Anything goes: records far behind the watermark, watermarks that would go back. */
  #lateSource(phases: number, large: boolean): SourcePlan {
    let now = -20;
    return {
      phases: Array.from({ length: phases }, () =>
        Array.from({ length: large ? 800 : this.#below(25) }, (): SourceStep => {
          if (this.#one(5)) return { kind: 'watermark', at: now - this.#below(30) };
          now += this.#below(large ? 2 : 9);
          return { kind: 'record', record: this.#record(), at: this.#time(now - this.#below(40)) };
        }),
      ),
    };
  }

  #time(time: number): number {
    return this.#even ? time - (time & 1) : time;
  }

  #record(): OracleRecord {
    return { k: this.#below(6), v: this.#below(10) };
  }

  #tryNode(): void {
    this.#nodes.push(this.#node());
    const program = this.#program([]);
    if (unsoundness(program) !== undefined || recordsAtMost(program) > RECORDS_MAX) this.#nodes.pop();
  }

  #node(): NodePlan {
    const streams = this.#sources.length + this.#nodes.length;
    const input = this.#one(2) ? streams - 1 : this.#below(streams);
    const ordered = traitsOf(this.#program([]))[input]?.ordered === true;
    // Windows of programs with late records need what comes out of one subtask: there must be enough of that.
    const parallelism = ordered && this.#one(2) ? 1 : [undefined, undefined, 1, 2, 3][this.#below(5)];
    const settings = {
      input,
      parallelism,
      chaining: (['ALWAYS', 'ALWAYS', 'HEAD', 'NEVER'] as const)[this.#below(4)] as 'ALWAYS',
      partitioning: PARTITIONINGS[this.#below(PARTITIONINGS.length)] as Partitioning,
    };
    const keyed = { ...settings, partitioning: 'none' } as const;
    switch (this.#kinds[this.#below(this.#kinds.length)]) {
      case 'map':
        return { ...settings, op: 'map', factor: 1 + this.#below(3), keys: 1 + this.#below(6), plus: this.#below(3) };
      case 'filter':
        return { ...settings, op: 'filter', modulus: 2 + this.#below(3), remainder: this.#below(2) };
      case 'flatMap':
        return { ...settings, op: 'flatMap', copies: this.#below(4), lazy: this.#one(2) };
      case 'union':
        return { op: 'union', inputs: [input, ...Array.from({ length: 1 + this.#below(2) }, () => this.#below(streams))] };
      case 'rolling':
        return { ...keyed, op: 'rolling', aggregate: (['count', 'sum', 'max', 'reduce'] as const)[this.#below(4)] as 'count' };
      case 'timestamps':
        return { ...keyed, op: 'timestamps', outOfOrdernessMs: this.#below(20) };
      case 'side':
        return this.#sideOutput() ?? { ...settings, op: 'process', modulus: 2 };
      case 'window':
        return this.#window(keyed);
      case 'process':
        return { ...settings, op: 'process', modulus: 2 + this.#below(3) };
      case 'async':
        return { ...settings, op: 'async', ordered: this.#one(2), capacity: 1 + this.#below(4), many: this.#one(2) };
      case 'timers':
        return { ...keyed, op: 'timers', how: (['buckets', 'sequence', 'clock'] as const)[this.#below(3)] as 'clock', ...this.#grain() };
      case 'general':
        return this.#generalWindow(keyed);
      case 'countWindow':
        return { ...keyed, op: 'countWindow', count: 1 + this.#below(4), slide: this.#one(2) ? undefined : 1 + this.#below(3) };
      default: {
        const { parallelism: subtasks, chaining } = settings;
        return this.#twoInputs({ inputs: [input, this.#below(streams)], parallelism: subtasks, chaining });
      }
    }
  }

  /** Of any node that has one. */
  #sideOutput(): NodePlan | undefined {
    const from = this.#sources.length;
    const having = this.#nodes.flatMap(({ op }, index) => (['process', 'timers', 'window', 'general'].includes(op) ? [index] : []));
    const chosen = having.length === 0 ? undefined : having[this.#below(having.length)];
    if (chosen === undefined) return undefined;
    return ['process', 'timers'].includes(this.#nodes[chosen]?.op ?? '')
      ? { op: 'side', input: from + chosen }
      : { op: 'late', input: from + chosen };
  }

  #grain(): { grainMs: number; delayMs: number } {
    return { grainMs: 2 + this.#below(20), delayMs: this.#below(25) };
  }

  #window(keyed: NodeSettings): NodePlan {
    const slideMs = 1 + this.#below(30);
    const sizeMs = [slideMs, 1 + this.#below(60), slideMs * (1 + this.#below(4))][this.#below(3)] as number;
    const aggregate = (['count', 'sum-merging', 'reduce', 'max'] as const)[this.#below(4)] as 'count';
    return {
      ...keyed,
      op: 'window',
      sizeMs,
      slideMs,
      offsetMs: this.#below(slideMs),
      latenessMs: this.#one(2) ? 0 : this.#below(40),
      aggregate,
    };
  }

  #generalWindow(keyed: NodeSettings): NodePlan {
    const assigner = this.#assigner();
    const trigger = this.#trigger(assigner);
    const evictor: EvictorPlan = { kind: this.#one(2) ? 'count' : 'time', limit: 1 + this.#below(12), after: this.#one(2) };
    // Behind a merge the order of elements is the window's own business.
    const evicts = this.#one(3) && !(assigner.kind === 'session' && evictor.kind === 'count');
    return {
      ...keyed,
      op: 'general',
      assigner,
      trigger,
      evictor: evicts ? evictor : undefined,
      latenessMs: this.#one(2) || assigner.kind === 'clock' ? 0 : this.#below(40),
      result: (['aggregate', 'reduce', 'apply', 'process'] as const)[this.#below(4)] as 'apply',
    };
  }

  #assigner(): AssignerPlan {
    const sizeMs = 1 + this.#below(40);
    switch (this.#below(7)) {
      case 0:
        return { kind: 'tumbling', sizeMs };
      case 1:
        return { kind: 'sliding', sizeMs, slideMs: 1 + this.#below(20) };
      case 2:
        return { kind: 'global' };
      case 3:
        return { kind: 'clock', sizeMs: sizeMs + (sizeMs & 1) }; // phases come at even times, so none at a window's last millisecond
      default:
        return { kind: 'session', gapMs: 1 + 2 * this.#below(10), dynamic: this.#one(2) };
    }
  }

  #trigger({ kind }: AssignerPlan): TriggerPlan {
    if (kind === 'clock' || this.#one(2)) return { kind: 'default' };
    switch (this.#below(kind === 'global' ? 2 : 3)) {
      case 0:
        return { kind: 'count', count: 1 + this.#below(4), purges: this.#one(2) };
      case 1:
        return { kind: 'continuous', intervalMs: 1 + this.#below(25) };
      default:
        return { kind: 'purging' };
    }
  }

  #twoInputs(settings: TwoInputSettings): NodePlan {
    const slideMs = 1 + this.#below(30);
    const sizeMs = this.#one(2) ? slideMs : 1 + this.#below(60);
    const rules = this.#sources.findIndex(({ early }) => early === true);
    if (rules >= 0 && this.#one(2)) return { ...settings, inputs: [this.#below(rules), rules], op: 'rules' };
    switch (this.#below(6)) {
      case 0:
        return { ...settings, op: 'coMap', flat: this.#one(2) };
      case 1:
        return { ...settings, op: 'coTimers', ...this.#grain() };
      case 2:
      case 3: {
        const lowerMs = this.#below(30) - 20;
        const exclusive = { lowerExclusive: this.#one(3), upperExclusive: this.#one(3) };
        if (this.#one(2))
          return { ...settings, op: 'intervalJoin', lowerMs, upperMs: lowerMs + 2 + this.#below(20), ...exclusive, outer: 'inner' };
        const outer = (['leftOuter', 'rightOuter', 'fullOuter'] as const)[this.#below(3)] as 'fullOuter';
        return { ...settings, op: 'intervalJoin', lowerMs: -1 - this.#below(20), upperMs: 1 + this.#below(20), ...exclusive, outer };
      }
      default:
        return { ...settings, op: this.#one(2) ? 'windowJoin' : 'coGroup', sizeMs, slideMs };
    }
  }

  #below(bound: number): number {
    return this.#random.nextInt(bound);
  }

  /** True once in so many times. */
  #one(times: number): boolean {
    return this.#random.nextInt(times) === 0;
  }
}

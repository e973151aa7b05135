/** Makes a random program whose results are determined (traits.ts), from a seed. */
import type { Random } from '@millrace/core/base/random';
import type { NodePlan, OracleProgram, OracleRecord, Partitioning, SourcePlan, SourceStep } from './program.ts';
import { traitsOf, unsoundness } from './traits.ts';

/** A phase of event time. In programs without late records all sources agree on it, so that one that was idle comes back in time. */
const PHASE_MS = 100;
const PARTITIONINGS: readonly Partitioning[] = ['none', 'none', 'none', 'rebalance', 'rescale', 'shuffle', 'global', 'broadcast', 'custom'];

export function generateProgram(random: Random): OracleProgram {
  return new Generator(random).generate();
}

class Generator {
  readonly #random: Random;
  readonly #late: boolean;
  readonly #nodes: NodePlan[] = [];
  #sources: readonly SourcePlan[] = [];

  constructor(random: Random) {
    this.#random = random;
    this.#late = this.#one(3);
  }

  generate(): OracleProgram {
    const phases = 1 + this.#below(4);
    const large = this.#one(16);
    const sources = this.#late ? 1 : 1 + this.#below(3);
    this.#sources = Array.from({ length: sources }, () => (this.#late ? this.#lateSource(phases, large) : this.#source(phases, large)));
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
    };
  }

  /** Every stream that nobody reads, and some others. */
  #sinks(): number[] {
    const streams = this.#sources.length + this.#nodes.length;
    const read = new Set(this.#nodes.flatMap((node) => (node.op === 'union' ? node.inputs : [node.input])));
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

  /** Rising, but for what comes up to 30 ms late. */
  #times(from: number, large: boolean): number[] {
    const count = large ? 800 : this.#below(12);
    return Array.from({ length: count }, (_, index) => from + Math.max(0, Math.floor((index * PHASE_MS) / count) - this.#below(30)));
  }

  /** Anything goes: records far behind the watermark, watermarks that would go back. */
  #lateSource(phases: number, large: boolean): SourcePlan {
    let now = -20;
    return {
      phases: Array.from({ length: phases }, () =>
        Array.from({ length: large ? 800 : this.#below(25) }, (): SourceStep => {
          if (this.#one(5)) return { kind: 'watermark', at: now - this.#below(30) };
          now += this.#below(large ? 2 : 9);
          return { kind: 'record', record: this.#record(), at: now - this.#below(40) };
        }),
      ),
    };
  }

  #record(): OracleRecord {
    return { k: this.#below(6), v: this.#below(10) };
  }

  #tryNode(): void {
    this.#nodes.push(this.#node());
    if (unsoundness(this.#program([])) !== undefined) this.#nodes.pop();
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
    switch (this.#below(9)) {
      case 0:
        return { ...settings, op: 'map', factor: 1 + this.#below(3), keys: 1 + this.#below(6), plus: this.#below(3) };
      case 1:
        return { ...settings, op: 'filter', modulus: 2 + this.#below(3), remainder: this.#below(2) };
      case 2:
        return { ...settings, op: 'flatMap', copies: this.#below(4), lazy: this.#one(2) };
      case 3:
        return { op: 'union', inputs: [input, ...Array.from({ length: 1 + this.#below(2) }, () => this.#below(streams))] };
      case 4:
        return { ...keyed, op: 'rolling', aggregate: (['count', 'sum', 'max', 'reduce'] as const)[this.#below(4)] as 'count' };
      case 5:
        return { ...keyed, op: 'timestamps', outOfOrdernessMs: this.#below(20) };
      case 6:
        return { op: 'late', input };
      default:
        return this.#window(keyed);
    }
  }

  #window(keyed: { input: number; parallelism: number | undefined; chaining: 'ALWAYS'; partitioning: 'none' }): NodePlan {
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

  #below(bound: number): number {
    return this.#random.nextInt(bound);
  }

  /** True once in so many times. */
  #one(times: number): boolean {
    return this.#random.nextInt(times) === 0;
  }
}

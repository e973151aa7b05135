/** Makes what the sources of a random program do. */
import type { Draw } from './draw.ts';
import type { OracleRecord, SourcePlan, SourceStep } from './program.ts';

/** A phase of event time. In programs without late records all sources agree on it, so that one that was idle comes back in time. */
const PHASE_MS = 100;

export interface SourceSettings {
  readonly phases: number;
  readonly late: boolean;
  /** All times are even. */
  readonly even: boolean;
}

export function generateSources(draw: Draw, { phases, late, even }: SourceSettings): readonly SourcePlan[] {
  const large = draw.one(16);
  const generator = new SourceGenerator(draw, { phases, even, large });
  if (late) return [generator.late()];
  const sources = Array.from({ length: 1 + draw.below(3) }, () => generator.inTime());
  return draw.one(3) ? [...sources, generator.rules()] : sources;
}

class SourceGenerator {
  readonly #draw: Draw;
  readonly #phases: number;
  readonly #even: boolean;
  readonly #large: boolean;

  constructor(draw: Draw, { phases, even, large }: { readonly phases: number; readonly even: boolean; readonly large: boolean }) {
    this.#draw = draw;
    this.#phases = phases;
    this.#even = even;
    this.#large = large;
  }

  /** Watermarks that all later records keep to; what was idle for a phase comes back with the watermark that the others have. */
  inTime(): SourcePlan {
    return this.#plan((phase) => {
      const from = phase * PHASE_MS;
      if (this.#draw.one(5)) return [{ kind: 'idle' }];
      const steps: SourceStep[] = [{ kind: 'watermark', at: from - 1 }];
      const times = this.#times(from);
      for (const [index, at] of times.entries()) {
        steps.push({ kind: 'record', record: this.#record(), at });
        if (this.#large || !this.#draw.one(3)) continue;
        const earliest = Math.min(from + PHASE_MS, ...times.slice(index + 1));
        steps.push({ kind: 'watermark', at: earliest - 1 });
      }
      if (this.#draw.one(2)) steps.push({ kind: 'watermark', at: from + PHASE_MS - 1 });
      return steps;
    });
  }

  /** One record or none at the begin of each phase. */
  rules(): SourcePlan {
    const plan = this.#plan((phase) => {
      const from = phase * PHASE_MS;
      const end: SourceStep = { kind: 'watermark', at: from + PHASE_MS - 1 };
      return this.#draw.one(3) ? [{ kind: 'watermark', at: from - 1 }, end] : [{ kind: 'record', record: this.#record(), at: from }, end];
    });
    return { early: true, ...plan };
  }

  /** Anything goes: records far behind the watermark, watermarks that would go back. */
  late(): SourcePlan {
    let now = -20;
    return this.#plan(() =>
      Array.from({ length: this.#large ? 800 : this.#draw.below(25) }, (): SourceStep => {
        if (this.#draw.one(5)) return { kind: 'watermark', at: now - this.#draw.below(30) };
        now += this.#draw.below(this.#large ? 2 : 9);
        return { kind: 'record', record: this.#record(), at: this.#time(now - this.#draw.below(40)) };
      }),
    );
  }

  #plan(steps: (phase: number) => SourceStep[]): SourcePlan {
    return { phases: Array.from({ length: this.#phases }, (_, phase) => steps(phase)) };
  }

  /** Rising, but for what comes up to 30 ms late. */
  #times(from: number): number[] {
    const count = this.#large ? 800 : this.#draw.below(12);
    return Array.from(
      { length: count },
      (_, index) => from + this.#time(Math.max(0, Math.floor((index * PHASE_MS) / count) - this.#draw.below(30))),
    );
  }

  #time(time: number): number {
    return this.#even ? time - (time & 1) : time;
  }

  #record(): OracleRecord {
    return { k: this.#draw.below(6), v: this.#draw.below(10) };
  }
}

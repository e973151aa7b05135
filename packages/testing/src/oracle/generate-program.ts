/** Makes a random program whose results are determined (traits.ts), from a seed. */
import type { Random } from '@millrace/core/base/random';
import { Draw } from './draw.ts';
import { generateSources } from './generate-sources.ts';
import { intervalJoinPlan, twoInputPlan } from './generate-two-inputs.ts';
import { generalWindowPlan, sessionsPlan, windowPlan } from './generate-windows.ts';
import {
  inputsOf,
  type NodePlan,
  type NodeSettings,
  type OracleProgram,
  type Partitioning,
  type SourcePlan,
  type TwoInputSettings,
} from './program.ts';
import { recordsAtMost } from './sizes.ts';
import { sourcesOf, traitsOf, unsoundness } from './traits.ts';

const RECORDS_MAX = 20_000;
const PARTITIONINGS: readonly Partitioning[] = ['none', 'none', 'none', 'rebalance', 'rescale', 'shuffle', 'global', 'broadcast', 'custom'];

/** As often as there is to find. */
const KINDS = [
  ...['map', 'filter', 'flatMap', 'union', 'rolling', 'timestamps', 'process', 'async', 'slow', 'countWindow', 'many'],
  ...['side', 'side', 'window', 'window', 'timers', 'timers', 'timers', 'general', 'general', 'general', 'general', 'sessions'],
  ...['two', 'two', 'two', 'two', 'two', 'two', 'intervalJoin'],
] as const;

export type NodeKind = (typeof KINDS)[number];

/** `kinds`: of nodes, as often as they are to be drawn; all unless given. */
export function generateProgram(random: Random, kinds: readonly NodeKind[] = KINDS): OracleProgram {
  return new Generator(new Draw(random), kinds).generate();
}

class Generator {
  readonly #draw: Draw;
  readonly #late: boolean;
  readonly #even: boolean;
  readonly #advanceMs: number;
  readonly #nodes: NodePlan[] = [];
  readonly #kinds: readonly NodeKind[];
  readonly #sources: readonly SourcePlan[];

  constructor(draw: Draw, kinds: readonly NodeKind[]) {
    this.#draw = draw;
    this.#kinds = kinds;
    this.#late = draw.one(3);
    this.#even = draw.one(2);
    this.#advanceMs = draw.of([0, 8, 40]);
    this.#sources = generateSources(draw, { phases: 1 + draw.below(4), late: this.#late, even: this.#even });
  }

  generate(): OracleProgram {
    const wanted = 1 + this.#draw.below(7);
    for (let attempts = 0; this.#nodes.length < wanted && attempts < 50; attempts++) this.#tryNode();
    return this.#program(this.#sinks());
  }

  #program(sinks: readonly number[]): OracleProgram {
    return {
      sources: this.#sources,
      nodes: [...this.#nodes],
      sinks,
      chaining: !this.#draw.one(4),
      autoWatermarkRecords: this.#draw.of([1, 2, 7, 1000]),
      late: this.#late,
      even: this.#even,
      advanceMs: this.#advanceMs,
    };
  }

  /** Every stream that nobody reads, and some others. */
  #sinks(): number[] {
    const streams = this.#sources.length + this.#nodes.length;
    const read = new Set(this.#nodes.flatMap(inputsOf));
    return Array.from({ length: streams }, (_, stream) => stream).filter((stream) => !read.has(stream) || this.#draw.one(5));
  }

  #tryNode(): void {
    this.#nodes.push(this.#node());
    const program = this.#program([]);
    if (unsoundness(program) !== undefined || recordsAtMost(program) > RECORDS_MAX) this.#nodes.pop();
  }

  #node(): NodePlan {
    const draw = this.#draw;
    const streams = this.#sources.length + this.#nodes.length;
    const input = draw.one(2) ? streams - 1 : draw.below(streams);
    const ordered = traitsOf(this.#program([]))[input]?.ordered === true;
    // Windows of programs with late records need what comes out of one subtask: there must be enough of that.
    const parallelism = ordered && draw.one(2) ? 1 : draw.of([undefined, undefined, 1, 2, 3]);
    const chaining = draw.of(['ALWAYS', 'ALWAYS', 'HEAD', 'NEVER'] as const);
    const settings = { input, parallelism, chaining, partitioning: draw.of(PARTITIONINGS) };
    const kind = draw.of(this.#kinds);
    const others = (count: number) => Array.from({ length: count }, () => draw.below(streams));
    switch (kind) {
      case 'union':
        return { op: 'union', inputs: [input, ...others(1 + draw.below(2))] };
      case 'many':
        return { op: 'many', inputs: [input, ...others(2 + draw.below(2))], parallelism, chaining, ...this.#grain() };
      case 'two':
      case 'intervalJoin':
        return this.#twoInputs(kind, { inputs: [input, draw.below(streams)], parallelism, chaining });
      case 'slow': {
        const slow = { ...settings, op: 'slow', parallelism: 1, partitioning: 'none', ordered: draw.one(2) } as const;
        return {
          ...slow,
          input: ordered ? input : draw.below(this.#sources.length),
          how: draw.of(['times out', 'is asked again'] as const),
        };
      }
      case 'side':
        return this.#sideOutput() ?? { ...settings, op: 'process', modulus: 2 };
      default:
        return this.#oneInput(kind, settings);
    }
  }

  #oneInput(kind: Exclude<NodeKind, 'union' | 'many' | 'two' | 'intervalJoin' | 'slow' | 'side'>, settings: NodeSettings): NodePlan {
    const draw = this.#draw;
    const keyed = { ...settings, partitioning: 'none' } as const;
    switch (kind) {
      case 'map':
        return { ...settings, op: 'map', factor: 1 + draw.below(3), keys: 1 + draw.below(6), plus: draw.below(3) };
      case 'filter':
        return { ...settings, op: 'filter', modulus: 2 + draw.below(3), remainder: draw.below(2) };
      case 'flatMap':
        return { ...settings, op: 'flatMap', copies: draw.below(4), lazy: draw.one(2) };
      case 'rolling':
        return { ...keyed, op: 'rolling', aggregate: draw.of(['count', 'sum', 'max', 'reduce'] as const) };
      case 'timestamps':
        return { ...keyed, op: 'timestamps', outOfOrdernessMs: draw.below(20) };
      case 'window':
        return windowPlan(draw, keyed);
      case 'process':
        return { ...settings, op: 'process', modulus: 2 + draw.below(3) };
      case 'async':
        return { ...settings, op: 'async', ordered: draw.one(2), capacity: 1 + draw.below(4), many: draw.one(2) };
      case 'timers':
        return { ...keyed, op: 'timers', how: draw.of(['buckets', 'sequence', 'clock'] as const), ...this.#grain() };
      case 'general':
        return generalWindowPlan(draw, keyed);
      case 'sessions':
        return sessionsPlan(draw, keyed);
      case 'countWindow':
        return { ...keyed, op: 'countWindow', count: 1 + draw.below(4), slide: draw.one(2) ? undefined : 1 + draw.below(3) };
    }
  }

  #twoInputs(kind: 'two' | 'intervalJoin', settings: TwoInputSettings): NodePlan {
    const rules = this.#sources.findIndex(({ early }) => early === true);
    if (kind === 'two' && rules >= 0 && this.#draw.one(2)) return { ...settings, inputs: [this.#draw.below(rules), rules], op: 'rules' };
    const program = this.#program([]);
    const sourcesBefore = (stream: number) => [...sourcesOf(program, stream)].map((source) => this.#sources[source] as SourcePlan);
    const sides = [sourcesBefore(settings.inputs[0]), sourcesBefore(settings.inputs[1])] as const;
    return kind === 'two' ? twoInputPlan(this.#draw, settings, sides) : intervalJoinPlan(this.#draw, settings, sides);
  }

  /** Of any node that has one. */
  #sideOutput(): NodePlan | undefined {
    const having = this.#nodes.flatMap(({ op }, index) => (['process', 'timers', 'window', 'general'].includes(op) ? [index] : []));
    if (having.length === 0) return undefined;
    const chosen = this.#draw.of(having);
    const isProcess = ['process', 'timers'].includes(this.#nodes[chosen]?.op ?? '');
    return { op: isProcess ? 'side' : 'late', input: this.#sources.length + chosen };
  }

  #grain(): { grainMs: number; delayMs: number } {
    return { grainMs: 2 + this.#draw.below(20), delayMs: this.#draw.below(25) };
  }
}

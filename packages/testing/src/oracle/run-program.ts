/** Runs a random program in one way and compares what came out, phase by phase, with the reference. */
import type { CompiledJob } from '@millrace/streaming/graph/job-graph';
import { withEndsOf } from '../environment/same-ends.ts';
import { SimulatedJob } from '../environment/simulated-job.ts';
import type { TestSource } from '../environment/test-source.ts';
import { VirtualClock } from '../simulation/virtual-clock.ts';
import { buildProgram, type BuiltProgram, type TimedRecord } from './build-program.ts';
import { type CrashPlan, type OracleProgram, phasesOf, type RunPlan, type SourceStep } from './program.ts';
import { expectedLines } from './reference.ts';

/** What is wrong; undefined if all is as it must be. */
export async function differenceOf(program: OracleProgram, run: RunPlan): Promise<string | undefined> {
  try {
    return await new ProgramRun(program, run).compare();
  } catch (error) {
    return `it failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  }
}

class ProgramRun {
  readonly #program: OracleProgram;
  readonly #run: RunPlan;
  readonly #built: BuiltProgram;
  readonly #clock = new VirtualClock();
  readonly #compiled: CompiledJob;
  readonly #job: SimulatedJob;

  constructor(program: OracleProgram, run: RunPlan) {
    this.#program = program;
    this.#run = run;
    this.#built = buildProgram(program, run);
    const { seed, slots, generateCode, channelCapacity } = run;
    this.#compiled = this.#built.environment.compile('oracle');
    this.#job = new SimulatedJob(this.#compiled, {
      seed,
      slots,
      generateCode,
      channelCapacity,
      clock: this.#clock,
      write() {},
    });
  }

  async compare(): Promise<string | undefined> {
    await this.#job.start();
    const phases = phasesOf(this.#program);
    for (let phase = 0; phase < phases; phase++) {
      if (phase > 0 && this.#program.advanceMs > 0) await this.#job.advance(this.#program.advanceMs);
      await this.#feed(phase);
      const difference = this.#isSettled(phase) ? this.#difference(phase + 1, false) : undefined;
      if (difference !== undefined) return difference;
    }
    for (const source of this.#built.sources) source.end();
    await this.#job.end();
    return this.#difference(phases, true);
  }

  /**
   * Behind a restore sources say their watermark anew. To requests that were restored unanswered it comes second, though it had come first, so what may pass them without
   * an order waits behind it until the clock goes on.
   */
  #isSettled(phase: number): boolean {
    return this.#run.crash?.phase !== phase || !this.#program.nodes.some((node) => node.op === 'slow' && !node.ordered);
  }

  /** The first step of every source settles before the others: so a source that was idle has caught up before anybody goes on. */
  async #feed(phase: number): Promise<void> {
    const stepsOf = (index: number) => this.#program.sources[index]?.phases[phase] ?? [];
    const feed = (from: number, to: number | undefined) => {
      for (const [index, source] of this.#built.sources.entries()) feedAll(source, stepsOf(index).slice(from, to), this.#run.padding);
    };
    feed(0, 1);
    await this.#job.settle();
    feed(1, undefined);
    for (let marker = 0; marker < this.#run.markers; marker++) await this.#markAmongRecords(marker);
    if (this.#run.crash?.phase === phase) await this.#crash(this.#run.crash);
    await this.#job.settle();
  }

  /** After some turns that hang on the seed: the markers of this millisecond stand anywhere among the records. */
  async #markAmongRecords(marker: number): Promise<void> {
    await this.#job.run((this.#run.seed + marker * 13) % 29);
    this.#clock.step(this.#clock.monotonic() + 1);
  }

  /** In the middle of the phase. Where the results hang on the parallelism, it stays. */
  async #crash({ turns, parallelism }: CrashPlan): Promise<void> {
    await this.#job.run(turns);
    const rescales = [false, true].every(
      (ended) => JSON.stringify(this.#expected(parallelism, ended)) === JSON.stringify(this.#expected(this.#run.parallelism, ended)),
    );
    const next = rescales ? buildProgram(this.#program, { ...this.#run, parallelism }).environment.compile('oracle') : this.#compiled;
    await this.#job.crashAndRestore(withEndsOf(this.#compiled, next));
  }

  #expected(parallelism: number, ended: boolean): readonly (readonly string[])[] {
    const phases = phasesOf(this.#program);
    return expectedLines(this.#program, { phases, ended }, parallelism);
  }

  #difference(phases: number, ended: boolean): string | undefined {
    const expected = expectedLines(this.#program, { phases, ended }, this.#run.parallelism);
    for (const [index, lines] of this.#built.lines.entries()) {
      const actual = lines.records.toSorted();
      const wanted = expected[index] as readonly string[];
      if (actual.join('\n') === wanted.join('\n')) continue;
      const when = ended ? 'at the end' : `after phase ${phases}`;
      return `sink of stream ${this.#program.sinks[index]} ${when}: missing ${shown(without(wanted, actual))}, unexpected ${shown(without(actual, wanted))}`;
    }
    return undefined;
  }
}

function feedAll(source: TestSource<TimedRecord>, steps: readonly SourceStep[], padding: number): void {
  for (const [index, step] of steps.entries()) {
    if (step.kind === 'record') source.emit({ ...step.record, at: step.at, padding: 'x'.repeat((index % 4) * padding) });
    else if (step.kind === 'watermark') source.watermark(step.at);
    else source.idle();
  }
}

function without(lines: readonly string[], others: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const line of others) counts.set(line, (counts.get(line) ?? 0) + 1);
  return lines.filter((line) => {
    const count = counts.get(line) ?? 0;
    counts.set(line, count - 1);
    return count <= 0;
  });
}

function shown(lines: readonly string[]): string {
  if (lines.length === 0) return 'nothing';
  return lines.slice(0, 5).join(', ') + (lines.length > 5 ? ` and ${lines.length - 5} more` : '');
}

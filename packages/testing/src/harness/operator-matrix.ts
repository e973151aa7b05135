/**
 * The operator matrix: one piece of program, one script of input, run in every way in which a task may run it. All of them must give the same.
 *
 * The ways: elements one by one, each settled before the next, and in bulk; channels that take 1024 records, and channels that are full after every second; code generated
 * and interpreted; one subtask, two in one slot, two in slots of their own. What came out, with its timestamps, is compared after every watermark and at the end.
 */
import { AssertionError } from 'node:assert';
import type { DataStream } from '@millrace/streaming/api/data-stream';
import type { Sink } from '@millrace/streaming/contract/sink';
import { withoutSharedObjects } from '../environment/shared-objects.ts';
import { SimulatedJob } from '../environment/simulated-job.ts';
import { TestEnvironment } from '../environment/test-environment.ts';
import type { TestSource } from '../environment/test-source.ts';
import { VirtualClock } from '../simulation/virtual-clock.ts';

export interface MatrixRecord {
  /** Its timestamp. */
  readonly at: number;
}

/** `input` says which stream it is for; 0 unless set. Between two elements of different inputs everything settles, for inputs have no order between them. */
export type MatrixStep<R> = ({ readonly record: R } | { readonly watermark: number } | { readonly advanceMs: number }) & {
  readonly input?: number;
};

export interface OperatorCase<R extends MatrixRecord> {
  readonly script: readonly MatrixStep<R>[];
  /** 1 unless set. */
  readonly inputs?: number;
  /** The operator under test, between the inputs and what comes out of it: one stream, or several with side outputs. */
  readonly build: (first: DataStream<R>, second: DataStream<R>) => DataStream<unknown> | readonly DataStream<unknown>[];
}

interface Cell {
  readonly bulk: boolean;
  readonly channelCapacity: number;
  readonly generateCode: boolean;
  readonly parallelism: number;
  readonly slots: number;
}

const CELLS: readonly Cell[] = [false, true].flatMap((bulk) =>
  [1024, 2].flatMap((channelCapacity) =>
    [false, true].flatMap((generateCode) =>
      [
        { parallelism: 1, slots: 1 },
        { parallelism: 2, slots: 1 },
        { parallelism: 2, slots: 2 },
      ].map((size) => ({ bulk, channelCapacity, generateCode, ...size })),
    ),
  ),
);

/** Rejects with an `AssertionError` that names the way in which the result differs from that of the plainest one; settles with what came out. */
export async function runOperatorMatrix<R extends MatrixRecord>(operatorCase: OperatorCase<R>): Promise<readonly string[]> {
  const [plainest, ...others] = CELLS as [Cell, ...Cell[]];
  const expected = await new CellRun(operatorCase, plainest).run();
  for (const cell of others) {
    const actual = await new CellRun(operatorCase, cell).run();
    if (JSON.stringify(actual) === JSON.stringify(expected)) continue;
    throw new AssertionError({
      message: `The operator gives something else ${describe(cell)}.`,
      actual,
      expected,
      operator: 'deepStrictEqual',
    });
  }
  return expected.at(-1) ?? [];
}

class CellRun<R extends MatrixRecord> {
  readonly #case: OperatorCase<R>;
  readonly #cell: Cell;
  readonly #sources: readonly TestSource<R>[];
  readonly #lines: string[] = [];
  readonly #job: SimulatedJob;

  constructor(operatorCase: OperatorCase<R>, cell: Cell) {
    this.#case = operatorCase;
    this.#cell = cell;
    const environment = TestEnvironment.create({ parallelism: cell.parallelism });
    this.#sources = Array.from({ length: operatorCase.inputs ?? 1 }, (_, input) =>
      environment.testSource<R & object>({ name: `input ${input}`, timestamp: ({ at }) => at }),
    ) as unknown as TestSource<R>[];
    const [first, second = first] = this.#sources.map(({ stream }) => stream) as [DataStream<R>, DataStream<R>?];
    const built = operatorCase.build(first, second);
    const streams = Array.isArray(built) ? (built as readonly DataStream<unknown>[]) : [built as DataStream<unknown>];
    // Behind a channel, so that the operator's output is full when the channel is.
    for (const [index, stream] of streams.entries()) stream.sinkTo(lineSink(index, this.#lines)).setParallelism(1).disableChaining();
    this.#job = new SimulatedJob(withoutSharedObjects(environment.compile('matrix')), {
      ...cell,
      seed: 1,
      clock: new VirtualClock(),
      write() {},
    });
  }

  /** What had come out after each watermark, and at the end: sorted, for subtasks have no order between them. */
  async run(): Promise<string[][]> {
    await this.#job.start();
    const seen: string[][] = [];
    let input = 0;
    for (const step of this.#case.script) {
      if (!this.#cell.bulk || input !== (step.input ?? 0)) await this.#job.settle();
      input = step.input ?? 0;
      const source = this.#sources[input] as TestSource<R>;
      if ('record' in step) source.emit(step.record);
      else if ('advanceMs' in step) await this.#job.advance(step.advanceMs);
      else {
        source.watermark(step.watermark);
        await this.#job.settle();
      }
      if (!('record' in step)) seen.push(this.#lines.toSorted());
    }
    for (const source of this.#sources) source.end();
    await this.#job.end();
    seen.push(this.#lines.toSorted());
    return seen;
  }
}

function lineSink(index: number, lines: string[]): Sink<unknown> {
  const write = (record: unknown, context: { timestamp(): number | undefined }) =>
    void lines.push(`${index === 0 ? '' : `output ${index}: `}${JSON.stringify(record)} at ${context.timestamp() ?? 'no time'}`);
  return { createWriter: () => ({ write, flush() {}, close() {} }) };
}

function describe({ bulk, channelCapacity, generateCode, parallelism, slots }: Cell): string {
  const size = parallelism === 1 ? 'in one subtask' : `in ${parallelism} subtasks in ${slots === 1 ? 'one slot' : `${slots} slots`}`;
  return `${bulk ? 'in bulk' : 'one by one'}, with channels of ${channelCapacity} records, ${generateCode ? 'generated' : 'interpreted'}, ${size}`;
}

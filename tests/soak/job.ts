// The programs of the soak: what strains the flow of records. Each says at its end, or every second, what it has seen, as one line of JSON.
import { OutputTag, ParameterTool, ProcessFunction, StreamExecutionEnvironment, Types } from 'millrace';
import type { Collector, DataStream, ProcessContext, Sink } from 'millrace';

const params = ParameterTool.fromArgs(process.argv.slice(2));
const count = params.getLong('count', 10_000_000);
const env = StreamExecutionEnvironment.getExecutionEnvironment();

/** A stream of ascending numbers: takes `perSecond` of them (0: as many as come), and tells how many came and whether one was missing. */
function counting(perSecond: number): Sink<number> {
  return {
    createWriter: () => {
      let written = 0;
      let lost = 0;
      let toldMs = Date.now();
      const tell = () => console.log(JSON.stringify({ written, lost }));
      const beganMs = Date.now();
      return {
        write(n: number) {
          written += 1;
          if (n !== written) lost += 1;
          if (perSecond === 0) return undefined;
          const dueMs = beganMs + (written * 1000) / perSecond;
          if (written % Math.max(10, perSecond / 100) !== 0) return undefined;
          if (Date.now() - toldMs >= 1000) {
            toldMs = Date.now();
            tell();
          }
          return new Promise<void>((resolve) => void setTimeout(resolve, Math.max(0, dueMs - Date.now())));
        },
        flush: (endOfInput) => (endOfInput ? tell() : undefined),
        close() {},
      };
    },
  };
}

/** Emits all of them for one record, and asks nobody. */
class Burst extends ProcessFunction<number, number> {
  override processElement(_record: number, _context: ProcessContext, out: Collector<number>) {
    for (let n = 1; n <= count; n += 1) out.collect(n);
  }
}

class Aside extends ProcessFunction<number, number> {
  readonly #tagOf: (n: number) => OutputTag<number>;
  constructor(tagOf: (n: number) => OutputTag<number>) {
    super();
    this.#tagOf = tagOf;
  }
  override processElement(n: number, context: ProcessContext) {
    context.output(this.#tagOf(n), n);
  }
}

function* upTo(last: number) {
  for (let n = 1; n <= last; n += 1) yield n;
}

const PROGRAMS: Readonly<Record<string, () => void>> = {
  'slow-sink': () => {
    env
      .fromSequence(1, Number.MAX_SAFE_INTEGER)
      .sinkTo(counting(params.getLong('rate', 1000)))
      .slotSharingGroup('sink');
  },
  'slow-sink-same-slot': () => {
    env.disableOperatorChaining();
    env.fromSequence(1, Number.MAX_SAFE_INTEGER).sinkTo(counting(params.getLong('rate', 1000)));
  },
  'iterable-exchange': () => {
    env
      .fromData(1)
      .flatMap(() => upTo(count))
      .sinkTo(counting(0))
      .slotSharingGroup('sink');
  },
  'iterable-same-slot': () => {
    env.disableOperatorChaining();
    env
      .fromData(1)
      .flatMap(() => upTo(count))
      .sinkTo(counting(0));
  },
  'collector-exchange': () => {
    env.fromData(1).process(new Burst()).sinkTo(counting(0)).slotSharingGroup('sink');
  },
  'collector-same-slot': () => {
    env.disableOperatorChaining();
    env.fromData(1).process(new Burst()).sinkTo(counting(0));
  },
  'collector-chain': () => {
    env.fromData(1).process(new Burst()).sinkTo(counting(1_000_000));
  },
  'large-record-exchange': () => largeRecord(false),
  'large-record-chain': () => largeRecord(true),
  'side-output-records': () => {
    const tag = new OutputTag('side', Types.LONG);
    const main = env.fromSequence(1, count).process(new Aside(() => tag));
    main.getSideOutput(tag).sinkTo(counting(0));
  },
  'side-output-tags': () => {
    const tags = Array.from({ length: count }, (_, n) => new OutputTag(`side ${n}`, Types.LONG));
    const main = env.fromSequence(1, count).process(new Aside((n) => tags[n - 1]!));
    const [first, ...others] = tags.map((tag) => main.getSideOutput(tag) as DataStream<number>);
    first!.union(...others).sinkTo(counting(0));
  },
  small: () => {
    env
      .fromSequence(1, 10_000)
      .keyBy((n) => n % 100)
      .reduce((a, b) => a + b)
      .sinkTo({ createWriter: () => ({ write() {}, flush() {}, close() {} }) });
  },
  subtasks: () => {
    env.disableOperatorChaining();
    let stream: DataStream<number> = env.fromSequence(1, 10_000);
    for (let stage = 2; stage < count / 2; stage += 1) stream = stream.map((n) => n);
    stream.sinkTo({ createWriter: () => ({ write() {}, flush() {}, close() {} }) });
  },
};

function largeRecord(isChained: boolean): void {
  const megabytes = params.getLong('megabytes', 100);
  const large = env.fromData(1, 2, 3).map((n) => ({ n, text: String(n).repeat(megabytes * 1024 * 1024) }));
  const small = large.map(({ n, text }) => (text.length === megabytes * 1024 * 1024 && text.endsWith(String(n)) ? n : 0));
  small.slotSharingGroup(isChained ? 'default' : 'other').sinkTo(counting(0));
}

/** One job after another; in the client, tells what this process has in its heap and resident every so many of them. */
async function inARow(every: number): Promise<void> {
  for (let job = 1; job <= count; job += 1) {
    const own = StreamExecutionEnvironment.getExecutionEnvironment();
    own
      .fromSequence(1, 1_000)
      .keyBy((n) => n % 100)
      .reduce((a, b) => a + b)
      .sinkTo({ createWriter: () => ({ write() {}, flush() {}, close() {} }) });
    await own.execute(`job ${job}`);
    if (job % every !== 0) continue;
    (globalThis as { gc?: () => void }).gc?.();
    const { heapUsed, rss } = process.memoryUsage();
    console.log(JSON.stringify({ jobs: job, heapMiB: heapUsed / 2 ** 20, residentMiB: rss / 2 ** 20 }));
  }
}

const name = params.getRequired('program');
const program = PROGRAMS[name];
if (name === 'in-a-row') await inARow(params.getLong('every', 50));
else if (program === undefined) throw new Error(`--program ${name}: it is one of in-a-row, ${Object.keys(PROGRAMS).join(', ')}`);
else {
  program();
  await env.execute(name);
}

/** The operator of a window program at a bench with plain state and a clock: what the tests of windows in the API share. */
import { OperatorBench } from '../operators/testing-fakes.ts';
import { PlainState } from '../operators/testing-services.ts';
import type { SingleOutputStreamOperator } from './single-output-stream-operator.ts';
import { StreamExecutionEnvironment } from './stream-execution-environment.ts';
import { DiscardingSink } from '../builtin/discarding-sink.ts';

export interface Hit {
  readonly user: string;
  readonly n: number;
}
export const hits = () =>
  StreamExecutionEnvironment.getExecutionEnvironment()
    .setParallelism(3)
    .fromCollection<Hit>([{ user: 'x', n: 0 }]);
export const byUser = () => hits().keyBy((hit) => hit.user);
export const count = {
  createAccumulator: () => 0,
  add: (_hit: Hit, n: number) => n + 1,
  getResult: (n: number) => n,
  merge: (a: number, b: number) => a + b,
};
export const numbers = (elements: Iterable<Hit>) => [...elements].map(({ n }) => n).join('+');

/** The operator under test at a bench with a clock. */
export function benchOf(stream: SingleOutputStreamOperator<unknown>) {
  stream.name('under test').sinkTo(new DiscardingSink());
  const { jobGraph, bindings } = stream.getExecutionEnvironment().compile();
  const vertex = jobGraph.vertices.find((one) => one.operators.some(({ name }) => name === 'under test'));
  const id = vertex?.operators.find(({ name }) => name === 'under test')?.id ?? '';
  const state = new PlainState();
  const bench = new OperatorBench(bindings.operators.get(id)!, { services: state.services, processingTime: () => state.now });
  const taken = () => bench.takeLog().flatMap((sent) => ('record' in sent ? [sent.record] : []));
  return {
    bench,
    parallelism: vertex?.parallelism,
    state,
    hit: (n: number, timestamp: number, user = 'ann') => {
      bench.record({ user, n }, timestamp);
      return taken();
    },
    watermark: (time: number) => {
      bench.watermark(time);
      return taken();
    },
    clock: (now: number) => {
      state.advanceTo(now);
      bench.settle();
      return taken();
    },
  };
}
export const END = Number.MAX_SAFE_INTEGER;
export const inOrder = (stream: SingleOutputStreamOperator<unknown>, times: readonly number[]) => {
  const at = benchOf(stream);
  return [...times.flatMap((time) => [...at.hit(time, time), ...at.watermark(time)]), ...at.watermark(END)];
};

/** The operator that a piece of program ends with, as a task would get it. */
import { UsageError } from '@millrace/core/base/errors';
import type { DataStream } from '@millrace/streaming/api/data-stream';
import type { SingleOutputStreamOperator } from '@millrace/streaming/api/single-output-stream-operator';
import { TestEnvironment } from '../environment/test-environment.ts';
import type { RunLogic } from './operator-run.ts';

const UID = 'operator-under-test';

export type BuildOperator<A, B, O> = (first: DataStream<A>, second: DataStream<B>) => SingleOutputStreamOperator<O>;

export function operatorUnderTest<A, B, O>(build: BuildOperator<A, B, O>): RunLogic {
  const environment = TestEnvironment.create();
  environment.configure({ 'pipeline.operator-chaining.enabled': false });
  const source = <T>(name: string) => environment.testSource<T & object>({ name }).stream as unknown as DataStream<T>;
  environment.collect(build(source<A>('first'), source<B>('second')).uid(UID));
  const { jobGraph, bindings } = environment.compile('harness');
  const found = jobGraph.vertices.flatMap(({ operators }) => operators).find(({ uid }) => uid === UID);
  const logic = found === undefined ? undefined : bindings.operators.get(found.id);
  if (logic?.kind === 'operator' || logic?.kind === 'twoInput') return logic;
  throw new UsageError(
    `A harness runs one operator with state, timers or a context, and what was built ends with ${found?.name ?? 'none'}. ` +
      'A plain function can be called; a whole program is for TestEnvironment.',
  );
}

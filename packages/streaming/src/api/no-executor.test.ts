// A process of its own for the state in which nobody has set an executor: graphs can be built and looked at, jobs cannot be run.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StreamExecutionEnvironment } from './stream-execution-environment.ts';

test('without an executor a graph is built, and execute says what to do', async () => {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  env.fromData(1).print();
  assert.equal(env.compile('job').jobGraph.vertices.length, 1);
  await assert.rejects(env.execute('job'), {
    name: 'UsageError',
    reason: 'no-executor',
    message:
      "There is nothing to run the job on. Start the program with 'millrace run', or import from 'millrace' (not from '@millrace/streaming'), which starts a cluster in this process.",
  });
});

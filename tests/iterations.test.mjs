// Goal: a loop ends by itself in a real cluster, its subtasks in slots of their own, and begins anew when its tasks are restarted. Method: a program whose function fails once in the
// middle of the loop, run as a user does.
import assert from 'node:assert/strict';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { linesOf, millrace, root, sorted, temporaryFolder } from './support/run-millrace.mjs';

const PROGRAM = `
import { RestartStrategies, RichMapFunction, type RuntimeContext, StreamExecutionEnvironment } from 'millrace';

class FailsOnce extends RichMapFunction<number, number> {
  #attempt = 0;
  override open(context: RuntimeContext) {
    this.#attempt = context.getAttemptNumber();
  }
  override map(n: number) {
    if (this.#attempt === 0 && n === 1) throw new Error('once'); // nothing has come out of the loop by then, in no subtask
    return n - 1;
  }
}
const env = StreamExecutionEnvironment.getExecutionEnvironment();
env.setRestartStrategy(RestartStrategies.fixedDelayRestart(3, '10 ms'));
const iteration = env.fromSequence(4, 12).iterate();
const less = iteration.rebalance().map(new FailsOnce());
iteration.closeWith(less.filter((n) => n > 0));
less.filter((n) => n === 0).print();
await env.execute('loop');
`;

for (const parallelism of ['1', '3']) {
  test(`a loop at parallelism ${parallelism} ends after a restart in the middle of it`, async (t) => {
    const folder = temporaryFolder(t);
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    writeFileSync(join(folder, 'job.ts'), PROGRAM);
    const { code, stdout, stderr } = await millrace(['run', 'job.ts', '--parallelism', parallelism, '--json'], { cwd: folder });
    assert.equal(code, 0, stderr);
    const lines = linesOf(stdout);
    const { state, restarts } = JSON.parse(lines.pop());
    assert.deepEqual([state, restarts], ['FINISHED', 1]);
    assert.deepEqual(
      sorted(lines),
      Array.from({ length: 9 }, () => '0'),
    );
  });
}

// Goal: sources go on where the last checkpoint found them, in a real cluster: functions from their state in every subtask, a monitor of files with what it knows of each. Method:
// programs that fail once, behind a checkpoint that they wait for, run as a user does.
import assert from 'node:assert/strict';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { linesOf, millrace, root, temporaryFolder } from './support/run-millrace.mjs';

const PREPARED = `
import { writeFileSync, mkdirSync } from 'node:fs';
import {
  type FunctionInitializationContext, ListStateDescriptor, type ListState, RestartStrategies, RichMapFunction, RichParallelSourceFunction,
  type RuntimeContext, type SourceContext, StreamExecutionEnvironment, Types,
} from 'millrace';

const env = StreamExecutionEnvironment.getExecutionEnvironment();
env.setRestartStrategy(RestartStrategies.fixedDelayRestart(1, '10 ms'));
env.enableCheckpointing('20 ms');
env.getCheckpointConfig().setCheckpointStorage('checkpoints');
`;

const FUNCTION = `${PREPARED}
class Counting extends RichParallelSourceFunction<string> {
  #next = 0;
  #subtask = 0;
  #state: ListState<number> | undefined;
  #completed = () => {};
  initializeState(context: FunctionInitializationContext) {
    this.#state = context.getOperatorStateStore().getListState(new ListStateDescriptor('next', Types.LONG));
    for (const next of this.#state.get()) this.#next = next;
  }
  override open(context: RuntimeContext) { this.#subtask = context.getIndexOfThisSubtask(); }
  async run(context: SourceContext<string>) {
    while (this.#next < 3000) {
      if (this.#next === 1000) await new Promise<void>((resolve) => { this.#completed = resolve; });
      await context.collect(\`\${this.#subtask}:\${this.#next}\`);
      this.#next += 1;
    }
  }
  cancel() { this.#completed(); }
  notifyCheckpointComplete() { if (this.#next === 1000) this.#completed(); }
  snapshotState() { this.#state?.update([this.#next]); }
}
class FailsOnce extends RichMapFunction<string, string> {
  #attempt = 0;
  override open(context: RuntimeContext) { this.#attempt = context.getAttemptNumber(); }
  override map(value: string) {
    if (this.#attempt === 0 && value === '0:2000') throw new Error('once');
    return value.slice(0, 1);
  }
}
env.addSource(new Counting()).map(new FailsOnce()).map((subtask) => ({ subtask, count: 1 })).keyBy(({ subtask }) => subtask).sum('count')
  .filter(({ count }) => count >= 3000).print();
await env.execute();
`;

const FILES = `${PREPARED}
const folder = env.constant(() => {
  mkdirSync('in');
  writeFileSync('in/a.log', Array.from({ length: 2000 }, (_, n) => \`line \${n}\\n\`).join(''));
  return 'in';
});
class FailsOnce extends RichMapFunction<string, boolean> {
  #attempt = 0;
  #lines = 0;
  override open(context: RuntimeContext) {
    this.#attempt = context.getAttemptNumber();
    if (this.#attempt > 0) writeFileSync('in/b.log', 'last\\n');
  }
  override map(line: string) {
    this.#lines += 1;
    return line === 'last';
  }
  notifyCheckpointComplete() { if (this.#attempt === 0 && this.#lines === 2000) throw new Error('once'); }
}
const lines = { splittable: true, async *read(content: AsyncIterable<Uint8Array>) { for await (const chunk of content) yield* Buffer.from(chunk).toString().trim().split('\\n'); } };
env.readFile<string>(lines, folder, { watchType: 'PROCESS_CONTINUOUSLY', interval: '20 ms', onChange: 'append' }).setParallelism(1)
  .map(new FailsOnce()).setParallelism(1).map((last) => ({ last, count: 1 })).keyBy(() => 0).reduce((a, b) => ({ last: b.last, count: a.count + b.count }))
  .filter(({ last }) => last).map(({ count }) => \`the last of \${count}\`).print();
await env.execute();
`;

function program(t, text) {
  const folder = temporaryFolder(t);
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'job.ts'), text);
  return folder;
}

test('a source function goes on from its state in each of two subtasks, and nothing is lost or counted twice', async (t) => {
  const { code, stdout, stderr } = await millrace(['run', 'job.ts', '--parallelism', '2', '--json'], { cwd: program(t, FUNCTION) });
  assert.equal(code, 0, stderr);
  const lines = linesOf(stdout);
  const { state, restarts } = JSON.parse(lines.pop());
  assert.deepEqual([state, restarts], ['FINISHED', 1]);
  const results = new Set(lines.map((line) => line.replace(/^\d+> /, ''))); // one that had ended before the failure may say so twice
  assert.deepEqual([...results].sort(), ['{"subtask":"0","count":3000}', '{"subtask":"1","count":3000}']);
});

test('a monitor of files that is restored reads no file again and misses none', async (t) => {
  const kill = { when: (stdout) => stdout.includes('the last of'), signal: 'SIGINT' };
  const { stdout, stderr } = await millrace(['run', 'job.ts'], { cwd: program(t, FILES), kill });
  assert.match(stdout, /the last of 2001\n/, stderr);
});

/** Goal: the listing of threads is what the documentation says, a thread for each slot that its subtasks share. Method: user functions say in which thread they run; the report says it of them. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { command, programFolder } from './testing-command.ts';

const root = programFolder('threads');
writeFileSync(
  join(root, 'says.ts'),
  `import { threadId } from 'node:worker_threads';
import { RichMapFunction, rich, StreamExecutionEnvironment } from 'millrace';
class Saying extends RichMapFunction<number, number> {
  readonly #name: string;
  constructor(name: string) {
    super();
    this.#name = name;
  }
  override open() {
    console.log('says: ' + this.#name + ' ' + this.getRuntimeContext().getIndexOfThisSubtask() + ' ' + threadId);
  }
  override map(n: number) {
    return n;
  }
}
const env = StreamExecutionEnvironment.getExecutionEnvironment();
const numbers = env.fromSequence(1, 3).setParallelism(1).rebalance();
const first = numbers.map(rich(() => new Saying('first'))).name('first').setParallelism(3).rebalance();
first.map(rich(() => new Saying('second'))).name('second').setParallelism(2).filter((n) => n < 0).setParallelism(2).print().setParallelism(2);
await env.execute('says');
`,
);

interface Thread {
  readonly taskManager: string;
  readonly slot: number;
  readonly thread: number | null;
  readonly subtasks: readonly string[];
}

async function run(
  ...args: readonly string[]
): Promise<{ readonly threads: readonly Thread[]; readonly said: ReadonlyMap<string, number> }> {
  const child = spawn(process.execPath, [command, 'run', 'says.ts', '--json', ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  assert.equal(await new Promise((resolve) => child.on('close', resolve)), 0, stdout);
  const says = [...stdout.matchAll(/says: (\w+) (\d) (\d+)/g)];
  const said = new Map(says.map(([, name, subtask, thread]) => [`${name} ${Number(subtask) + 1}`, Number(thread)]));
  return { threads: JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '').threads as Thread[], said };
}

/** `first 2` for `first (2/3)` and whatever is chained to it. */
const named = (subtask: string) => subtask.replace(/^(\w+).* \((\d+)\/\d+\)$/, '$1 $2');

test('each slot is a thread of its own, which its subtasks share', async () => {
  const { threads, said } = await run();
  assert.equal(said.size, 5);
  assert.deepEqual(
    threads.map(({ taskManager, slot }) => [taskManager, slot]),
    [
      ['tm-1', 0],
      ['tm-1', 1],
      ['tm-1', 2],
    ],
  );
  assert.equal(new Set(threads.map(({ thread }) => thread)).size, 3);
  assert.ok(
    threads.every(({ thread }) => (thread ?? 0) > 0),
    'none is the main thread of the TaskManager',
  );
  const listed = new Map(threads.flatMap(({ thread, subtasks }) => subtasks.map((subtask) => [named(subtask), thread] as const)));
  assert.equal(listed.size, 1 + 3 + 2, 'every subtask is in one of them, that of the source too');
  for (const [subtask, thread] of said) assert.equal(listed.get(subtask), thread, subtask);
});

test('in one thread, all slots are the main thread', async () => {
  const { threads, said } = await run('--single-thread');
  assert.deepEqual([...new Set(said.values())], [0]);
  assert.deepEqual([...new Set(threads.map(({ thread }) => thread))], [0]);
  assert.equal(threads.flatMap(({ subtasks }) => subtasks).length, 6);
});

// Goal: a thread answers whatever it does, and nothing stays attached to it. Method: real threads in an endless loop, in a wait, and at rest.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { ThreadInspector } from './thread-inspector.ts';

const PRELUDE = `const { parentPort } = require('node:worker_threads'); globalThis.answer = () => new Error().stack;`;
const WORK = {
  'an endless loop': `function spin(n) { for (;;) n = (n * 7) % 1000; } parentPort.postMessage(0); setImmediate(() => spin(1));`,
  'a wait for another thread': `function wait() { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); } parentPort.postMessage(0); setImmediate(wait);`,
  'nothing at all': `parentPort.postMessage(0); parentPort.on('message', () => {});`,
};

// One for the process, as in a TaskManager.
const inspector = new ThreadInspector();

function ask(worker: Worker, expression = 'globalThis.answer?.()'): Promise<string | undefined> {
  return new Promise((resolve) => inspector.ask(worker.threadId, expression, resolve));
}

for (const [what, code] of Object.entries(WORK)) {
  test(`a thread in ${what} answers, several questions at once, and can be ended afterwards`, async (t) => {
    const worker = new Worker(PRELUDE + code, { eval: true });
    t.after(() => worker.terminate());
    await once(worker, 'message');
    let stack = await ask(worker);
    // The loop may begin a moment after the message.
    while (what === 'an endless loop' && !stack?.includes('at spin ')) stack = await ask(worker);
    const answers = await Promise.all([ask(worker), ask(worker, '"two"'), ask(worker, '3')]);
    assert.deepEqual([answers[1], answers[2]], ['two', undefined], 'only texts are answers');
    assert.match(answers[0] ?? '', /^Error\n {4}at /);
    await inspector.answered(worker.threadId);
    assert.equal(await worker.terminate(), 1);
  });
}

test('nothing is attached before the first question', () => {
  assert.equal(new ThreadInspector().isAttached, false);
});

test('of several threads the one answers that is asked, however they were attached', async (t) => {
  const workers = Array.from(
    { length: 6 },
    (_, index) => new Worker(`globalThis.mine = '${index}'; ${PRELUDE}${WORK['nothing at all']}`, { eval: true, name: `w${index}` }),
  );
  t.after(() => Promise.all(workers.map((worker) => worker.terminate())));
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  const fresh = new ThreadInspector();
  for (const each of [fresh, inspector]) {
    const answers = await Promise.all(
      workers.map((worker) => new Promise((resolve) => each.ask(worker.threadId, 'globalThis.mine', resolve))),
    );
    assert.deepEqual(answers, ['0', '1', '2', '3', '4', '5']);
  }
});

test('a thread that is not there does not answer, in the end', async () => {
  assert.equal(await new Promise((resolve) => inspector.ask(999_999, '"x"', resolve)), undefined);
});

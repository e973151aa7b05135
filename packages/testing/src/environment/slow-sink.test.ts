// Goal: a source that can be read again is the buffer of a job whose sink is slow: it is read at the sink's speed, what comes meanwhile waits in it, and nothing is lost.
// Method: a file that grows, a sink that the test holds, a virtual clock; how far the source has read is counted.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryFiles } from '@millrace/streaming/builtin/file/memory-files';
import type { Sink } from '@millrace/streaming/contract/sink';
import { TestEnvironment } from './test-environment.ts';

const PART = 5_000;

const lines = {
  splittable: true,
  async *read(content: AsyncIterable<Uint8Array>) {
    for await (const chunk of content) yield* new TextDecoder().decode(chunk).split('\n').slice(0, -1);
  },
};

/** Takes nothing more until it is released. */
class HeldSink implements Sink<string> {
  readonly taken: string[] = [];
  #isHeld = true;
  #resume: (() => void) | undefined;

  createWriter() {
    const write = (line: string) => {
      this.taken.push(line);
      return this.#isHeld ? new Promise<void>((resolve) => (this.#resume = resolve)) : undefined;
    };
    return { write, flush() {}, close() {} };
  }

  release(): void {
    this.#isHeld = false;
    this.#resume?.();
  }
}

function numbered(from: number, count: number): string {
  return Array.from({ length: count }, (_, n) => `${from + n}\n`).join('');
}

for (const isChained of [true, false]) {
  test(`a file grows while its sink is held, ${isChained ? 'in one chain' : 'over channels'}: it is read no further, and all of it comes when the sink is free`, async () => {
    const files = new MemoryFiles(`held-${isChained}`);
    const sink = new HeldSink();
    const env = TestEnvironment.create({ parallelism: 1 });
    if (!isChained) env.disableOperatorChaining();
    let pulled = 0;
    env
      .readFile(lines, files.root, { watchType: 'PROCESS_CONTINUOUSLY', interval: '10 s', onChange: 'append' })
      .map((line) => {
        pulled += 1;
        return line;
      })
      .sinkTo(sink);
    const job = await env.executeAsync();
    files.write('log', numbered(0, PART));
    await env.advanceTime('10 s');
    const before = pulled;
    assert.ok(before > 0 && before < PART / 2, `${before} lines were read for a sink that takes none`);
    for (let part = 1; part < 4; part += 1) {
      files.write('log', numbered(0, PART * (part + 1)));
      await env.advanceTime('10 s');
      assert.equal(pulled, before, 'the source stands still, whatever comes');
    }
    assert.equal(sink.taken.length, 1);
    sink.release();
    await env.advanceTime('20 s');
    assert.deepEqual(
      sink.taken,
      Array.from({ length: 4 * PART }, (_, n) => String(n)),
    );
    await job.cancel();
  });
}

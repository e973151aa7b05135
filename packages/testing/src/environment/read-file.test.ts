// Goal: readFile with all its arguments, in jobs; one that goes on looking finds what comes later, and its readers without work hold nothing back. Method: files in memory and
// a virtual clock.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Types } from '@millrace/core/types/types';
import { readFileSource } from '@millrace/streaming/api/read-file';
import { MemoryFiles } from '@millrace/streaming/builtin/file/memory-files';
import type { FileInputFormat } from '@millrace/streaming/builtin/file/stream-format';
import { WatermarkStrategy } from '@millrace/streaming/contract/watermark-strategy';
import { TumblingEventTimeWindows } from '@millrace/streaming/window/tumbling-event-time-windows';
import { TestEnvironment } from './test-environment.ts';

/** Records of `path:text`, a whole file each. */
const whole: FileInputFormat<string> = {
  type: Types.STRING,
  async *read(path, content) {
    let text = '';
    for await (const chunk of content) text += new TextDecoder().decode(chunk);
    yield `${path.slice(path.lastIndexOf('/') + 1)}:${text}`;
  },
};

/** Lines, with the time that they begin with. */
const lines = {
  splittable: true,
  async *read(content: AsyncIterable<Uint8Array>) {
    for await (const chunk of content) yield* new TextDecoder().decode(chunk).split('\n').slice(0, -1);
  },
};

describe('readFile', () => {
  it('reads all files once, and the filter chooses: a glob, a function', async () => {
    const files = new MemoryFiles('once');
    for (const name of ['a.txt', 'b.txt', 'c.log']) files.write(name, name.slice(0, 1));
    for (const [filter, expected] of [
      [undefined, ['a.txt:a', 'b.txt:b', 'c.log:c']],
      ['*.txt', ['a.txt:a', 'b.txt:b']],
      [(path: string) => path.endsWith('c.log'), ['c.log:c']],
    ] as const) {
      for (const positional of [false, true]) {
        const env = TestEnvironment.create({ parallelism: 2 });
        const stream = positional
          ? env.readFile(whole, files.root, 'PROCESS_ONCE', '1 s', filter, Types.STRING)
          : env.readFile(whole, files.root, { ...(filter === undefined ? {} : { filter }), type: Types.STRING });
        const read = env.collect(stream);
        await env.execute();
        assert.deepEqual(read.take().toSorted(), expected);
      }
    }
  });

  it('goes on looking: new files and what is appended are found in the next interval, by any of the readers', async () => {
    const files = new MemoryFiles('on');
    const env = TestEnvironment.create({ parallelism: 3 });
    const read = env.collect(env.readFile(lines, files.root, { watchType: 'PROCESS_CONTINUOUSLY', interval: '10 s', onChange: 'append' }));
    const job = await env.executeAsync();
    await env.settle();
    assert.deepEqual(read.take(), []);
    files.write('a', 'one\ntw');
    await env.advanceTime('10 s');
    assert.deepEqual(read.take(), ['one']);
    files.append('a', 'o\n');
    files.write('b', 'three\n');
    files.write('_hidden', 'no\n');
    await env.advanceTime('10 s');
    assert.deepEqual(read.take().toSorted(), ['three', 'two']);
    await env.advanceTime('60 s');
    assert.deepEqual(read.take(), []);
    await job.cancel();
    await assert.rejects(job.getJobExecutionResult(), { message: 'The job was canceled.' });
  });

  it('does not hold the watermark back by readers that have nothing to read', async () => {
    const files = new MemoryFiles('idle');
    const env = TestEnvironment.create({ parallelism: 4 });
    env.configure({ 'pipeline.auto-watermark-records': 1 });
    const strategy = WatermarkStrategy.forMonotonousTimestamps().withTimestampAssigner((line: string) => Number(line));
    const source = readFileSource(lines, files.root, { watchType: 'PROCESS_CONTINUOUSLY', interval: '10 s' });
    const counts = env.collect(
      env
        .fromSource(source, strategy, 'files')
        .map((line) => Number(line))
        .keyBy(() => 0)
        .window(TumblingEventTimeWindows.of('10 ms'))
        .sum(),
    );
    const job = await env.executeAsync();
    files.write('a', '1\n2\n25\n');
    await env.advanceTime('10 s');
    assert.deepEqual(counts.take(), [3]);
    await job.cancel();
    await assert.rejects(job.getJobExecutionResult(), { message: 'The job was canceled.' });
  });

  it('refuses, in words', () => {
    const env = TestEnvironment.create();
    assert.throws(() => env.readFile({} as never, 'x'), {
      message: /readFile got an object with no fields as its format, which has no method read/,
    });
    assert.throws(() => env.readFile(whole, ''), { message: /the path of readFile got an empty text/ });
    assert.throws(() => env.readFile(whole, 'x', { watchType: 'PROCESS_CONTINUOUSLY' }), { message: /needs an interval/ });
    assert.throws(() => env.readFile(whole, 'x', 'PROCESS_TWICE' as never, '1 s'), { message: /watch type 'PROCESS_TWICE'/ });
    assert.throws(() => env.readFile(whole, 'x', { onChange: 'append' }), { message: /with PROCESS_ONCE no file is looked at twice/ });
    assert.throws(() => env.readFile(whole, 'x', { watchType: 'PROCESS_CONTINUOUSLY', interval: '1 s', onChange: 'append' }), {
      message: /do not stand in lines of their own/,
    });
  });
});

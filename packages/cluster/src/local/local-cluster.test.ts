import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { Worker } from 'node:worker_threads';
import type { JobInformation } from '@millrace/runtime/protocol/deployment';
import { BatchedStreams } from './batched-streams.ts';
import { BlobDirectory } from './blob-directory.ts';
import { CoordinatorWorkers } from './coordinator-workers.ts';
import { startLocalCluster } from './local-cluster.ts';
import { prefixLines } from './slot-console.ts';
import { OutputStream, writeOrDrop } from './standard-streams.ts';

describe('startLocalCluster', () => {
  it('starts and ends without a job, and leaves no file behind', async () => {
    const cluster = await startLocalCluster({ slots: 2 });
    await cluster.close();
    await cluster.close();
  });

  it('refuses a number of slots that is none', async () => {
    await assert.rejects(startLocalCluster({ slots: 0 }), /A TaskManager cannot have 0 slots .* Give a whole number from 1 to 1024\./);
  });
});

describe('a running cluster', () => {
  const directories = () => readdirSync(tmpdir()).filter((name) => name.startsWith('millrace-'));

  it('leaves no directory behind when its options are refused', async () => {
    const before = directories();
    await assert.rejects(startLocalCluster({ slots: 0 }));
    assert.deepEqual(
      directories().filter(
        (name) => !before.includes(name) && existsSync(join(tmpdir(), name)) && readdirSync(join(tmpdir(), name)).length === 0,
      ),
      [],
    );
  });
});

describe('coordinator isolates', () => {
  const place = mkdtempSync(join(tmpdir(), 'millrace-test-'));
  after(() => rmSync(place, { recursive: true }));
  const bytes = Buffer.from('throw new Error("as it is bound");');
  const bundle = createHash('sha256').update(bytes).digest('hex');
  const job = { jobId: 'j', jobGraph: { name: 'n', vertices: [], edges: [] }, program: { bundle } } as unknown as JobInformation;

  it('start another isolate where the warm one has ended', async () => {
    const blobs = new BlobDirectory(place);
    blobs.put(bundle, bytes);
    const created = once(process, 'worker');
    const workers = new CoordinatorWorkers(blobs, { write: () => {}, drained: () => undefined });
    const [warm] = (await created) as [Worker];
    await warm.terminate();
    const another = once(process, 'worker');
    workers.start(
      job,
      {},
      { onReaderEvent: () => {}, onSnapshot: () => {}, onSubtaskReset: () => {}, onBacklog: () => {}, onFailure: () => {} },
    );
    assert.notEqual((await another)[0], warm);
    await workers.close();
  });

  it('drop what cannot be written, and go on', async () => {
    writeOrDrop({ write: () => Promise.reject(new Error('full')) }, 'stdout', 'x');
    writeOrDrop(
      {
        write: () => {
          throw new Error('closed');
        },
      },
      'stdout',
      'x',
    );
  });
});

describe('BlobDirectory', () => {
  const place = mkdtempSync(join(tmpdir(), 'millrace-test-'));
  after(() => rmSync(place, { recursive: true }));
  const bytes = Buffer.from('export default 1;');
  const hash = createHash('sha256').update(bytes).digest('hex');

  it('gives out only what has the hash that it is named by', () => {
    const blobs = new BlobDirectory(place);
    assert.throws(() => blobs.put(hash, Buffer.from('other')), /was submitted with the hash .*It is not run\./);
    blobs.put(hash, bytes);
    assert.ok(existsSync(blobs.pathOf(hash)));
    writeFileSync(blobs.pathOf(hash), 'changed');
    assert.throws(() => new BlobDirectory(place).pathOf(hash), /It is not run\./);
    assert.throws(() => blobs.pathOf('../../etc/passwd'), /is no SHA-256/);
  });
});

describe('output', () => {
  it('is written in order, in parts, and tried again when the pipe is full', async () => {
    const written: string[] = [];
    let calls = 0;
    const stream = new OutputStream('stdout', (bytes, done) => {
      calls += 1;
      if (calls === 2) return queueMicrotask(() => done(Object.assign(new Error('full'), { code: 'EAGAIN' }), 0));
      const part = bytes.subarray(0, 3);
      written.push(Buffer.from(part).toString());
      queueMicrotask(() => done(null, part.length));
    });
    void stream.write('first ');
    void stream.write('second');
    await stream.drained();
    assert.equal(written.join(''), 'first second');
    assert.equal(stream.drained(), undefined);
  });

  it('refuses more once its reader has gone', async () => {
    const stream = new OutputStream('stdout', (_bytes, done) =>
      queueMicrotask(() => done(Object.assign(new Error('x'), { code: 'EPIPE' }), 0)),
    );
    void stream.write('lost');
    await assert.rejects(async () => stream.drained(), /its reader has gone/);
    assert.equal(stream.drained(), undefined, 'told once');
    assert.throws(() => stream.write('more'), /^TerminalError: The job cannot write to standard output: its reader has gone\.$/);
  });

  it('of a slot is gathered, keeps its order and makes writers wait while too much is on the way', async () => {
    const sent: string[] = [];
    const streams = new BatchedStreams({ send: (stream, text) => void sent.push(`${stream}:${text.length}`), later: () => {} });
    assert.equal(streams.write('stdout', 'a'), undefined);
    assert.equal(streams.write('stderr', 'bb'), undefined);
    streams.flush();
    assert.deepEqual(sent, ['stdout:1', 'stderr:2']);
    const wait = streams.write('stdout', 'x'.repeat(1024 * 1024 + 1));
    assert.ok(wait instanceof Promise);
    streams.acknowledge('stdout', 1024 * 1024 + 1, undefined);
    await wait;
  });

  it('of user code names the subtask before each line', () => {
    assert.equal(prefixLines('map (2/4)', 'one\ntwo\n'), '[map (2/4)] one\n[map (2/4)] two\n');
    assert.equal(prefixLines(undefined, 'one\n'), 'one\n');
  });
});

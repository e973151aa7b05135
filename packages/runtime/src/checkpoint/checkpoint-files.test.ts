// Goal: what was written is read back, what was damaged is never believed, what nobody needs is removed and nothing else. Method: real files in a temporary directory;
// every single byte of a small checkpoint is changed once, and every length cut.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { seededRandom } from '@millrace/core/base/random';
import { fileSystemOf } from '@millrace/core/fs/file-systems';
import { checksumOf } from '@millrace/core/fs/node/checksum';
import { CheckpointDirectory, readCheckpoint } from './checkpoint-directory.ts';
import { listCheckpoints } from './checkpoint-list.ts';
import type { CheckpointMetadata } from './checkpoint-metadata.ts';
import { FileCheckpointStreams } from './file-streams.ts';
import { decodeMetadata, encodeMetadata } from './metadata-format.ts';
import { filesOf, totalStateSizeOf } from './metadata-walk.ts';
import type { StreamHandle } from './state-handles.ts';
import { STREAM_HEADER } from './state-streams.ts';
import { openStateStream, readBlock } from './stream-reader.ts';

const root = await mkdtemp(join(tmpdir(), 'millrace-checkpoints-'));
after(() => rm(root, { recursive: true }));

const fileSystem = fileSystemOf(root);
const streams = new FileCheckpointStreams({ fileSystemOf, random: seededRandom(7) });

let jobs = 0;
async function newDirectory(inlineBytesMax = 64): Promise<CheckpointDirectory> {
  const directory = new CheckpointDirectory({ directory: root, jobId: `job-${++jobs}`, fileSystem, inlineBytesMax });
  await directory.prepare();
  return directory;
}

function metadataOf(checkpointId: number, handles: readonly StreamHandle[]): CheckpointMetadata {
  const operator = handles.map((stream, index) => ({
    schema: { name: `list-${index}`, kind: 'list', mode: 'split', elementType: { kind: 'shape' } } as const,
    stream,
    block: { offset: STREAM_HEADER.byteLength, size: 3, count: 1, checksum: 0 },
    from: 0,
    to: 1,
  }));
  const subtasks = [{ isFinished: false, operators: { op: { keyed: [], operator } } }];
  return {
    checkpointId,
    kind: 'checkpoint',
    triggerTimestamp: 1000,
    completionTimestamp: 1000 + checkpointId,
    jobId: `job-${jobs}`,
    jobName: 'job',
    graphDigest: 'd',
    writtenBy: '0.1.0',
    vertices: [{ id: 'v', name: 'v', parallelism: 1, maxParallelism: 128, operators: [{ id: 'op', uid: 'op', name: 'op' }], subtasks }],
    coordinators: { op: { version: 1, bytes: Uint8Array.of(1, 2, 3) } },
  };
}

describe('streams of state', () => {
  for (const size of [0, 3, 56, 57, 300_000]) {
    test(`${size} bytes are read back, from a file only where they are more than may go inline`, async () => {
      const directory = await newDirectory();
      const location = await directory.begin(1);
      const bytes = Uint8Array.from({ length: size }, (_, i) => i * 7);
      const stream = streams.create(location, 'exclusive');
      const offset = stream.position;
      await stream.write(bytes.slice(0, size >> 1));
      await stream.write(bytes.slice(size >> 1));
      const handle = await stream.finish();
      assert.equal(handle.kind, size + STREAM_HEADER.byteLength <= 64 ? 'inline' : 'file');
      const reader = await openStateStream(handle, directory.base, fileSystemOf);
      const block = { offset, size, count: 1, checksum: checksumOf(bytes) };
      assert.deepEqual(Buffer.from(await readBlock(reader, block)), Buffer.from(bytes));
      await assert.rejects(readBlock(reader, { ...block, checksum: 1 }), /has a block at 8 whose checksum is/);
      await reader.close();
    });
  }

  test('a file that is missing, cut or another one is refused by name', async () => {
    const directory = await newDirectory(0);
    const stream = streams.create(await directory.begin(1), 'shared');
    await stream.write(Uint8Array.of(1, 2, 3));
    const handle = (await stream.finish()) as StreamHandle & { path: string };
    const path = join(directory.base, handle.path);
    const open = () => openStateStream(handle, directory.base, fileSystemOf);
    await writeFile(path, 'MRSTATEX123');
    await assert.rejects(open(), new RegExp(`'${path}' does not begin as a stream of state does`));
    await truncate(path, 4);
    await assert.rejects(open(), new RegExp(`'${path}' has 4 bytes, and the checkpoint says 11`));
    await rm(path);
    await assert.rejects(open(), new RegExp(`'${path}' cannot be opened: .*Restore an older checkpoint`));
  });

  test('discarding leaves no file, before and after the end, and while a write is under way', async () => {
    const directory = await newDirectory(0);
    const location = await directory.begin(1);
    for (const when of ['empty', 'writing', 'written', 'finished']) {
      const stream = streams.create(location, 'exclusive');
      const writing = when === 'empty' ? undefined : stream.write(new Uint8Array(300_000));
      if (when === 'written' || when === 'finished') await writing;
      if (when === 'finished') await stream.finish();
      await Promise.all([writing, stream.discard(), stream.discard()]);
      assert.deepEqual(await readdir(directory.pathOf(1)), [], when);
    }
  });

  test('CK-20: in the memory of the JobManager there is a limit, and the message names the setting', async () => {
    const stream = streams.create({ kind: 'memory', maxStateBytes: 100 }, 'exclusive');
    await stream.write(new Uint8Array(90));
    await assert.rejects(
      stream.write(new Uint8Array(10)),
      /at least 108 bytes, above the 100 bytes .*\(execution\.checkpointing\.storage\.memory\.max-state-size\)/,
    );
  });
});

describe('_metadata', () => {
  const metadata = metadataOf(3, [
    { kind: 'inline', bytes: Uint8Array.of(9, 8, 7) },
    { kind: 'file', path: 'shared/a', size: 5 },
  ]);

  test('is read back as it was written', () => {
    assert.deepEqual(decodeMetadata(encodeMetadata(metadata), '_metadata'), metadata);
    assert.deepEqual([filesOf(metadata), totalStateSizeOf(metadata)], [['shared/a'], 9]);
  });

  test('faults 22: every flipped byte and every cut is noticed', () => {
    const bytes = encodeMetadata(metadata);
    for (let at = 0; at < bytes.byteLength; at++) {
      const flipped = Uint8Array.from(bytes);
      flipped[at] = (flipped[at] as number) ^ 0x10;
      assert.throws(() => decodeMetadata(flipped, 'chk-3/_metadata'), { reason: 'checkpoint-damaged' }, `byte ${at}`);
      assert.throws(() => decodeMetadata(bytes.slice(0, at), 'chk-3/_metadata'), /'chk-3\/_metadata' (is|ends|has)/, `cut at ${at}`);
    }
  });
});

describe('the directory of a job', () => {
  test('a checkpoint is there when it is complete; those that are begun, damaged or foreign are told apart', async () => {
    const directory = await newDirectory();
    await directory.begin(1);
    await directory.complete(metadataOf(1, []));
    await directory.begin(2);
    await directory.complete(metadataOf(2, []));
    await directory.begin(3);
    await directory.begin(10);
    await directory.complete(metadataOf(10, []));
    await writeFile(join(directory.pathOf(2), '_metadata'), 'not one');
    const statuses = (await listCheckpoints(fileSystem, directory.base)).map(({ path, status }) => [
      path.slice(path.lastIndexOf('/') + 1),
      status,
    ]);
    assert.deepEqual(statuses, [
      ['chk-10', 'COMPLETED'],
      ['chk-1', 'COMPLETED'],
      ['chk-3', 'IN_PROGRESS'],
      ['chk-2', 'DAMAGED'],
    ]);
    assert.equal((await readCheckpoint(fileSystem, directory.pathOf(1))).base, directory.base);
    await assert.rejects(readCheckpoint(fileSystem, directory.pathOf(3)), /is no checkpoint: there is no _metadata in it/);
    await assert.rejects(readCheckpoint(fileSystem, directory.pathOf(2)), { reason: 'checkpoint-damaged' });
  });

  test('faults 26: of one job the ids say which checkpoint is newer, also when the clock went back in between', async () => {
    const directory = await newDirectory();
    for (const [id, completionTimestamp] of [
      [1, 5000],
      [2, 3000],
      [3, 4000],
    ] as const) {
      await directory.begin(id);
      await directory.complete({ ...metadataOf(id, []), completionTimestamp });
    }
    const listed = await listCheckpoints(fileSystem, directory.base);
    assert.deepEqual(
      listed.map(({ path }) => path.slice(path.lastIndexOf('/') + 1)),
      ['chk-3', 'chk-2', 'chk-1'],
    );
  });

  test('ST-11: what is removed takes along the shared files that no other refers to, and nothing else', async () => {
    const directory = await newDirectory(0);
    const written = async (scope: 'exclusive' | 'shared', id: number) => {
      const stream = streams.create(directory.locationOf(id), scope);
      await stream.write(Uint8Array.of(id));
      return stream.finish();
    };
    const first = await directory
      .begin(1)
      .then(async () => metadataOf(1, [await written('exclusive', 1), await written('shared', 1), await written('shared', 1)]));
    await directory.complete(first);
    await directory.begin(2);
    const kept = (filesOf(first)[1] as string) ?? '';
    const second = metadataOf(2, [await written('exclusive', 2), { kind: 'file', path: kept, size: 9 }]);
    await directory.complete(second);
    await writeFile(join(directory.base, 'shared', 'of-somebody-else'), 'x');
    assert.deepEqual(await directory.remove(first, [second]), []);
    assert.deepEqual((await readdir(join(directory.base, 'shared'))).sort(), ['of-somebody-else', kept.slice('shared/'.length)].sort());
    assert.deepEqual((await readdir(directory.base)).sort(), ['chk-2', 'shared', 'taskowned']);
    await directory.begin(3);
    await written('exclusive', 3);
    assert.deepEqual(await directory.discard(3, [second]), []);
    assert.deepEqual(await directory.remove(second, []), []);
    assert.deepEqual(await readdir(join(directory.base, 'shared')), ['of-somebody-else']);
    await rm(join(directory.base, 'shared', 'of-somebody-else'));
    await directory.removeEmpty();
    assert.equal(await fileSystem.stat(directory.base), undefined);
  });

  test('a checkpoint that was given up takes its shared files along, but not those that another one refers to; what nobody refers to is swept', async () => {
    const directory = await newDirectory(0);
    const shared = async (id: number) => {
      const stream = streams.create(await directory.begin(id), 'shared');
      await stream.write(Uint8Array.of(id));
      return stream.finish();
    };
    const [mine, given, lost] = [await shared(1), await shared(1), await shared(2)] as (StreamHandle & { path: string })[];
    const kept = metadataOf(1, [mine as StreamHandle]);
    await directory.complete(kept);
    const left = async () => new Set((await readdir(join(directory.base, 'shared'))).map((name) => `shared/${name}`));
    assert.deepEqual(await directory.discard(1, [kept]), [], 'an answer that came again');
    assert.deepEqual(await left(), new Set([mine?.path, lost?.path]));
    assert.equal((await left()).has(given?.path as string), false);
    await writeFile(join(directory.base, 'shared', 'of-somebody-else'), 'x');
    assert.deepEqual(await directory.sweep([kept]), []);
    assert.deepEqual(await left(), new Set([mine?.path, 'shared/of-somebody-else']));
  });

  test('a directory that cannot be written to is refused before the first record', async () => {
    await writeFile(join(root, 'a-file'), '');
    const directory = new CheckpointDirectory({ directory: join(root, 'a-file'), jobId: 'job', fileSystem, inlineBytesMax: 0 });
    await assert.rejects(directory.prepare(), (error: Error) => error.message.includes(join(root, 'a-file')));
  });

  test('CK-14: the whole directory may be moved: handles are relative to it', async () => {
    const directory = await newDirectory(0);
    const stream = streams.create(await directory.begin(1), 'exclusive');
    await stream.write(Uint8Array.of(5));
    await directory.complete(metadataOf(1, [await stream.finish()]));
    const moved = join(root, 'moved');
    await fileSystem.makeDirectory(join(moved, 'chk-1'));
    const [file] = filesOf((await readCheckpoint(fileSystem, directory.pathOf(1))).metadata);
    for (const name of ['chk-1/_metadata', file as string]) await writeFile(join(moved, name), await readFile(join(directory.base, name)));
    const { base, metadata } = await readCheckpoint(fileSystem, join(moved, 'chk-1'));
    const handle = metadata.vertices[0]?.subtasks[0]?.operators['op']?.operator[0]?.stream as StreamHandle;
    const reader = await openStateStream(handle, base, fileSystemOf);
    assert.deepEqual([...(await reader.read(8, 9))], [5]);
    await reader.close();
  });
});

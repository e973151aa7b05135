/** Goal: what the commands say of checkpoints on a disk. Method: a checkpoint is written by the classes that jobs use, and the commands are run as processes. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { seededRandom } from '@millrace/core/base/random';
import { BytesWriter } from '@millrace/core/bytes/bytes-writer';
import { fileSystemOf } from '@millrace/core/fs/file-systems';
import { checksumOf } from '@millrace/core/fs/node/checksum';
import { createCodec } from '@millrace/core/types/codec';
import { CheckpointDirectory } from '@millrace/runtime/checkpoint/checkpoint-directory';
import type { CheckpointMetadata } from '@millrace/runtime/checkpoint/checkpoint-metadata';
import { FileCheckpointStreams } from '@millrace/runtime/checkpoint/file-streams';
import type { OperatorStateHandle } from '@millrace/runtime/checkpoint/state-handles';

const command = fileURLToPath(new URL('../../bin/millrace.js', import.meta.url));
const root = realpathSync(mkdtempSync(join(tmpdir(), 'millrace-inspect-test-')));
after(() => rmSync(root, { recursive: true, force: true }));

function millrace(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...args], { cwd: root, encoding: 'utf8' });
  return { status, stdout, stderr };
}

const directory = new CheckpointDirectory({ directory: root, jobId: 'job-1', fileSystem: fileSystemOf(root), inlineBytesMax: 0 });

before(async () => {
  await directory.prepare();
  const location = await directory.begin(7);
  const stream = new FileCheckpointStreams({ fileSystemOf, random: seededRandom(1) }).create(location, 'exclusive');
  const elementType = { kind: 'shape' } as const;
  const output = new BytesWriter(new Uint8Array(64));
  const encoder = createCodec(elementType).createEncoder();
  for (const [path, offset] of [
    ['a.txt', 100],
    ['b.txt', 7],
  ] as const)
    encoder.write({ split: new TextEncoder().encode(JSON.stringify({ path, offset })) }, output);
  const bytes = output.toBytes();
  const block = { offset: stream.position, size: bytes.byteLength, count: 2, checksum: checksumOf(bytes) };
  await stream.write(bytes);
  const handle = await stream.finish();
  const positions: OperatorStateHandle = {
    schema: { name: 'splits', kind: 'reader-splits', mode: 'split', elementType },
    stream: handle,
    block,
    from: 0,
    to: 2,
  };
  const counts = {
    name: 'counts',
    kind: 'map',
    keyType: { kind: 'string' },
    namespaceType: undefined,
    nameType: { kind: 'long' },
    valueType: { kind: 'double' },
  } as const;
  // As of two subtasks, one of which has seen more.
  const learned = [{ kind: 'int' } as const, { kind: 'double' } as const].map((type, index) => {
    const seen = { name: 'at', type: { kind: 'date' } } as const;
    const fields = [{ name: 'n', type }, ...(index === 0 ? [] : [seen])];
    const valueType = { kind: 'shape', learned: { kind: 'row', fields } } as const;
    return { name: 'last', kind: 'value', keyType: { kind: 'string' }, namespaceType: undefined, valueType } as const;
  });
  const blocks = [
    { keyGroup: 3, offset: 8, size: 10, count: 4, checksum: 0 },
    { keyGroup: 5, offset: 18, size: 20, count: 5, checksum: 0 },
  ];
  const total = {
    name: 'total',
    kind: 'value',
    keyType: { kind: 'string' },
    namespaceType: undefined,
    valueType: { kind: 'long' },
  } as const;
  const blocksOfTotal = [{ keyGroup: 3, offset: 38, size: 4, count: 2, checksum: 0 }];
  const metadata: CheckpointMetadata = {
    checkpointId: 7,
    kind: 'checkpoint',
    triggerTimestamp: 1_700_000_000_000,
    completionTimestamp: 1_700_000_000_250,
    jobId: 'job-1',
    jobName: 'words',
    graphDigest: 'd',
    writtenBy: '0.1.0',
    vertices: [
      {
        id: 'a',
        name: 'Source: lines -> count',
        parallelism: 1,
        maxParallelism: 128,
        operators: [
          { id: 'a', uid: 'lines', name: 'Source: lines' },
          { id: 'b', uid: undefined, name: 'count' },
          { id: 'c', uid: 'map', name: 'map' },
          {
            id: 'd',
            uid: 'declaring',
            name: 'declaring',
            states: [
              { name: 'total', kind: 'value', redistributionMode: 'NONE', valueType: { kind: 'long' } },
              {
                name: 'all',
                kind: 'list',
                redistributionMode: 'REDISTRIBUTABLE',
                redistributionStrategy: 'UNION',
                valueType: { kind: 'long' },
              },
              {
                name: 'rules',
                kind: 'broadcast',
                redistributionMode: 'IDENTICAL',
                nameType: { kind: 'string' },
                valueType: { kind: 'long' },
              },
            ],
          },
          { id: 'e', uid: 'last', name: 'last' },
        ],
        subtasks: [
          {
            isFinished: false,
            operators: {
              a: { keyed: [], operator: [positions] },
              b: { keyed: [{ schema: counts, stream: handle, maxParallelism: 128, blocks }], operator: [] },
              d: { keyed: [{ schema: total, stream: handle, maxParallelism: 128, blocks: blocksOfTotal }], operator: [] },
              e: { keyed: learned.map((schema) => ({ schema, stream: handle, maxParallelism: 128, blocks })), operator: [] },
            },
          },
        ],
      },
    ],
    coordinators: { a: { version: 2, bytes: new TextEncoder().encode('{"remaining":[]}') } },
  };
  await directory.complete(metadata);
  await directory.begin(8);
  await directory.begin(9);
  writeFileSync(join(directory.pathOf(9), '_metadata'), 'x');
});

test('checkpoints lists the newest first, and says what is whole', () => {
  const { status, stdout, stderr } = millrace('checkpoints', root);
  assert.deepEqual([status, stderr], [0, '']);
  assert.match(
    stdout,
    /^status +id +job +completed +checkpointed +full size +path\nCOMPLETED +7 +words +2023-11-14T22:13:20\.250Z +(\d+ bytes) +\1 +.*\/job-1\/chk-7\n/,
  );
  assert.match(stdout, /IN_PROGRESS +.*\/chk-8\n/);
  assert.match(stdout, /DAMAGED +.*\/chk-9\n/);
  const listed = JSON.parse(millrace('checkpoints', root, '--json').stdout) as { status: string; checkpointId?: number; error?: string }[];
  assert.deepEqual(
    listed.map(({ status: each, checkpointId }) => [each, checkpointId]),
    [
      ['COMPLETED', 7],
      ['DAMAGED', undefined],
      ['IN_PROGRESS', undefined],
    ],
  );
  assert.match(listed[1]?.error ?? '', /chk-9\/_metadata' is too short/);
});

test('CK-19: inspect shows operators by uid, states with kind, schema and size, and source positions', () => {
  const { status, stdout, stderr } = millrace('inspect', directory.pathOf(7));
  assert.deepEqual([status, stderr], [0, '']);
  assert.match(stdout, /^checkpoint 7 of 'words' \(job job-1\)/);
  assert.match(
    stdout,
    /Source: lines \(uid lines\): parallelism 1 of at most 128\n {2}splits +operator reader-splits \(split\) +2 entries/,
  );
  assert.match(stdout, /position of subtask 0: \{"split":\{"path":"a\.txt","offset":100\}\}/);
  assert.match(stdout, /enumerator \(version 2\): \{"remaining":\[\]\}/);
  assert.match(stdout, /count \(no uid, id b\): .*\n {2}counts +map +9 entries +30 bytes +STRING, LONG → DOUBLE/);
  assert.match(stdout, /map \(uid map\): .*\n {2}no state/);
  assert.match(stdout, /last \(uid last\): .*\n {2}last +value +18 entries +60 bytes +STRING → SHAPE<ROW<n DOUBLE, at INSTANT\?>>\n?$/m);
  const summary = JSON.parse(millrace('inspect', join(directory.pathOf(7), '_metadata'), '--json').stdout) as {
    operators: { states: unknown }[];
  };
  assert.deepEqual(summary.operators[1]?.states, [
    {
      name: 'counts',
      kind: 'map',
      schema: 'STRING, LONG → DOUBLE',
      types: { key: { kind: 'string' }, name: { kind: 'long' }, value: { kind: 'double' } },
      entries: 9,
      sizeBytes: 30,
      redistributionMode: 'NONE',
      isDeclared: false,
    },
  ]);
  const fields = [
    { name: 'n', type: { kind: 'double' } },
    { name: 'at', type: { kind: 'date' }, optional: true },
  ];
  const last = summary.operators[4]?.states as { types: unknown }[] | undefined;
  assert.deepEqual(last?.[0]?.types, { key: { kind: 'string' }, value: { kind: 'shape', learned: { kind: 'row', fields } } });
});

test('B-002: inspect shows declared states with kind and redistribution mode, those too in which nothing is', () => {
  const { stdout } = millrace('inspect', directory.pathOf(7));
  assert.match(
    stdout,
    /declaring \(uid declaring\): .*\n {2}total +value +2 entries +4 bytes +STRING → LONG +declared NONE\n {2}all +operator list \(union\) +0 entries +0 bytes +LONG +declared REDISTRIBUTABLE by UNION\n {2}rules +operator broadcast-map \(broadcast\) +0 entries +0 bytes +STRING → LONG +declared IDENTICAL/,
  );
  const { operators } = JSON.parse(millrace('inspect', directory.pathOf(7), '--json').stdout) as {
    operators: {
      uid: string;
      states: { name: string; isDeclared: boolean; redistributionMode: string; redistributionStrategy?: string }[];
    }[];
  };
  assert.deepEqual(
    operators
      .find(({ uid }) => uid === 'declaring')
      ?.states.map(({ name, isDeclared, redistributionMode, redistributionStrategy }) => [
        name,
        isDeclared,
        redistributionMode,
        redistributionStrategy,
      ]),
    [
      ['total', true, 'NONE', undefined],
      ['all', true, 'REDISTRIBUTABLE', 'UNION'],
      ['rules', true, 'IDENTICAL', undefined],
    ],
  );
});

test('what cannot be read is refused by name', () => {
  for (const [args, message] of [
    [['inspect', directory.pathOf(8)], /is no checkpoint: there is no _metadata in it\. Give the directory of a checkpoint/],
    [['inspect', directory.pathOf(9)], /chk-9\/_metadata' is too short\. Restore an older one/],
    [['checkpoints', 'nowhere'], /'.*nowhere'/],
  ] as const) {
    const { status, stdout, stderr } = millrace(...args);
    assert.deepEqual([status, stdout], [2, '']);
    assert.match(stderr, message);
  }
});

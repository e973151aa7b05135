// Goal: whoever lists the directory sees finished files only; each record once; nothing of others is touched.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type {
  CommitRequest,
  Committer,
  CommittingSinkWriter,
  Sink,
  StatefulSinkWriter,
  SupportsCommitter,
  SupportsWriterState,
  WriterInitContext,
} from '@millrace/streaming/contract/sink';
import { CsvEncoder, type Encoder, FileSink, JsonLinesEncoder, SimpleStringEncoder } from './index.ts';
import type { PendingFile } from './file-committer.ts';

let folder = '';
let now = 0;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-file-sink-'));
  now = 0;
});
afterEach(() => rm(folder, { recursive: true }));

const sinkContext = { timestamp: () => undefined, currentWatermark: () => 0, currentProcessingTime: () => now };
const initContext = (subtask: number) =>
  ({ getRuntimeContext: () => ({ getIndexOfThisSubtask: () => subtask }) }) as unknown as WriterInitContext;

class Running<T> {
  already = 0;
  readonly writer: CommittingSinkWriter<T, PendingFile>;
  readonly committer: Committer<PendingFile>;
  private constructor(writer: CommittingSinkWriter<T, PendingFile>, committer: Committer<PendingFile>) {
    this.writer = writer;
    this.committer = committer;
  }
  static async start<T>(sink: Sink<T>, subtask = 0): Promise<Running<T>> {
    const committing = sink as SupportsCommitter<T, PendingFile>;
    return new Running(await committing.createWriter(initContext(subtask)), await committing.createCommitter(initContext(subtask)));
  }
  async write(...records: readonly T[]): Promise<void> {
    for (const record of records) await this.writer.write(record, sinkContext);
  }
  async commit(files: readonly PendingFile[]): Promise<void> {
    const request = (file: PendingFile) =>
      ({
        getCommittable: () => file,
        signalAlreadyCommitted: () => {
          this.already += 1;
        },
      }) as unknown as CommitRequest<PendingFile>;
    await this.committer.commit(files.map(request));
  }
  async end(): Promise<readonly PendingFile[]> {
    await this.writer.flush(true);
    const files = await this.writer.prepareCommit();
    await this.commit(files);
    await this.writer.close();
    return files;
  }
}

async function names(of = folder): Promise<string[]> {
  const entries = await readdir(of, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(of.length + 1)
        .replace(/[0-9a-f]{8}/, 'U'),
    )
    .sort();
}

async function contents(of = folder): Promise<string> {
  const entries = (await readdir(of, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return (await Promise.all(entries.map((entry) => readFile(join(entry.parentPath, entry.name), 'utf8')))).join('');
}

describe('FileSink', () => {
  it('shows a file when it is committed, and hides it before', async () => {
    await writeFile(join(folder, '.part-0-0.inprogress.other'), 'of someone else');
    const running = await Running.start(
      FileSink.forRowFormat(folder, new SimpleStringEncoder()).withOutputFileConfig({ partPrefix: 'p', partSuffix: '.txt' }).build(),
    );
    assert.deepEqual(await names(), ['.part-0-0.inprogress.other']);
    await running.write('one', { two: 2n }, 'three');
    assert.deepEqual(await names(), ['.p-0-0.inprogress.U', '.part-0-0.inprogress.other']);
    const files = await running.end();
    assert.deepEqual(await names(), ['.part-0-0.inprogress.other', 'p-0-0-U.txt']);
    assert.equal(await readFile(files[0]?.final as string, 'utf8'), 'one\n{"two":2}\nthree\n');
    await running.commit(files);
    assert.equal(running.already, 1, 'a second commit changes nothing');
  });

  it('rolls by size, age and inactivity, and buckets', async () => {
    const sink = FileSink.forRowFormat<string>(folder, new SimpleStringEncoder())
      .withBucketAssigner((line) => line.slice(0, 1))
      .withRollingPolicy({ maxPartSizeBytes: 8, rolloverInterval: '10 s', inactivityInterval: '5 s' })
      .build();
    const running = await Running.start(sink, 3);
    await running.write('a-111', 'a-222', 'a-333'); // 12 bytes make one part of two lines, and begin a second
    await running.write('b-1');
    now = 6_000;
    await running.write('a-4'); // b and a have been idle for 5 s: both begin anew
    await running.end();
    assert.deepEqual(await names(), ['a/part-3-0-U', 'a/part-3-1-U', 'a/part-3-3-U', 'b/part-3-2-U']);
    assert.equal((await contents()).length, 'a-111\na-222\na-333\na-4\nb-1\n'.length);
  });

  it('makes no file without a record, and leaves none when it is closed uncommitted', async () => {
    const idle = await Running.start(FileSink.forRowFormat(join(folder, 'new/deep'), new JsonLinesEncoder()).build());
    assert.deepEqual(await idle.end(), []);
    const failing = await Running.start(FileSink.forRowFormat(folder, new JsonLinesEncoder()).build());
    await failing.write('lost');
    await failing.writer.close();
    assert.deepEqual(await names(), []);
  });

  it('appends to what earlier runs left, and writes large output whole', async () => {
    const lines = Array.from({ length: 20_000 }, (_, n) => `line ${n} ${'ü'.repeat(n % 9)}`);
    for (let run = 0; run < 2; run += 1) {
      const running = await Running.start(FileSink.forRowFormat<string>(folder, new SimpleStringEncoder()).build());
      await running.write(...lines);
      await running.end();
    }
    assert.deepEqual(await names(), ['part-0-0-U', 'part-0-0-U']);
    assert.equal(await contents(), `${lines.join('\n')}\n`.repeat(2));
  });

  it('fails before the first record where it cannot write', async () => {
    await writeFile(join(folder, 'plain'), '');
    const path = join(folder, 'plain');
    await assert.rejects(Running.start(FileSink.forRowFormat(path, new JsonLinesEncoder()).build()), {
      kind: 'data',
      message: new RegExp(
        `^The file sink cannot write to the directory '${path}'. Cannot make the directory '${path}': something of that name exists already`,
      ),
    });
  });

  it('says that a finished part is gone', async () => {
    const running = await Running.start(FileSink.forRowFormat(folder, new JsonLinesEncoder()).build());
    await running.write(1);
    const files = await running.writer.prepareCommit();
    await rm(files[0]?.pending as string);
    await assert.rejects(running.commit(files), { message: /is gone, so it cannot become/ });
  });

  it('finishes a commit that was stopped between the two names', async () => {
    const running = await Running.start(FileSink.forRowFormat(folder, new JsonLinesEncoder()).build());
    await running.write(1);
    const [file] = await running.writer.prepareCommit();
    await writeFile((file as PendingFile).final, '1\n');
    await running.commit([file as PendingFile]);
    assert.deepEqual(await names(), ['part-0-0-U']);
  });

  it('refuses buckets that leave the directory, and settings without sense', async () => {
    await mkdir(join(folder, 'out'));
    for (const bucket of ['../x', '/x', 'a//b', 'a/..']) {
      const running = await Running.start(
        FileSink.forRowFormat<number>(join(folder, 'out'), new JsonLinesEncoder())
          .withBucketAssigner(() => bucket)
          .build(),
      );
      await assert.rejects(running.write(1), { kind: 'usage', message: /The bucket assigner returned/ });
    }
    const builder = () => FileSink.forRowFormat(folder, new JsonLinesEncoder());
    assert.throws(() => builder().withRollingPolicy({ maxPartSizeBytes: 0 }), { kind: 'usage' });
    assert.throws(() => builder().withRollingPolicy({ rolloverInterval: '0 s' }), { kind: 'usage' });
    assert.throws(() => builder().withOutputFileConfig({ partSuffix: '/x' }), { kind: 'usage' });
  });
});

describe('encoders', () => {
  const written = <T>(encoder: Encoder<T>, ...records: readonly T[]) =>
    `${String(encoder.begin?.(records[0] as T) ?? '')}${records.map((record) => encoder.encode(record)).join('')}`;

  it('write CSV that reads back', () => {
    const rows = [
      { a: 'x', b: 1.5, c: null },
      { a: 'q "uoted", and\nbroken', b: Number.NaN, c: '' },
      { a: '', b: -0, c: new Date(0) },
    ];
    assert.equal(written(new CsvEncoder(), ...rows), 'a,b,c\nx,1.5,\n"q ""uoted"", and\nbroken",NaN,""\n"",0,1970-01-01T00:00:00.000Z\n');
    assert.equal(written(new CsvEncoder({ columns: ['b', 'a'], header: false, delimiter: ';' }), rows[0] as object), '1.5;x\n');
    assert.throws(() => new CsvEncoder({ delimiter: '::' }), { kind: 'usage' });
  });

  it('write lines of JSON and text', () => {
    assert.equal(written(new JsonLinesEncoder(), 'text', { b: 1, a: undefined }, undefined), '"text"\n{"b":1}\nnull\n');
    assert.equal(written(new SimpleStringEncoder(), 'text', [1, 'x']), 'text\n[1,"x"]\n');
  });

  it('a part that stays open across checkpoints ends, after a failure, where the last checkpoint found it; that is repeatable', async () => {
    const make = () =>
      FileSink.forRowFormat<string>(folder, new SimpleStringEncoder())
        .withRollingPolicy({ rollOnCheckpoint: false })
        .build() as unknown as SupportsWriterState<string, PendingFile>;
    const checkpoint = async (running: Running<string>) => {
      assert.deepEqual(await running.writer.prepareCommit(), []);
      const serializer = make().writerStateSerializer();
      const states = await (
        running.writer as CommittingSinkWriter<string, PendingFile> & StatefulSinkWriter<string, PendingFile>
      ).snapshotState(1, 0);
      return states.map((state) => serializer.deserialize(serializer.serialize(state), serializer.version));
    };
    const first = await Running.start(make());
    await first.write('one', 'two');
    await checkpoint(first);
    await first.write('three');
    const state = await checkpoint(first);
    await first.write('lost, and written again');
    await first.writer.flush(false);
    await checkpoint(first); // this one was never completed
    await first.writer.close();
    assert.deepEqual(await names(), ['.part-0-0.inprogress.U'], 'W4');
    for (const attempt of [
      'the first restore dies before its checkpoint',
      'the second comes through',
      'restored once more from the same checkpoint',
    ]) {
      const restored = (await make().restoreWriter(initContext(0), state)) as unknown as CommittingSinkWriter<string, PendingFile>;
      if (attempt.startsWith('the first')) await restored.close();
      else {
        const running = await Running.start(make());
        await running.commit(await restored.prepareCommit());
        await restored.close();
        assert.deepEqual(await names(), ['part-0-0-U'], attempt);
        assert.equal(await contents(), 'one\ntwo\nthree\n', attempt);
      }
    }
  });

  it('a part that is shorter than the checkpoint says is refused, not committed', async () => {
    const running = await Running.start(FileSink.forRowFormat<string>(folder, new SimpleStringEncoder()).build());
    await running.write('one');
    await running.writer.flush(true);
    const [file] = await running.writer.prepareCommit();
    await writeFile(file?.pending as string, 'on');
    await assert.rejects(running.commit([file as PendingFile]), /has 2 bytes, and the checkpoint has recorded 4/);
    await running.writer.close();
  });
});

// testdata/lines.txt.zst: `line ${(n * 7919) % 65537}` for n from 0 to 19999, written by Node 24's zlib.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runSource } from '@millrace/streaming/builtin/source-harness';
import { FileSource, TextLineFormat } from './index.ts';

const packed = fileURLToPath(new URL('../../testdata/lines.txt.zst', import.meta.url));
const lines = Array.from({ length: 20_000 }, (_, n) => `line ${(n * 7_919) % 65_537}`);

describe('zstd', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-zstd-'));
  });
  after(() => rm(folder, { recursive: true }));
  const read = async (path: string) =>
    (await runSource(FileSource.forRecordStreamFormat(new TextLineFormat(), path).build())).records.flat();
  async function changed(name: string, content: Uint8Array): Promise<string> {
    await writeFile(join(folder, name), content);
    return join(folder, name);
  }

  it('reads a file, and one of two frames', async () => {
    assert.deepEqual(await read(packed), lines);
    const bytes = await readFile(packed);
    assert.deepEqual(await read(await changed('two.zst', Buffer.concat([bytes, bytes]))), [...lines, ...lines]);
  });

  it('says that a file was truncated or is no zstd at all', async () => {
    const bytes = await readFile(packed);
    const cut = await changed('cut.zst', bytes.subarray(0, bytes.byteLength >> 1));
    await assert.rejects(read(cut), {
      kind: 'data',
      reason: 'file-truncated',
      message: new RegExp(`^The file '${cut}' ends in the middle of its zstd stream`),
    });
    const other = await changed('other.zst', new TextEncoder().encode('this is no zstd stream'));
    await assert.rejects(read(other), { kind: 'data', reason: 'file-damaged' });
  });
});

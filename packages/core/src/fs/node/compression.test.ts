import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type Compression, compressionOf, decompress } from './compression.ts';

async function* chunked(bytes: Uint8Array, size: number): AsyncIterable<Uint8Array> {
  for (let start = 0; start < bytes.byteLength; start += size) yield bytes.subarray(start, start + size);
}

async function textOf(compression: Compression, content: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const chunk of decompress(compression, '/in/a.gz', content)) parts.push(chunk);
  return Buffer.concat(parts).toString();
}

describe('decompress', () => {
  const text = Array.from({ length: 5_000 }, (_, n) => `line ${n * 7_919}`).join('\n');
  const packed = gzipSync(text);

  it('knows compressions by the end of the name', () => {
    assert.deepEqual(['a.gz', 'A.GZ', 'a.gzip', 'a.zst', 'a.zstd', 'a.txt', 'gz'].map(compressionOf), [
      'gzip',
      'gzip',
      'gzip',
      'zstd',
      'zstd',
      'none',
      'none',
    ]);
  });

  it('reads gzip in chunks of any size and several members', async () => {
    for (const size of [1, 7, 4_096, packed.byteLength]) assert.equal(await textOf('gzip', chunked(packed, size)), text);
    assert.equal(await textOf('gzip', chunked(Buffer.concat([packed, packed]), 1_000)), text + text);
  });

  it('says that a stream was truncated, and how far it got', async () => {
    const half = packed.subarray(0, packed.byteLength >> 1);
    await assert.rejects(textOf('gzip', chunked(half, 1_000)), (error: Error & { reason?: string }) => {
      assert.equal(error.reason, 'file-truncated');
      const pattern = new RegExp(
        `^The file '/in/a.gz' ends in the middle of its gzip stream: it was truncated. Read ${half.byteLength} bytes of it, which gave \\d+ bytes of content. Fetch or write the file again.$`,
      );
      assert.match(error.message, pattern);
      return true;
    });
  });

  it('says that a stream is damaged', async () => {
    const damaged = Uint8Array.from(packed);
    damaged.fill(0xa5, 2_000, 2_100);
    await assert.rejects(textOf('gzip', chunked(damaged, 512)), { reason: 'file-damaged' });
    await assert.rejects(textOf('gzip', chunked(new TextEncoder().encode('no gzip at all'), 512)), {
      reason: 'file-damaged',
      message: /incorrect header check/,
    });
  });

  it('lets go of the content when the reader stops early', async () => {
    let closed = false;
    async function* endless(): AsyncIterable<Uint8Array> {
      try {
        for (;;) yield packed;
      } finally {
        closed = true;
      }
    }
    for await (const chunk of decompress('gzip', '/in/a.gz', endless())) if (chunk.byteLength > 0) break;
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(closed, true);
  });
});

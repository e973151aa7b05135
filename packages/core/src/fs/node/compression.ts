/** Streams of compressed bytes, by the end of the file's name. */
import { Readable } from 'node:stream';
import * as zlib from 'node:zlib';
import { DataError, isMillraceError, UsageError } from '../../base/errors.ts';

export type Compression = 'none' | 'gzip' | 'zstd';

/** Decompresses a whole file. What it throws is turned into a `DataError` with file and position by `decompress`. */
export type Decompressor = (content: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;

const decompressors = new Map<Compression, Decompressor>([['gzip', (content) => throughStream(content, zlib.createGunzip())]]);
const createZstdDecompress = (zlib as { createZstdDecompress?: () => NodeJS.ReadWriteStream }).createZstdDecompress; // Node 22.15 and later
if (createZstdDecompress !== undefined) decompressors.set('zstd', (content) => throughStream(content, createZstdDecompress()));

/** For what this Node has not of its own; one that is there is kept. */
export function provideDecompressor(compression: Compression, decompressor: Decompressor): void {
  if (!decompressors.has(compression)) decompressors.set(compression, decompressor);
}

export function compressionOf(path: string): Compression {
  if (/\.(gz|gzip)$/i.test(path)) return 'gzip';
  if (/\.(zst|zstd)$/i.test(path)) return 'zstd';
  return 'none';
}

/** The content of `file`, decompressed. Positions in messages are counted in decompressed bytes, and in the file as far as it was read. */
export async function* decompress(compression: Compression, file: string, content: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  if (compression === 'none') {
    yield* content;
    return;
  }
  const decompressor = decompressors.get(compression);
  if (decompressor === undefined) {
    throw new UsageError(
      `'${file}' is ${compression}, which Node ${process.versions.node} cannot read by itself. Read it with FileSource of @millrace/connectors/file, or run Node 22.15 or later.`,
    );
  }
  const progress = { read: 0, written: 0 };
  try {
    for await (const chunk of decompressor(counted(content, progress))) {
      progress.written += chunk.byteLength;
      yield chunk;
    }
  } catch (error) {
    throw damaged(compression, file, progress, error);
  }
}

async function* counted(content: AsyncIterable<Uint8Array>, progress: { read: number }): AsyncIterable<Uint8Array> {
  for await (const chunk of content) {
    progress.read += chunk.byteLength;
    yield chunk;
  }
}

async function* throughStream(content: AsyncIterable<Uint8Array>, decoder: NodeJS.ReadWriteStream): AsyncIterable<Uint8Array> {
  const source = Readable.from(content, { objectMode: true });
  source.on('error', (error) => (decoder as unknown as Readable).destroy(error));
  source.pipe(decoder);
  try {
    for await (const chunk of decoder) yield chunk as unknown as Uint8Array;
  } finally {
    source.destroy();
    (decoder as unknown as Readable).destroy();
  }
}

function damaged(compression: Compression, file: string, progress: { read: number; written: number }, cause: unknown): unknown {
  if (isMillraceError(cause)) return cause;
  const text = cause instanceof Error ? cause.message : String(cause);
  const truncated = /unexpected end|unexpected eof|premature/i.test(text);
  const what = truncated
    ? `ends in the middle of its ${compression} stream: it was truncated`
    : `is damaged: its ${compression} stream is invalid (${text})`;
  return new DataError(
    `The file '${file}' ${what}. Read ${progress.read} bytes of it, which gave ${progress.written} bytes of content. Fetch or write the file again.`,
    { cause, reason: truncated ? 'file-truncated' : 'file-damaged' },
  );
}

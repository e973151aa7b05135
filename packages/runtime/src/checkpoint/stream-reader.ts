/** Reads streams of state back. Every block is checked before it is believed; what is wrong names the file and the place. */
import { DataError } from '@millrace/core/base/errors';
import type { FileSystem, RandomAccessFile } from '@millrace/core/fs/file-system';
import { checksumOf } from '@millrace/core/fs/node/checksum';
import type { StateBlock, StreamHandle } from './state-handles.ts';
import { STREAM_HEADER } from './state-streams.ts';

export interface StateStreamReader {
  /** How messages call it. */
  readonly name: string;
  read(start: number, end: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** `base` is where relative paths begin. A file that is missing, short or of another kind is refused here. */
export async function openStateStream(
  handle: StreamHandle,
  base: string | undefined,
  fileSystemOf: (path: string) => FileSystem,
): Promise<StateStreamReader> {
  if (handle.kind === 'inline') return inlineReader(handle.bytes);
  const path = pathOf(handle, base);
  const file = await openFile(path, fileSystemOf(path));
  if (file.size !== handle.size) {
    await file.close();
    throw damaged(path, `has ${file.size} bytes, and the checkpoint says ${handle.size}`);
  }
  const reader: StateStreamReader = { name: path, read: (start, end) => file.read(start, end), close: () => file.close() };
  const header = await reader.read(0, STREAM_HEADER.byteLength);
  if (!isHeader(header)) {
    await reader.close();
    throw damaged(path, 'does not begin as a stream of state does');
  }
  return reader;
}

/** The bytes of a block, checked. */
export async function readBlock(reader: StateStreamReader, { offset, size, checksum }: StateBlock): Promise<Uint8Array> {
  const bytes = await reader.read(offset, offset + size);
  if (bytes.byteLength !== size) throw damaged(reader.name, `ends within the block of ${size} bytes at ${offset}`);
  const found = checksumOf(bytes);
  if (found !== checksum) {
    throw damaged(reader.name, `has a block at ${offset} whose checksum is ${hex(found)} instead of ${hex(checksum)}`);
  }
  return bytes;
}

export function pathOf(handle: StreamHandle & { readonly path: string }, base: string | undefined): string {
  return handle.kind === 'absolute' || base === undefined ? handle.path : `${base}/${handle.path}`;
}

export function damaged(path: string, what: string, cause?: unknown): DataError {
  return new DataError(
    `The checkpoint cannot be read: '${path}' ${what}. Restore an older checkpoint (\`millrace checkpoints <directory>\` lists them) or bring the file back.`,
    { reason: 'checkpoint-damaged', ...(cause === undefined ? {} : { cause }) },
  );
}

async function openFile(path: string, fileSystem: FileSystem): Promise<RandomAccessFile> {
  try {
    return await fileSystem.open(path);
  } catch (error) {
    throw damaged(path, `cannot be opened: ${withoutStop(error instanceof Error ? error.message : String(error))}`, error);
  }
}

function inlineReader(bytes: Uint8Array): StateStreamReader {
  const name = 'state in _metadata';
  if (!isHeader(bytes.subarray(0, STREAM_HEADER.byteLength))) throw damaged(name, 'does not begin as a stream of state does');
  return { name, read: async (start, end) => bytes.subarray(start, end), close: async () => {} };
}

function isHeader(bytes: Uint8Array): boolean {
  return bytes.byteLength === STREAM_HEADER.byteLength && STREAM_HEADER.every((byte, index) => bytes[index] === byte);
}

function hex(checksum: number): string {
  return checksum.toString(16).padStart(8, '0');
}

/** The message of another error within a sentence. */
function withoutStop(text: string): string {
  return text.endsWith('.') ? text.slice(0, -1) : text;
}

/**
 * Files as sources, sinks and checkpoints see them: bytes under a path, on whatever store the path's scheme names.
 *
 * F1 paths go in as users write them; `resolve` gives the one form that is kept in splits and printed in messages.
 * F2 nothing is overwritten: `create` and `rename` fail when the target exists.
 * F3 errors are `DataError`s whose `reason` is a `FileErrorReason`.
 */
export type FileErrorReason =
  | 'file-not-found'
  | 'file-exists'
  | 'file-not-permitted'
  | 'file-not-a-directory'
  | 'file-is-a-directory'
  | 'file-no-space'
  | 'file-io';

export interface FileStatus {
  readonly path: string;
  readonly kind: 'file' | 'directory';
  readonly size: number; // bytes; 0 for directories
  readonly modifiedAt: number; // milliseconds since the epoch
}

export interface FileSystem {
  /** Absolute and normalized. A relative path starts at the working directory of the process. */
  resolve(path: string): string;
  /** Undefined where nothing is. */
  stat(path: string): Promise<FileStatus | undefined>;
  /** The direct children of a directory, by name in code unit order. */
  list(directory: string): Promise<readonly FileStatus[]>;
  open(path: string): Promise<RandomAccessFile>;
  /** The bytes from `start` (inclusive) to `end` (exclusive; without it the file's end) in chunks that the reader may keep. */
  stream(path: string, start?: number, end?: number): AsyncIterable<Uint8Array>;
  /** A new file, open for appending. */
  create(path: string): Promise<FileWriter>;
  /** Atomic where the store can do it: readers see the old name or the new one. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file. Returns false when there was none. */
  remove(path: string): Promise<boolean>;
  /** Removes a directory that is empty. Returns false when there was none; fails when something is in it. */
  removeDirectory(path: string): Promise<boolean>;
  /** Makes a directory and those above it; an existing one is fine. */
  makeDirectory(path: string): Promise<void>;
}

export interface RandomAccessFile {
  readonly size: number;
  /** Exactly `end - start` bytes; fewer only at the end of the file. */
  read(start: number, end: number): Promise<Uint8Array<ArrayBuffer>>;
  close(): Promise<void>;
}

export interface FileWriter {
  write(bytes: Uint8Array): Promise<void>;
  /** Settles when the bytes would survive a power failure. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

import { UsageError } from '@millrace/core/base/errors';
import { Duration, type DurationLike } from '@millrace/core/config/duration';
import type { TypeInformation } from '@millrace/core/types/type-information';
import type { PathFilter } from '../builtin/file/file-listing.ts';
import type { MonitorSettings, OnFileChange } from '../builtin/file/file-monitor.ts';
import { type FileFormat, FileSplitSource } from '../builtin/file/file-split-source.ts';
import { type FileInputFormat, fileFormatOf, type StreamFormat, wholeFileFormat } from '../builtin/file/stream-format.ts';
import { show } from './function-checks.ts';
import { checkText } from './operator-settings.ts';

export type FileProcessingMode = 'PROCESS_ONCE' | 'PROCESS_CONTINUOUSLY';
export const FileProcessingMode: { readonly [M in FileProcessingMode]: M } = Object.freeze({
  /** All files that are there are read, then the source ends. */
  PROCESS_ONCE: 'PROCESS_ONCE',
  /** The path is looked at once in each interval, and the source never ends. */
  PROCESS_CONTINUOUSLY: 'PROCESS_CONTINUOUSLY',
});

export interface ReadFileOptions<T = unknown> {
  /** PROCESS_ONCE unless set. */
  readonly watchType?: FileProcessingMode;
  /** Between two looks of PROCESS_CONTINUOUSLY. */
  readonly interval?: DurationLike;
  /** What to read: a glob over names (over whole paths, if it has a '/'), or a test of the path. */
  readonly filter?: PathFilter;
  /** What PROCESS_CONTINUOUSLY does with a file that has changed: 'reread', in full, unless set; 'append': only the finished lines that were appended. */
  readonly onChange?: OnFileChange;
  readonly type?: TypeInformation<T>;
}

/** Any format that `readFile` takes: one of whole files, one of streams or lines, one that cuts files itself. */
export type ReadableFormat<T> = FileInputFormat<T> | StreamFormat<T> | FileFormat<T>;

export function readFileSource<T>(format: ReadableFormat<T>, path: string, options: ReadFileOptions<T>): FileSplitSource<T> {
  return new FileSplitSource([checkText(path, 'the path of readFile')], formatOf(format), {
    filter: options.filter,
    monitor: monitorOf(options),
  });
}

function formatOf<T>(format: ReadableFormat<T>): FileFormat<T> {
  if (typeof (format as { read?: unknown } | undefined)?.read !== 'function')
    throw new UsageError(
      `readFile got ${show(format)} as its format, which has no method read. Give it { read(path, content) { … } }, or a format such as new TextLineFormat() of @millrace/connectors/file.`,
    );
  if ('partsOf' in format) return format;
  return 'splittable' in format ? fileFormatOf(format) : wholeFileFormat(format);
}

function monitorOf({
  watchType = 'PROCESS_ONCE',
  interval,
  onChange,
}: Pick<ReadFileOptions, 'watchType' | 'interval' | 'onChange'>): MonitorSettings | undefined {
  if (!Object.hasOwn(FileProcessingMode, watchType))
    throw new UsageError(`readFile got the watch type ${show(watchType)}. Give PROCESS_ONCE or PROCESS_CONTINUOUSLY.`);
  if (watchType === 'PROCESS_ONCE') {
    if (onChange !== undefined)
      throw new UsageError(
        'readFile got onChange, but with PROCESS_ONCE no file is looked at twice. Leave it out, or use PROCESS_CONTINUOUSLY.',
      );
    return undefined;
  }
  if (interval === undefined)
    throw new UsageError("readFile with PROCESS_CONTINUOUSLY needs an interval. Give how often to look for files: '10 s' for instance.");
  return { intervalMs: Duration.from(interval).toMillis(), onChange: onChange ?? 'reread' };
}

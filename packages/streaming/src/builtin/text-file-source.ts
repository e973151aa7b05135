import { Types } from '@millrace/core/types/types';
import type { Source } from '../contract/source.ts';
import { FileSplitSource } from './file/file-split-source.ts';
import { LineFileFormat } from './file/line-file-format.ts';

const lines = new LineFileFormat<string>({ type: Types.STRING, splittable: true, parserFor: () => ({ parse: (line) => line }) });

/** The lines of a file, of the files in a directory or of a glob, as text. Names that end in .gz or .zst are decompressed. Flink: `readTextFile`. */
export function textFileSource(path: string): Source<string> {
  return new FileSplitSource([path], lines);
}

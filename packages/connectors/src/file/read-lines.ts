import { lineBlocks } from '@millrace/streaming/builtin/file/line-blocks';
import { LineDecoder, type LineParser } from '@millrace/streaming/builtin/file/line-decoder';

/** `StreamFormat.read` of the formats of lines, for those who use one without a `FileSource`. */
export async function* readLines<T>(parser: LineParser<T>, content: AsyncIterable<Uint8Array>, position: number): AsyncIterable<T> {
  const decoder = new LineDecoder(parser, { kind: 'fail' }, { path: 'the content', firstLine: position === 0 ? 1 : undefined });
  const range = { path: 'the content', start: 0, end: Number.POSITIVE_INFINITY };
  for await (const block of lineBlocks(content, range)) {
    const batch = decoder.decode({ bytes: block.bytes, offset: block.offset + position });
    yield* batch.records;
    if (batch.failure !== undefined) throw batch.failure;
  }
  const { failure } = decoder.finish();
  if (failure !== undefined) throw failure;
}

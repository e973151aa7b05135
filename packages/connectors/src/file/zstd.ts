/** Reads zstd where Node cannot (before 22.15); importing this file is enough. */
import { provideDecompressor } from '@millrace/core/fs/node/compression';
import { Decompress } from 'fzstd';

provideDecompressor('zstd', async function* (content) {
  const ready: Uint8Array[] = [];
  const decoder = new Decompress((data) => {
    if (data.byteLength > 0) ready.push(data);
  });
  for await (const chunk of content) {
    decoder.push(chunk);
    yield* ready.splice(0);
  }
  decoder.push(new Uint8Array(0), true); // throws when the last frame is not complete
  yield* ready;
});

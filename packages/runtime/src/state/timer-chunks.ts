/** The chunks that columns of timers grow by, so that no registration ever copies what is there. */
export const CHUNK_BITS = 12;
export const CHUNK_SIZE = 1 << CHUNK_BITS;
export const CHUNK_MASK = CHUNK_SIZE - 1;

/** Without holes, whose reading costs V8 a look at the prototypes. */
export function emptyChunk(): unknown[] {
  const chunk: unknown[] = [];
  for (let index = 0; index < CHUNK_SIZE; index++) chunk.push(undefined);
  return chunk;
}

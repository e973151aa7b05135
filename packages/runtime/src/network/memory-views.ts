/** The two views that codecs need on a memory. One pair for each memory and thread: cursors move, views stay. */
export interface MemoryViews {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

const shared = new WeakMap<SharedArrayBuffer, MemoryViews>();

/** Of shared memory: made once for this thread. */
export function sharedViews(memory: SharedArrayBuffer): MemoryViews {
  const known = shared.get(memory);
  if (known !== undefined) return known;
  const views = { bytes: new Uint8Array(memory), view: new DataView(memory) };
  shared.set(memory, views);
  return views;
}

export function privateViews(size: number): MemoryViews {
  const bytes = new Uint8Array(size);
  return { bytes, view: new DataView(bytes.buffer) };
}

export const EMPTY_VIEWS: MemoryViews = privateViews(0);

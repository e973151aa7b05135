/** A keyed state on its way into a checkpoint: the whole of it, or in layers what has changed. One for each state of a snapshot. */
import { type KeyedStateHandle, type KeyedStateSchema, removalSchema, type StreamHandle } from '../../checkpoint/state-handles.ts';
import { STREAM_HEADER } from '../../checkpoint/state-streams.ts';
import type { ChangeSink, KeyedSink } from '../state-backend.ts';
import type { KeyGroups } from './key-groups.ts';
import { KeyedBlocks } from './keyed-blocks.ts';
import { partOfStream, type SnapshotOutput } from './snapshot-output.ts';
import { type Layer, type StateLayers, topOf } from './state-layers.ts';

/** Where the streams of a snapshot have gone; undefined where nothing was written. */
export interface SnapshotStreams {
  readonly exclusive: StreamHandle | undefined;
  readonly shared: StreamHandle | undefined;
}

export interface WrittenState extends KeyedSink {
  readonly schema: KeyedStateSchema;
  readonly failure: unknown;
  /** Passes on what is left. */
  flush(): void;
  /** Once everything is in its stream. */
  handles(streams: SnapshotStreams): readonly KeyedStateHandle[];
}

/** Everything that the state has, in files of this checkpoint alone. */
export class WholeState implements WrittenState {
  readonly blocks: KeyedBlocks;
  readonly add: KeyedBlocks['add'];
  readonly #keyGroups: KeyGroups;

  constructor(schema: KeyedStateSchema, keyGroups: KeyGroups, output: SnapshotOutput) {
    this.blocks = new KeyedBlocks(schema, keyGroups, output);
    this.add = this.blocks.add;
    this.#keyGroups = keyGroups;
  }

  get schema(): KeyedStateSchema {
    return this.blocks.schema;
  }

  get failure(): unknown {
    return this.blocks.failure;
  }

  flush(): void {
    this.blocks.flush();
  }

  handles({ exclusive }: SnapshotStreams): readonly KeyedStateHandle[] {
    const written = this.blocks.blocks();
    if (exclusive === undefined || written.length === 0) return [];
    const { stream, blocks } = partOfStream(exclusive, written);
    return [{ schema: this.schema, stream, maxParallelism: this.#keyGroups.maxParallelism, blocks }];
  }
}

export interface LayeredStateOptions {
  readonly checkpointId: number;
  readonly keyGroups: KeyGroups;
  /** Of files that later checkpoints may refer to. */
  readonly output: SnapshotOutput;
  readonly layers: StateLayers;
  readonly unit: 'key' | 'entry';
  readonly knownSince: number;
}

/** A new layer upon those that are kept, or a new base. */
export class ChangedState implements WrittenState {
  readonly add: KeyedBlocks['add'];
  readonly changes: ChangeSink;
  readonly #options: LayeredStateOptions;
  readonly #kept: readonly Layer[];
  readonly #entries: KeyedBlocks;
  readonly #removed: KeyedBlocks;
  readonly #dropped = new Set<number>();

  constructor(schema: KeyedStateSchema, options: LayeredStateOptions) {
    const { checkpointId, keyGroups, output, layers, unit, knownSince } = options;
    this.#options = options;
    this.#kept = layers.begin(checkpointId, knownSince);
    this.#entries = new KeyedBlocks(schema, keyGroups, output);
    this.#removed = new KeyedBlocks(removalSchema(schema, unit), keyGroups, output);
    this.add = this.#entries.add;
    this.changes = {
      since: this.#kept.at(-1)?.checkpointId,
      keepSince: layers.keepSince,
      remove: (key, namespace) => this.#removed.add(key, namespace, null),
      drop: (namespace) => void this.#dropped.add(namespace),
    };
  }

  get schema(): KeyedStateSchema {
    return this.#entries.schema;
  }

  get failure(): unknown {
    return this.#entries.failure ?? this.#removed.failure;
  }

  flush(): void {
    this.#entries.flush();
    if (this.#entries.failure === undefined) this.#removed.flush();
  }

  handles({ shared }: SnapshotStreams): readonly KeyedStateHandle[] {
    const own = this.#ownHandle(shared);
    this.#options.layers.written(this.#options.checkpointId, own);
    return [...this.#kept.flatMap(({ handles }) => handles), ...(own === undefined ? [] : [own])];
  }

  #ownHandle(shared: StreamHandle = { kind: 'inline', bytes: STREAM_HEADER }): KeyedStateHandle | undefined {
    const { keyGroups, unit } = this.#options;
    const { first, last, maxParallelism } = keyGroups;
    const [entries, removals] = [this.#entries.blocks(), this.#removed.blocks()];
    if (entries.length === 0 && removals.length === 0 && this.#dropped.size === 0) return undefined;
    const { stream, blocks } = partOfStream(shared, [...entries, ...removals]);
    const handle = { schema: this.schema, stream, maxParallelism, blocks: blocks.slice(0, entries.length) };
    const below = this.#kept.at(-1);
    if (below === undefined) return handle;
    const removed = blocks.slice(entries.length);
    const dropped = this.#dropped.size === 0 ? {} : { dropped: { keyGroups: { first, last }, namespaces: [...this.#dropped] } };
    return { ...handle, delta: { layer: topOf(below) + 1, unit, removed, ...dropped } };
  }
}

import { UsageError } from '@millrace/core/base/errors';
import type { AnyTypeInformation } from '@millrace/core/types/type-information';
import type { Boundedness, Source, SourceReader, SourceReaderContext, SplitEnumeratorContext } from '../../contract/source.ts';
import { HybridEnumerator } from './hybrid-enumerator.ts';
import {
  type HybridPart,
  type HybridSplit,
  type HybridState,
  type SourceSwitchContext,
  splitSerializer,
  stateSerializer,
} from './hybrid-parts.ts';
import { HybridReader } from './hybrid-reader.ts';

export type SourceFactory<T, in PreviousState> = (context: SourceSwitchContext<PreviousState>) => Source<T>;

export interface HybridSourceBuilder<out T> {
  /** Is read when all before it have been read to their end. */
  addSource(next: Source<T>): HybridSourceBuilder<T>;
  /**
   * A source that is made when its turn comes, from the state in which the enumerator of the one before ended: from where a log goes on behind its archive, for
   * instance. The function is called in the coordinator and in every reader, and gives an equal source each time.
   */
  addSource<PreviousState>(next: SourceFactory<T, PreviousState>, boundedness: Boundedness): HybridSourceBuilder<T>;
  build(): Source<T, HybridSplit, HybridState>;
}

/**
 * Several sources one after another as one: an archive of files and then a live log. Every source but the last is bounded. Flink: `HybridSource`.
 *
 * ```ts
 * const history = FileSource.forRecordStreamFormat(format, 'archive').build();
 * const all = HybridSource.builder(history).addSource(live).build();
 * ```
 */
export const HybridSource = {
  builder<T>(first: Source<T>): HybridSourceBuilder<T> {
    return new Builder<T>([partOf(first, undefined)]);
  },
};

class Builder<T> implements HybridSourceBuilder<T> {
  readonly #parts: readonly HybridPart[];

  constructor(parts: readonly HybridPart[]) {
    this.#parts = parts;
  }

  addSource(next: Source<T> | SourceFactory<T, never>, boundedness?: Boundedness): HybridSourceBuilder<T> {
    if (this.#parts.at(-1)?.boundedness !== 'BOUNDED')
      throw new UsageError(
        `HybridSource got a source behind number ${this.#parts.length}, which is unbounded and never ends. Put the unbounded one last.`,
      );
    return new Builder<T>([...this.#parts, partOf(next, boundedness)]);
  }

  build(): Source<T, HybridSplit, HybridState> {
    return new ChainedSources<T>(this.#parts);
  }
}

function partOf(source: Source<unknown> | SourceFactory<unknown, never>, boundedness: Boundedness | undefined): HybridPart {
  if (typeof source === 'function') {
    if (boundedness !== 'BOUNDED' && boundedness !== 'CONTINUOUS_UNBOUNDED')
      throw new UsageError(
        "HybridSource got a factory without saying whether its source is bounded. Give 'BOUNDED' or 'CONTINUOUS_UNBOUNDED' as the second argument.",
      );
    return { boundedness, given: undefined, create: (context) => checked(source(context as SourceSwitchContext<never>)) };
  }
  const given = checked(source);
  return { boundedness: given.getBoundedness(), given, create: () => given };
}

function checked(source: Source<unknown>): Source<unknown> {
  if (typeof (source as Partial<Source<unknown>> | undefined)?.createReader === 'function') return source;
  throw new UsageError(
    'HybridSource got something that is no source: it has no createReader. Give it sources, or functions that return one.',
  );
}

class ChainedSources<out T> implements Source<T, HybridSplit, HybridState> {
  /** Declared only where all declare the same. */
  readonly type: AnyTypeInformation | undefined;
  readonly isReplayable: boolean;
  readonly submitWarnings: readonly string[];
  readonly #parts: readonly HybridPart[];

  constructor(parts: readonly HybridPart[]) {
    const given = parts.flatMap((part) => part.given ?? []);
    const [first] = given;
    this.type = given.every(({ type }) => type?.typeName === first?.type?.typeName) ? first?.type : undefined;
    this.isReplayable = given.every(({ isReplayable }) => isReplayable !== false);
    this.submitWarnings = given.flatMap(({ submitWarnings }) => submitWarnings ?? []);
    this.#parts = parts;
  }

  getBoundedness(): Boundedness {
    return this.#parts.at(-1)?.boundedness ?? 'BOUNDED';
  }

  createReader(context: SourceReaderContext): SourceReader<T, HybridSplit> {
    return new HybridReader<T>(context, this.#parts);
  }

  createEnumerator(context: SplitEnumeratorContext<HybridSplit>) {
    return new HybridEnumerator(context, this.#parts, undefined);
  }

  restoreEnumerator(context: SplitEnumeratorContext<HybridSplit>, state: HybridState) {
    return new HybridEnumerator(context, this.#parts, state);
  }

  splitSerializer() {
    return splitSerializer();
  }

  enumeratorStateSerializer() {
    return stateSerializer();
  }
}

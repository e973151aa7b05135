/**
 * Records from a collection of the program: an iterable, an async iterable, or a function that makes one. Flink: `fromCollection`. Not parallel.
 *
 * The elements are bound in the slot, where the program is run again, so nothing of them travels. To start again after a failure, the collection is iterated
 * from its beginning and the records that were emitted before are passed over: a generator must be given as a function, an iterator that is used up would
 * give nothing.
 */
import { UsageError } from '@millrace/core/base/errors';
import type { TypeInformation } from '@millrace/core/types/type-information';
import type { Source, SourceReader, SourceReaderContext, SplitEnumeratorContext } from '../contract/source.ts';
import { CollectionReader } from './collection-reader.ts';
import { jsonSerializer } from './json-serializer.ts';
import { SplitQueueEnumerator, type SplitQueueState } from './split-queue-enumerator.ts';

export type Collection<T> = (Iterable<T> & object) | AsyncIterable<T>;

/** The whole collection; `emitted` of its records are done. */
export interface CollectionSplit {
  readonly index: 0;
  readonly emitted: number;
}

export class CollectionSource<out T> implements Source<T, CollectionSplit, SplitQueueState<CollectionSplit>> {
  readonly type: { readonly typeName: string } | undefined;
  readonly #make: () => Collection<T>;

  constructor(collection: Collection<T> | (() => Collection<T>), type?: TypeInformation<T>) {
    if (typeof collection !== 'function') checkCollection(collection);
    this.#make = typeof collection === 'function' ? collection : () => collection;
    this.type = type;
  }

  getBoundedness() {
    return 'BOUNDED' as const;
  }

  createReader(context: SourceReaderContext): SourceReader<T, CollectionSplit> {
    return new CollectionReader<T>(context, () => {
      const collection = this.#make();
      checkCollection(collection);
      return collection;
    });
  }

  createEnumerator(context: SplitEnumeratorContext<CollectionSplit>) {
    return new SplitQueueEnumerator<CollectionSplit>(context, () => [{ index: 0, emitted: 0 }]);
  }

  restoreEnumerator(context: SplitEnumeratorContext<CollectionSplit>, state: SplitQueueState<CollectionSplit>) {
    return new SplitQueueEnumerator<CollectionSplit>(context, () => [], state);
  }

  splitSerializer() {
    return jsonSerializer<CollectionSplit>('collection split');
  }

  enumeratorStateSerializer() {
    return jsonSerializer<SplitQueueState<CollectionSplit>>('state of a collection');
  }
}

function checkCollection(value: unknown): void {
  if (typeof value === 'object' && value !== null && (Symbol.iterator in value || Symbol.asyncIterator in value)) return;
  const seen =
    typeof value === 'string'
      ? 'a string, which would be read letter by letter'
      : value === null
        ? 'null'
        : `a value of type ${typeof value}`;
  throw new UsageError(`fromCollection got ${seen}. Give an array, another iterable, an async iterable, or a function that returns one.`);
}

/** What the two halves of a hybrid source share: which source is which, and what they tell each other. */
import { DataError } from '@millrace/core/base/errors';
import { Types } from '@millrace/core/types/types';
import type { AnyTypeInformation, SimpleVersionedSerializer } from '@millrace/core/types/type-information';
import type { Boundedness, Source } from '../../contract/source.ts';

/** A state of an enumerator, with the version of its form. */
export interface SavedState {
  readonly version: number;
  readonly bytes: Uint8Array;
}

/** What a factory gets: the state in which the enumerator of the source before it ended. */
export interface SourceSwitchContext<out S> {
  readonly previousEnumeratorState: S;
}

export interface HybridPart {
  readonly boundedness: Boundedness;
  /** Undefined where a factory makes it later. */
  readonly given: (Source<unknown> & { readonly type?: AnyTypeInformation | undefined }) | undefined;
  /** `context` is undefined for the first source. Called in the coordinator and in each reader, so it gives an equal source for equal states. */
  create(context: SourceSwitchContext<unknown> | undefined): Source<unknown>;
}

/** A split of one of the sources, in the form of that source's serializer. */
export interface HybridSplit {
  readonly sourceIndex: number;
  /** By which the split's output is known; undefined where its source does not say. */
  readonly splitId: string | undefined;
  readonly version: number;
  readonly split: Uint8Array;
}

export interface HybridState {
  readonly sourceIndex: number;
  /** Of the enumerators that have ended, in order. */
  readonly ended: readonly SavedState[];
  /** Of the current one. */
  readonly current: SavedState;
  /** Splits of sources that have ended, given back and not to anybody since. */
  readonly lost?: readonly HybridSplit[];
}

/** To readers: from here on this source is read, which comes after these. */
export interface SwitchSource {
  readonly kind: 'switch';
  readonly sourceIndex: number;
  readonly ended: readonly SavedState[];
}

/** From readers, each of one source, since it may come after the switch to the next. */
export type HybridReport =
  | { readonly kind: 'request'; readonly sourceIndex: number }
  | { readonly kind: 'finished'; readonly sourceIndex: number };

/** An event of the current source, either way. */
export interface InnerEvent {
  readonly kind: 'event';
  readonly sourceIndex: number;
  readonly event: unknown;
}

/** The source of an index, made by way of all before it. */
export function sourceAt(parts: readonly HybridPart[], index: number, ended: readonly SavedState[]): Source<unknown> {
  let source = (parts[0] as HybridPart).create(undefined);
  for (let next = 1; next <= index; next++) {
    const saved = ended[next - 1];
    if (saved === undefined)
      throw new DataError(
        `The state of a hybrid source is at source ${index}, but has ${ended.length} that ended. Restore an older checkpoint.`,
      );
    const previousEnumeratorState: unknown = source.enumeratorStateSerializer().deserialize(saved.bytes, saved.version);
    source = (parts[next] as HybridPart).create({ previousEnumeratorState });
  }
  return source;
}

export function wrapSplit(source: Source<unknown>, sourceIndex: number, split: unknown): HybridSplit {
  const serializer = source.splitSerializer() as SimpleVersionedSerializer<unknown>;
  return { sourceIndex, splitId: idOf(split), version: serializer.version, split: serializer.serialize(split) };
}

export function unwrapSplit(source: Source<unknown>, { version, split }: HybridSplit): unknown {
  return source.splitSerializer().deserialize(split, version);
}

export function splitSerializer(): SimpleVersionedSerializer<HybridSplit> {
  return Types.shape<HybridSplit>().createSerializer();
}

export function stateSerializer(): SimpleVersionedSerializer<HybridState> {
  return Types.shape<HybridState>().createSerializer();
}

/** The fields by which sources name their splits. */
function idOf(split: unknown): string | undefined {
  const { splitId, id, index } = split as { readonly splitId?: unknown; readonly id?: unknown; readonly index?: unknown };
  const found = [splitId, id, index].find((each) => typeof each === 'string' || typeof each === 'number');
  return found === undefined ? undefined : String(found);
}

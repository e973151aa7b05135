import { Types } from '@millrace/core/types/types';
import type { SimpleVersionedSerializer } from '@millrace/core/types/type-information';
import { SAVED_LIST, type SavedList } from './function-state.ts';
import type { Emission } from './source-emissions.ts';

/** The split of a source function: one call of its `run`, with all that it had when it was snapshotted. */
export interface SourceRun {
  /** The subtask that it was made for. */
  readonly index: number;
  /** It had begun before, and goes on from its state. */
  readonly restored: boolean;
  /** `run` has returned; only what it emitted last is left. */
  readonly ended: boolean;
  readonly lists: readonly SavedList[];
  /** Emitted by `run`, not yet seen by the job. */
  readonly emissions: readonly Uint8Array[];
}

const Run = Types.row({
  index: Types.INT,
  restored: Types.BOOLEAN,
  ended: Types.BOOLEAN,
  lists: Types.list(SAVED_LIST),
  emissions: Types.list(Types.BYTES),
});

export function runSerializer(): SimpleVersionedSerializer<SourceRun> {
  return Run.createSerializer() as unknown as SimpleVersionedSerializer<SourceRun>;
}

const emissionSerializer = Types.shape<Emission<unknown>>().createSerializer();

export function emissionsOf<T>(runs: readonly SourceRun[]): Emission<T>[] {
  return runs.flatMap(({ emissions }) =>
    emissions.map((bytes) => emissionSerializer.deserialize(bytes, emissionSerializer.version) as Emission<T>),
  );
}

export function savedEmissions(emissions: readonly Emission<unknown>[]): Uint8Array[] {
  return emissions.map((emission) => emissionSerializer.serialize(emission));
}

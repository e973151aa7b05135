/** What a trigger says of one checkpoint: plain data that travels from the coordinator to the sources, and from there with the barrier through every channel. */

export type SnapshotKind = 'checkpoint' | 'savepoint';

/** Where a slot writes its part. */
export type CheckpointLocation =
  /** Everything goes with the acknowledgement; what is above the limit fails the checkpoint. */
  | { readonly kind: 'memory'; readonly maxStateBytes: number }
  /** Files in `exclusive`, those that later checkpoints may use again in `shared`; up to `inlineBytesMax` go with the acknowledgement. Handles are relative to `base`. */
  | {
      readonly kind: 'directory';
      readonly base: string;
      readonly exclusive: string;
      readonly shared: string;
      readonly inlineBytesMax: number;
    };

export interface CheckpointBarrier {
  readonly checkpointId: number; // from 1, ascending for each job
  readonly timestamp: number; // of the trigger, milliseconds since the epoch
  readonly kind: SnapshotKind;
  readonly location: CheckpointLocation;
  /** The job ends behind this savepoint: with `drain` after MAX_WATERMARK has gone through, without it as it stands. */
  readonly stop?: 'drain' | 'suspend';
}

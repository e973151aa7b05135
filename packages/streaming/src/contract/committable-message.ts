/** What goes from the writer of a sink to its committer where a topology lies between them. Flink: CommittableMessage. */
export interface CommittableMessage<out C> {
  /** The checkpoint that it belongs to; `Number.MAX_SAFE_INTEGER` for what the end of the input left. */
  readonly checkpointId: number;
  /** Whose writer prepared it, from 0. */
  readonly subtask: number;
  readonly committable: C;
}

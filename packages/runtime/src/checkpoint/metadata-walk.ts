/** Looks through a checkpoint's metadata: its files, its sizes. Pure. */
import type { CheckpointMetadata } from './checkpoint-metadata.ts';
import type { OperatorSubtaskState, StateBlock, StreamHandle } from './state-handles.ts';

export function* operatorStatesOf(metadata: CheckpointMetadata): Generator<OperatorSubtaskState> {
  for (const { subtasks } of metadata.vertices) for (const { operators } of subtasks) yield* Object.values(operators);
}

function* streamsOf(state: OperatorSubtaskState): Generator<StreamHandle> {
  for (const { stream } of state.keyed) yield stream;
  for (const { stream } of state.operator) yield stream;
}

/** The files that it refers to, as its handles name them, each once. */
export function filesOf(metadata: CheckpointMetadata): readonly string[] {
  const files = new Set<string>();
  for (const state of operatorStatesOf(metadata)) {
    for (const stream of streamsOf(state)) if (stream.kind !== 'inline') files.add(stream.path);
  }
  return [...files];
}

/** Bytes of state in all blocks, whoever wrote them; a block that several subtasks share counts once for each. */
export function stateSizeOf({ keyed, operator }: OperatorSubtaskState): number {
  const sizeOf = (blocks: readonly StateBlock[]) => blocks.reduce((sum, { size }) => sum + size, 0);
  return keyed.reduce((sum, { blocks }) => sum + sizeOf(blocks), 0) + operator.reduce((sum, { block }) => sum + block.size, 0);
}

export function totalStateSizeOf(metadata: CheckpointMetadata): number {
  let size = 0;
  for (const state of operatorStatesOf(metadata)) size += stateSizeOf(state);
  for (const { bytes } of Object.values(metadata.coordinators)) size += bytes.byteLength;
  return size;
}

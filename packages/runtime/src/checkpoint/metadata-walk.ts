/** Looks through a checkpoint's metadata: its files, its sizes. Pure. */
import type { CheckpointMetadata } from './checkpoint-metadata.ts';
import { SHARED, sharedPrefixOf } from './shared-files.ts';
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
  const ofKeyed = keyed.reduce((sum, { blocks, delta }) => sum + sizeOf(blocks) + sizeOf(delta?.removed ?? []), 0);
  return operator.reduce((sum, { block }) => sum + block.size, ofKeyed);
}

/** Bytes of state that this checkpoint has written; the others it took over from older ones, which lie in their files. */
export function checkpointedSizeOf(metadata: CheckpointMetadata): number {
  const isOwn = ({ stream }: { readonly stream: StreamHandle }) =>
    stream.kind === 'inline' || !stream.path.startsWith(`${SHARED}/`) || stream.path.startsWith(sharedPrefixOf(metadata.checkpointId));
  let size = 0;
  for (const { keyed, operator } of operatorStatesOf(metadata))
    size += stateSizeOf({ keyed: keyed.filter(isOwn), operator: operator.filter(isOwn) });
  return size + coordinatorSizeOf(metadata);
}

export function totalStateSizeOf(metadata: CheckpointMetadata): number {
  let size = 0;
  for (const state of operatorStatesOf(metadata)) size += stateSizeOf(state);
  return size + coordinatorSizeOf(metadata);
}

function coordinatorSizeOf({ coordinators }: CheckpointMetadata): number {
  return Object.values(coordinators).reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
}

/** Whether a checkpoint fits the job that is to go on from it; found before anything is deployed. */
import { UsageError } from '@millrace/core/base/errors';
import { nearest } from '@millrace/core/config/nearest';
import type { RestoredVertex } from './assign-states.ts';
import { checkDeclaredStates } from './check-declared-states.ts';
import { type CheckpointMetadata, type OperatorMetadata, operatorText, type VertexMetadata } from './checkpoint-metadata.ts';
import { stateSizeOf } from './metadata-walk.ts';

export interface RestoreSettings {
  /** As messages name it. */
  readonly path: string;
  readonly allowNonRestoredState: boolean;
}

/** Throws a `UsageError` that says what does not fit. */
export function checkRestore(metadata: CheckpointMetadata, vertices: readonly RestoredVertex[], settings: RestoreSettings): void {
  const now = new Map(vertices.flatMap((vertex) => vertex.operators.map(({ id }) => [id, vertex] as const)));
  const lost = metadata.vertices.flatMap((vertex) =>
    vertex.operators.filter(({ id }) => !now.has(id) && sizeOf(metadata, vertex, id) > 0).map((operator) => ({ vertex, operator })),
  );
  if (lost.length > 0 && !settings.allowNonRestoredState)
    throw refuseLost(metadata, lost, { path: settings.path, uids: newUids(metadata, vertices) });
  checkDeclaredStates(metadata, vertices, settings.path);
  for (const old of metadata.vertices) {
    for (const { id } of old.operators) checkMaxParallelism(old, id, now.get(id), settings.path);
  }
}

function sizeOf(metadata: CheckpointMetadata, { subtasks }: VertexMetadata, id: string): number {
  const states = subtasks.flatMap(({ operators }) => operators[id] ?? []);
  return states.reduce((sum, state) => sum + stateSizeOf(state), metadata.coordinators[id]?.bytes.byteLength ?? 0);
}

function refuseLost(
  metadata: CheckpointMetadata,
  lost: readonly { readonly vertex: VertexMetadata; readonly operator: OperatorMetadata }[],
  { path, uids }: { readonly path: string; readonly uids: readonly string[] },
): UsageError {
  const lines = lost.map(
    ({ vertex, operator }) =>
      `  ${operatorText(operator)}: ${sizeOf(metadata, vertex, operator.id)} bytes${operator.uid === undefined ? '' : renamed(operator.uid, uids)}`,
  );
  return new UsageError(
    `The checkpoint '${path}' of the job '${metadata.jobName}' has state of operators that this program has not:\n${lines.join('\n')}\n` +
      'Give the operators the uids that they had, or leave their state behind with --allow-non-restored-state.',
    { reason: 'non-restored-state' },
  );
}

/** Of operators that the checkpoint does not know: one of them may be what the lost one is called now. */
function newUids(metadata: CheckpointMetadata, vertices: readonly RestoredVertex[]): readonly string[] {
  const known = new Set(metadata.vertices.flatMap(({ operators }) => operators.map(({ uid }) => uid)));
  return vertices.flatMap(({ operators }) => operators.flatMap(({ uid }) => (uid === undefined || known.has(uid) ? [] : [uid])));
}

function renamed(uid: string, uids: readonly string[]): string {
  const near = nearest(uid, uids);
  return near === undefined ? '' : `; is it the operator with the uid ${near} now?`;
}

function checkMaxParallelism(old: VertexMetadata, id: string, vertex: RestoredVertex | undefined, path: string): void {
  if (vertex === undefined || vertex.maxParallelism === old.maxParallelism) return;
  const hasKeys = old.subtasks.some(({ operators }) => operators[id] !== undefined && operators[id].keyed.length > 0);
  if (!hasKeys) return;
  const operator = vertex.operators.find((each) => each.id === id);
  throw new UsageError(
    `${operator === undefined ? id : operatorText(operator)} has a maximum parallelism of ${vertex.maxParallelism}, and its state in '${path}' is in ${old.maxParallelism} key groups, which cannot change. ` +
      `Set its maximum parallelism to ${old.maxParallelism} (setMaxParallelism, or pipeline.max-parallelism for all).`,
    { reason: 'max-parallelism-changed' },
  );
}

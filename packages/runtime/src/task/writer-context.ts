import type { WriterInitContext } from '@millrace/streaming/contract/sink';
import type { ChainedOperator } from '@millrace/streaming/graph/job-graph';
import { CollectQueue } from './collect-queue.ts';
import { runtimeContextOf, type TaskEnvironment, type TaskRegistries } from './task-environment.ts';

interface WriterTask {
  readonly registries: TaskRegistries;
  /** By operator id; the context adds its own. */
  readonly collects: Map<string, CollectQueue>;
}

/** What the writer of a sink gets. */
export function writerContextOf(
  environment: TaskEnvironment,
  { id, name }: Pick<ChainedOperator, 'id' | 'name'>,
  { registries, collects }: WriterTask,
): WriterInitContext {
  const { ports, deployed, post } = environment;
  const { executionId } = deployed.task;
  const queue = new CollectQueue((bytes, afterCheckpoint) =>
    post({ type: 'collected', executionId, operatorId: id, bytes, afterCheckpoint }),
  );
  collects.set(id, queue);
  return {
    getRuntimeContext: () => runtimeContextOf(environment, registries, { id, name }),
    getRestoredCheckpointId: () => deployed.task.restore?.checkpointId,
    standardStreams: ports.standardStreams,
    sendToClient: (bytes) => queue.send(bytes),
    barrierPassed: (checkpointId) => queue.barrierPassed(checkpointId),
  };
}

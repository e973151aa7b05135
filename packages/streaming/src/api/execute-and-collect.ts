/** `executeAndCollect`: a sink that sends batches to this program, and the job that goes with it. */
import { UsageError } from '@millrace/core/base/errors';
import type { TypeInformation } from '@millrace/core/types/type-information';
import { CollectSink, decodeCollected } from '../builtin/collect-sink.ts';
import type { Sink } from '../contract/sink.ts';
import type { TransformationId } from '../graph/transformation.ts';
import type { CloseableIterator } from './closeable-iterator.ts';
import { CollectedRecords } from './collected-records.ts';
import { show } from './function-checks.ts';
import type { StreamScope } from './stream-scope.ts';

export interface CollectedStream<T> {
  readonly scope: StreamScope;
  readonly id: TransformationId;
  readonly type: TypeInformation<T> | undefined;
}

export async function executeAndCollect<T>(
  { scope, id, type }: CollectedStream<T>,
  jobName: string | undefined,
): Promise<CloseableIterator<T>> {
  const sink = new CollectSink<T>(type) as unknown as Sink<unknown>;
  scope.program.addOperator({ operation: 'Collect', name: 'Collect', logic: { kind: 'sink', sink }, type: undefined, input: id });
  const records = new CollectedRecords<T>((bytes) => decodeCollected(type, bytes));
  records.follow(await scope.submit(jobName, records.take));
  return records;
}

export async function executeAndCollectSome<T>(stream: CollectedStream<T>, jobName: string | undefined, limit: number): Promise<T[]> {
  if (!Number.isSafeInteger(limit) || limit < 1) {
    throw new UsageError(
      `executeAndCollect got the limit ${show(limit)}. Give a whole number from 1, or leave it out and read with for await.`,
    );
  }
  const collected: T[] = [];
  for await (const record of await executeAndCollect(stream, jobName)) {
    collected.push(record);
    if (collected.length === limit) break;
  }
  return collected;
}

/**
 * From an edge of the job graph to the channels between subtasks: the pattern that scheduler, slots and tests share. Pure.
 *
 * E1 every producer has at least one consumer and every consumer at least one producer.
 * E2 peers are ascending, so that the n-th channel of an end means the same subtask to everybody.
 */
import { UsageError } from '@millrace/core/base/errors';
import type { JobEdge, PartitionerKind } from './job-graph.ts';

export interface EdgeChannels {
  /** True where a subtask talks to some subtasks of the other end only. */
  readonly pointwise: boolean;
  readonly channels: number;
  /** The consumer subtasks that a producer subtask has a channel to. */
  consumersOf(producer: number): readonly number[];
  /** The producer subtasks that a consumer subtask has a channel from. */
  producersOf(consumer: number): readonly number[];
}

/** Forward connects one to one, rescale neighbours to neighbours, everything else all to all. Flink: `DistributionPattern`. */
export function channelsOf(edge: Pick<JobEdge, 'partitioner'>, producerParallelism: number, consumerParallelism: number): EdgeChannels {
  if (!isPointwise(edge.partitioner)) return allToAll(producerParallelism, consumerParallelism);
  if (edge.partitioner === 'forward' && producerParallelism !== consumerParallelism) {
    throw new UsageError(
      `A forward edge cannot go from ${producerParallelism} to ${consumerParallelism} subtasks. Give both ends one parallelism, or use rescale() or rebalance().`,
    );
  }
  return pointwise(producerParallelism, consumerParallelism);
}

export function isPointwise(partitioner: PartitionerKind): boolean {
  return partitioner === 'forward' || partitioner === 'rescale';
}

function allToAll(producers: number, consumers: number): EdgeChannels {
  const allConsumers = range(0, consumers);
  const allProducers = range(0, producers);
  return { pointwise: false, channels: producers * consumers, consumersOf: () => allConsumers, producersOf: () => allProducers };
}

/** The larger side is cut into as many runs of neighbours as the smaller side has subtasks; their lengths differ by one at most, as Flink cuts them. */
function pointwise(producers: number, consumers: number): EdgeChannels {
  const producersAreMore = producers >= consumers;
  // Run k of `many` over `few`: from floor(k * many / few) where consumers gather, from ceil(k * many / few) where producers spread.
  const gathered = (consumer: number) =>
    range(Math.floor((consumer * producers) / consumers), Math.floor(((consumer + 1) * producers) / consumers));
  const spread = (producer: number) =>
    range(Math.ceil((producer * consumers) / producers), Math.ceil(((producer + 1) * consumers) / producers));
  return {
    pointwise: true,
    channels: Math.max(producers, consumers),
    consumersOf: (producer) => (producersAreMore ? [Math.ceil(((producer + 1) * consumers) / producers) - 1] : spread(producer)),
    producersOf: (consumer) => (producersAreMore ? gathered(consumer) : [Math.floor((consumer * producers) / consumers)]),
  };
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

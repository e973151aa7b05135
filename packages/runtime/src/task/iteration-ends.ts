/** Puts the two ends of an iteration together at one subtask: they find each other's queue in the slot. */
import { createCodec } from '@millrace/core/types/codec';
import type { TypeDescription } from '@millrace/core/types/type-information';
import type { IterationSettings, OneInputOperator, OperatorContext } from '@millrace/streaming/contract/operator';
import type { ChainedOperator } from '@millrace/streaming/graph/job-graph';
import type { ChannelFlow } from '../network/channel.ts';
import { FeedbackGate, type FeedbackGateParts } from './feedback-gate.ts';
import type { FeedbackQueue, FeedbackSpill } from './feedback-queue.ts';
import { openFeedbackSpill } from './feedback-spill.ts';
import { openSpillFile } from './node/spill-files.ts';
import type { Step } from './step.ts';
import { type TaskEnvironment, taskNameOf, tell, vertexOf } from './task-environment.ts';

type HeadParts = Pick<FeedbackGateParts, 'gate' | 'feedback' | 'flow' | 'control'> & {
  readonly settings: IterationSettings;
  readonly operator: ChainedOperator;
};

export function openFeedbackGate(environment: TaskEnvironment, { settings, operator, ...parts }: HeadParts): FeedbackGate {
  const { executionId } = environment.deployed.task;
  return new FeedbackGate({
    ...parts,
    settings,
    name: operator.name,
    queue: queueOf(environment, settings.id),
    send: (event) => environment.post({ type: 'operator-event', executionId, operatorId: operator.id, event }),
    warn: (text) => tell(environment, text),
  });
}

export function openIterationTail(
  environment: TaskEnvironment,
  iteration: string,
  { plan }: Step,
  { flow }: OperatorContext,
): OneInputOperator {
  const queue = queueOf(environment, iteration);
  queue.openSpill = (headFlow) => openSpill(environment, inputTypeOf(environment, plan.operator), headFlow);
  return {
    processElement: (record) => queue.add(record, flow.timestamp),
    processMarker: (marker) => queue.markerReached(marker),
    close: () => {
      if (queue.dropped <= 0) return;
      tell(
        environment,
        `The iteration had ended when ${queue.dropped} more records came to '${plan.operator.name}': they were not sent back.`,
      );
      queue.dropped = 0;
    },
  };
}

function queueOf({ channels, deployed }: TaskEnvironment, iteration: string): FeedbackQueue {
  return channels.feedbackOf(`${iteration}:${deployed.task.subtask}:${deployed.task.attempt}`);
}

/** Inside a chain only a declared type is known; at its head it is that of the edges. */
function inputTypeOf(environment: TaskEnvironment, { inputType, input }: ChainedOperator): TypeDescription {
  if (inputType !== undefined) return inputType;
  const { edges } = environment.job.jobGraph;
  const types = input === -1 ? edges.filter(({ target }) => target === vertexOf(environment).id).map(({ type }) => type) : [];
  const [first, ...others] = types;
  return first !== undefined && others.every((type) => JSON.stringify(type) === JSON.stringify(first)) ? first : { kind: 'shape' };
}

function openSpill(environment: TaskEnvironment, type: TypeDescription, headFlow: ChannelFlow): FeedbackSpill {
  const { ports, job } = environment;
  const name = `${taskNameOf(environment)} feedback`;
  const { openSpill: openFile = openSpillFile, overdraftMemoryBytes } = ports;
  const codec = createCodec(type, { maxShapes: job.jobGraph.configuration.maxShapesPerEdge, onWarning: (text) => tell(environment, text) });
  const memoryCap = overdraftMemoryBytes === undefined ? {} : { memoryCapBytes: overdraftMemoryBytes };
  return openFeedbackSpill(headFlow, { name, codec, spill: () => openFile(name), ...memoryCap });
}

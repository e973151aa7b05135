/** Opens the ends of a task's channels, as its deployment says how each is reached. */
import { invariant } from '@millrace/core/base/assert';
import { seededRandom } from '@millrace/core/base/random';
import { createCodec } from '@millrace/core/types/codec';
import type { Codec } from '@millrace/core/types/type-information';
import type { JobEdge } from '@millrace/streaming/graph/job-graph';
import type { ChannelReader, ChannelWriter } from '../network/channel.ts';
import { createEdgeChannels, type EdgeChannels } from '../network/edge-channels.ts';
import type { ChannelDeployment, GateDeployment } from '../protocol/deployment.ts';
import type { ChainPlan } from './chain-plan.ts';
import type { Flow } from './flow.ts';
import { openSpillFile } from './node/spill-files.ts';
import { backlogOf } from './overdraft-spills.ts';
import { RecordOutput } from './record-output.ts';
import { type TaskEnvironment, taskNameOf } from './task-environment.ts';

/** Names a subtask of a vertex in one attempt; both of its ends' tasks find each other's flow by it. */
export function taskKeyOf(vertexId: string, subtask: number, attempt: number): string {
  return `${vertexId}:${subtask}:${attempt}`;
}

export function openOutputs(environment: TaskEnvironment, plan: ChainPlan, flow: Flow): RecordOutput[] {
  const { task } = environment.deployed;
  return plan.edges.map((planned, index) => {
    const gate = task.outputs[index];
    invariant(gate?.edgeId === planned.edge.id, () => `the deployment of ${task.executionId} has no channels for edge ${planned.edge.id}`);
    const end = endOf(environment, planned.edge, flow);
    const writers = gate.channels.map((channel) => openWriter(end, channel));
    return new RecordOutput(planned, writers, seededRandom(task.subtask * 7919 + index));
  });
}

/** The channels of one input of the task: 0, or 1 of a two-input operator. */
export function openInputs(environment: TaskEnvironment, flow: Flow, inputIndex: 0 | 1): ChannelReader<unknown>[] {
  const { job, deployed } = environment;
  const edges = job.jobGraph.edges.filter((edge) => edge.target === deployed.task.vertexId);
  return deployed.task.inputs.flatMap((gate: GateDeployment) => {
    const edge = edges.find(({ id }) => id === gate.edgeId);
    invariant(
      edge !== undefined,
      () => `the deployment of ${deployed.task.executionId} names edge ${gate.edgeId}, which does not lead to its vertex`,
    );
    if (edge.inputIndex !== inputIndex) return [];
    const end = endOf(environment, edge, flow);
    return gate.channels.map((channel) => openReader(end, channel));
  });
}

/** What the channels of an edge have in common at one of its ends. */
interface End {
  readonly environment: TaskEnvironment;
  readonly edge: JobEdge;
  readonly codec: Codec<unknown>;
  readonly code: EdgeChannels;
  readonly flow: Flow;
}

function endOf(environment: TaskEnvironment, edge: JobEdge, flow: Flow): End {
  const { job, ports } = environment;
  const { openSpill = openSpillFile } = ports;
  const name = `${taskNameOf(environment)} ${edge.id}`;
  const onWarning = (text: string) => environment.post({ type: 'output', stream: 'stderr', text: `${taskNameOf(environment)}: ${text}\n` });
  return {
    environment,
    edge,
    codec: createCodec(edge.type, { maxShapes: job.jobGraph.configuration.maxShapesPerEdge, onWarning }),
    code: createEdgeChannels(name, {
      code: (ports.generateCode ?? true) ? 'generated' : 'shared',
      spill: () => openSpill(name),
      ...(ports.overdraftMemoryBytes === undefined ? {} : { memoryCapBytes: ports.overdraftMemoryBytes }),
    }),
    flow,
  };
}

function openWriter({ environment, edge, codec, code, flow }: End, channel: ChannelDeployment): ChannelWriter<unknown> {
  const { deployed, channels } = environment;
  const { attempt } = deployed.task;
  const attachment = attachmentOf(environment, channel);
  if (attachment.kind === 'ring') return code.openRingWriter(attachment, codec.createEncoder(), flow, attempt);
  const consumer = channels.flowOf(taskKeyOf(edge.target, channel.peerSubtask, attempt));
  return channels.takeWriter(code, {
    key: `${channel.channelId}@${attempt}`,
    producer: flow,
    consumer,
    backlog: backlogOf(environment, edge.type, edge.id),
  });
}

function openReader({ environment, edge, codec, code, flow }: End, channel: ChannelDeployment): ChannelReader<unknown> {
  const { deployed, channels } = environment;
  const { attempt } = deployed.task;
  const attachment = attachmentOf(environment, channel);
  if (attachment.kind === 'ring') return code.openRingReader(attachment, codec.createDecoder(), flow, attempt);
  const producer = channels.flowOf(taskKeyOf(edge.source, channel.peerSubtask, attempt));
  return channels.takeReader(code, {
    key: `${channel.channelId}@${attempt}`,
    producer,
    consumer: flow,
    backlog: backlogOf(environment, edge.type, edge.id),
  });
}

function attachmentOf({ deployed }: TaskEnvironment, channel: ChannelDeployment) {
  const attachment = deployed.attachments[channel.channelId];
  invariant(
    attachment !== undefined,
    () => `the deployment of ${deployed.task.executionId} does not say how channel ${channel.channelId} is reached`,
  );
  return attachment;
}

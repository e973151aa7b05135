/**
 * Runs whole jobs on slots of one thread, without a control plane: what the tests of this room share.
 *
 * A job is written as vertices and edges; the fixture deploys it, plays the enumerators' side, takes checkpoints when it is told to, and collects states. Slots are connected by real rings, tasks
 * of one slot by real local channels.
 */
import { systemClock } from '@millrace/core/base/clock';
import type { TypeDescription } from '@millrace/core/types/type-information';
import type { OperatorLogic } from '@millrace/streaming/contract/operator';
import type { SplitEnumerator, SplitEnumeratorContext } from '@millrace/streaming/contract/source';
import type { EdgeBinding, JobConfiguration, JobEdge, JobGraph, JobVertex, PartitionerKind } from '@millrace/streaming/graph/job-graph';
import { NetworkMemory } from '../memory/network-memory.ts';
import { Doorbell } from '../network/doorbell.ts';
import { attachRing, createRing } from '../network/ring-control.ts';
import type { CheckpointBarrier } from '../checkpoint/checkpoint-options.ts';
import type { TaskStateSnapshot } from '../checkpoint/state-handles.ts';
import type { ChannelDeployment, GateDeployment, JobInformation, TaskDeployment, TaskRestore } from '../protocol/deployment.ts';
import type { ExecutionState, FailureDescription } from '../protocol/execution-state.ts';
import { type ChannelAttachment, type FromSlot, TASK_METRICS, type ToSlot } from '../protocol/slot-messages.ts';
import { Slot, type SlotPorts } from './slot.ts';

export interface FixtureOperator {
  readonly name: string;
  readonly logic: OperatorLogic;
  readonly input?: number;
  readonly inputTag?: string;
  readonly inputType?: TypeDescription;
  readonly uid?: string;
}

export interface FixtureVertex {
  readonly operators: readonly FixtureOperator[];
  readonly parallelism?: number;
}

export interface FixtureEdge extends EdgeBinding {
  readonly from: number;
  readonly to: number;
  readonly inputIndex?: 0 | 1;
  readonly partitioner: PartitionerKind;
  readonly sourceOperator?: number;
  readonly sourceTag?: string;
  readonly bufferTimeoutMs?: number;
}

export interface FixtureJob {
  readonly vertices: readonly FixtureVertex[];
  readonly edges?: readonly FixtureEdge[];
  readonly configuration?: Partial<JobConfiguration>;
}

export interface FixtureOptions {
  readonly slots?: number;
  readonly ports?: Partial<SlotPorts>;
  readonly restore?: FixtureRestore;
}

/** `from`: the job that took the checkpoint. `finished`: vertices that had finished. */
export interface FixtureRestore {
  readonly checkpointId: number;
  readonly from?: RunningJob;
  readonly finished?: readonly string[];
}

interface Placed {
  readonly vertex: JobVertex;
  readonly subtask: number;
  readonly slot: number;
  readonly executionId: string;
  readonly metrics: SharedArrayBuffer;
}

export class RunningJob {
  readonly states = new Map<string, ExecutionState[]>();
  readonly failures: FailureDescription[] = [];
  readonly collected: Uint8Array[] = [];
  readonly slots: Slot[] = [];
  readonly text: string[] = [];
  readonly declined: { readonly checkpointId: number; readonly failure: FailureDescription }[] = [];
  readonly placed: Placed[] = [];
  readonly #graph: JobGraph;
  readonly #bindings: { operators: Map<string, OperatorLogic>; edges: Map<string, EdgeBinding> };
  readonly #options: FixtureOptions;
  readonly #doorbells: SharedArrayBuffer[];
  readonly #memory = NetworkMemory.create(8 * 1024 * 1024);
  readonly #rings = new Map<string, ReturnType<typeof createRing>>();
  readonly #enumerators = new Map<string, SplitEnumerator<unknown, unknown>>();
  readonly #acknowledged = new Map<number, Map<string, TaskStateSnapshot>>();
  /** By checkpoint, then by operator id. */
  readonly #enumeratorStates = new Map<number, Map<string, unknown>>();
  #waiting: (() => boolean)[] = [];

  constructor(job: FixtureJob, options: FixtureOptions = {}) {
    this.#options = options;
    this.#graph = graphOf(job);
    this.#bindings = bindingsOf(job, this.#graph);
    this.#doorbells = Array.from({ length: options.slots ?? 1 }, () => Doorbell.createMemory());
    for (const vertex of this.#graph.vertices) {
      for (let subtask = 0; subtask < vertex.parallelism; subtask++) {
        const executionId = `${vertex.id}/${subtask}`;
        const slot = subtask % this.#doorbells.length;
        this.placed.push({ vertex, subtask, slot, executionId, metrics: new SharedArrayBuffer(TASK_METRICS * 8) });
      }
    }
  }

  start(): this {
    this.#doorbells.forEach((doorbell, index) => {
      this.slots.push(
        new Slot({
          location: { taskManagerId: 'tm', slot: index },
          doorbell,
          clock: systemClock,
          post: (message) => this.#receive(index, message),
          bind: () => Promise.resolve(this.#bindings),
          standardStreams: { write: (_stream, text) => void this.text.push(text) },
          ...this.#options.ports,
        }),
      );
    });
    const job = { jobId: 'job', jobGraph: this.#graph, program: { workingDirectory: '/nowhere' } } as unknown as JobInformation;
    this.slots.forEach((slot, index) => {
      const mine = this.placed.filter((placed) => placed.slot === index);
      const tasks = mine.map((placed) => {
        const task = this.#deploymentOf(placed);
        const attachments: Record<string, ChannelAttachment> = {};
        for (const gate of [...task.inputs, ...task.outputs]) {
          for (const channel of gate.channels) attachments[channel.channelId] = this.#attachmentOf(index, channel);
        }
        return { task, attachments, metrics: placed.metrics };
      });
      if (tasks.length > 0) slot.receive({ type: 'deploy', job, bundlePath: '', tasks });
    });
    return this;
  }

  /** Settles when every task is in a terminal state; a failure cancels the rest, as a JobMaster would. */
  async result(): Promise<this> {
    await this.until(() => this.placed.every(({ executionId }) => isEnd(this.states.get(executionId)?.at(-1))));
    return this;
  }

  until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push(() => {
        if (condition()) resolve();
        return condition();
      });
    });
  }

  cancel(): void {
    for (const { executionId, slot } of this.placed) (this.slots[slot] as Slot).receive({ type: 'cancel', executionId });
  }

  /** To the sources, or to a vertex that nobody feeds any more. Behind what enumerators have sent so far. */
  trigger(barrier: CheckpointBarrier, vertex?: number): void {
    const states = new Map(
      Array.from(this.#enumerators, ([id, enumerator]) => [id, enumerator.snapshotState(barrier.checkpointId) as unknown]),
    );
    this.#enumeratorStates.set(barrier.checkpointId, states);
    const fed = new Set(this.#graph.edges.map(({ target }) => target));
    for (const placed of this.placed) {
      const triggered = vertex === undefined ? !fed.has(placed.vertex.id) : placed.vertex === this.#graph.vertices[vertex];
      if (triggered) this.#post(placed, { type: 'trigger-checkpoint', executionId: placed.executionId, barrier });
    }
  }

  notify(checkpointId: number, outcome: 'complete' | 'aborted'): void {
    for (const placed of this.placed) {
      this.#post(placed, { type: 'notify-checkpoint', executionId: placed.executionId, checkpointId, outcome });
    }
  }

  /** By execution id. */
  acknowledged(checkpointId: number): ReadonlyMap<string, TaskStateSnapshot> {
    return this.#acknowledged.get(checkpointId) ?? new Map();
  }

  lastStates(): (ExecutionState | undefined)[] {
    return this.placed.map(({ executionId }) => this.states.get(executionId)?.at(-1));
  }

  metric(vertex: number, index: number): number {
    const mine = this.placed.filter((placed) => placed.vertex === this.#graph.vertices[vertex]);
    return mine.reduce((sum, { metrics }) => sum + (new Float64Array(metrics)[index] as number), 0);
  }

  #receive(slot: number, message: FromSlot): void {
    if (message.type === 'state') {
      const { executionId, state, failure } = message;
      this.states.set(executionId, [...(this.states.get(executionId) ?? []), state]);
      if (failure !== undefined) this.failures.push(failure);
      if (state === 'FAILED') this.cancel();
    } else if (message.type === 'collected') {
      this.collected.push(message.bytes);
      (this.slots[slot] as Slot).receive({ type: 'collect-ack', executionId: message.executionId, operatorId: message.operatorId });
    } else if (message.type === 'operator-event') {
      const placed = this.placed.find(({ executionId }) => executionId === message.executionId) as Placed;
      const enumerator = this.#enumeratorOf(message.operatorId);
      if (message.event.type === 'register-reader') enumerator.addReader(placed.subtask);
      else if (message.event.type === 'request-split') enumerator.handleSplitRequest(placed.subtask);
    } else if (message.type === 'output') this.text.push(message.text);
    else if (message.type === 'acknowledge-checkpoint') {
      const snapshots = this.#acknowledged.get(message.checkpointId) ?? new Map<string, TaskStateSnapshot>();
      this.#acknowledged.set(message.checkpointId, snapshots.set(message.executionId, message.snapshot));
    } else if (message.type === 'decline-checkpoint') this.declined.push(message);
    this.#waiting = this.#waiting.filter((waiting) => !waiting());
  }

  #post({ slot }: Placed, message: ToSlot): void {
    queueMicrotask(() => (this.slots[slot] as Slot).receive(message));
  }

  #restoreOf({ vertex, executionId }: Placed): TaskRestore | undefined {
    const { restore } = this.#options;
    if (restore === undefined) return undefined;
    const { checkpointId, from, finished } = restore;
    const operators = from?.acknowledged(checkpointId).get(executionId)?.operators ?? {};
    return { checkpointId, base: undefined, operators, isFinished: finished?.includes(vertex.id) === true };
  }

  enumeratorState(checkpointId: number, operatorId: string): unknown {
    return this.#enumeratorStates.get(checkpointId)?.get(operatorId);
  }

  #enumeratorOf(operatorId: string): SplitEnumerator<unknown, unknown> {
    const known = this.#enumerators.get(operatorId);
    if (known !== undefined) return known;
    const logic = this.#bindings.operators.get(operatorId);
    if (logic?.kind !== 'source') throw new Error('an event of an operator that is no source');
    const { source } = logic;
    const vertex = this.#graph.vertices.find(({ operators }) => operators[0]?.id === operatorId) as JobVertex;
    const send = (subtask: number, event: Extract<ToSlot, { type: 'operator-event' }>['event']) => {
      const placed = this.placed.find((each) => each.vertex === vertex && each.subtask === subtask) as Placed;
      const message = { type: 'operator-event', executionId: placed.executionId, operatorId, event } as const;
      queueMicrotask(() => (this.slots[placed.slot] as Slot).receive(message));
    };
    const context: SplitEnumeratorContext<unknown> = {
      currentParallelism: () => vertex.parallelism,
      registeredReaders: () => new Map(),
      assignSplit: (split, subtask) => {
        const serializer = source.splitSerializer();
        send(subtask, { type: 'add-splits', version: serializer.version, splits: [serializer.serialize(split)] });
      },
      signalNoMoreSplits: (subtask) => send(subtask, { type: 'no-more-splits' }),
      sendEventToSourceReader: (subtask, event) => send(subtask, { type: 'source-event', event }),
      callAsync: (work, handle) =>
        void work().then(
          (value) => handle({ value }),
          (error: unknown) => handle({ error }),
        ),
      setIsProcessingBacklog: () => {},
    };
    const { restore } = this.#options;
    const state = restore?.from?.enumeratorState(restore.checkpointId, operatorId);
    const enumerator = (
      state === undefined ? source.createEnumerator(context) : source.restoreEnumerator(context, state)
    ) as SplitEnumerator<unknown, unknown>;
    this.#enumerators.set(operatorId, enumerator);
    void enumerator.start();
    return enumerator;
  }

  #deploymentOf(placed: Placed): TaskDeployment {
    const { vertex, subtask, executionId } = placed;
    const restore = this.#restoreOf(placed);
    const { edges } = this.#graph;
    const inputs = edges.filter(({ target }) => target === vertex.id).map((edge) => this.#gateOf(edge, subtask, 'input'));
    const outputs = edges.filter(({ source }) => source === vertex.id).map((edge) => this.#gateOf(edge, subtask, 'output'));
    return { executionId, vertexId: vertex.id, subtask, attempt: 0, inputs, outputs, ...(restore === undefined ? {} : { restore }) };
  }

  #gateOf(edge: JobEdge, subtask: number, end: 'input' | 'output'): GateDeployment {
    const peers = this.placed.filter(({ vertex }) => vertex.id === (end === 'input' ? edge.source : edge.target));
    const reached = edge.partitioner === 'forward' ? peers.filter((peer) => peer.subtask === subtask) : peers;
    const channels = reached.map(({ subtask: peer, slot }) => ({
      channelId: end === 'input' ? `${edge.id}:${peer}:${subtask}` : `${edge.id}:${subtask}:${peer}`,
      peerSubtask: peer,
      peer: { taskManagerId: 'tm', slot },
    }));
    return { edgeId: edge.id, channels };
  }

  #attachmentOf(slot: number, { channelId, peer }: ChannelDeployment): ChannelAttachment {
    if (peer.slot === slot) return { kind: 'local' };
    let ring = this.#rings.get(channelId);
    if (ring === undefined) {
      ring = createRing(this.#memory, { channel: channelId, epoch: 0 }, 4);
      this.#rings.set(channelId, ring);
    }
    return attachRing(ring, this.#doorbells[peer.slot] as SharedArrayBuffer);
  }
}

export function runJob(job: FixtureJob, options?: FixtureOptions): Promise<RunningJob> {
  return new RunningJob(job, options).start().result();
}

function isEnd(state: ExecutionState | undefined): boolean {
  return state === 'FINISHED' || state === 'FAILED' || state === 'CANCELED';
}

function graphOf(job: FixtureJob): JobGraph {
  const vertices = job.vertices.map(({ operators, parallelism = 1 }, index) => ({
    id: `v${index}`,
    name: operators.map(({ name }) => name).join(' -> '),
    parallelism,
    maxParallelism: 128,
    slotSharingGroup: 'default',
    operators: operators.map((operator, place) => ({
      id: `v${index}o${place}`,
      uid: operator.uid,
      name: operator.name,
      kind: operator.logic.kind,
      input: operator.input ?? place - 1,
      inputTag: operator.inputTag,
      ...(operator.inputType === undefined ? {} : { inputType: operator.inputType }),
    })),
  }));
  const edges = (job.edges ?? []).map((edge, index) => ({
    id: `e${index}`,
    source: `v${edge.from}`,
    sourceOperator: edge.sourceOperator ?? (job.vertices[edge.from] as FixtureVertex).operators.length - 1,
    sourceTag: edge.sourceTag,
    target: `v${edge.to}`,
    inputIndex: edge.inputIndex ?? 0,
    partitioner: edge.partitioner,
    type: { kind: 'shape' } as const,
    keyType: undefined,
    bufferTimeoutMs: edge.bufferTimeoutMs ?? 100,
  }));
  const configuration = {
    autoWatermarkRecords: 1000,
    autoWatermarkIntervalMs: 200,
    freezeRecords: false,
    maxShapesPerEdge: 64,
    ...job.configuration,
  };
  return { name: 'fixture', digest: '', vertices, edges, configuration };
}

function bindingsOf(job: FixtureJob, graph: JobGraph) {
  const operators = new Map<string, OperatorLogic>();
  graph.vertices.forEach((vertex, index) => {
    vertex.operators.forEach(({ id }, place) => {
      operators.set(id, (job.vertices[index] as FixtureVertex).operators[place]?.logic as OperatorLogic);
    });
  });
  const edges = new Map<string, EdgeBinding>(graph.edges.map(({ id }, index) => [id, job.edges?.[index] as EdgeBinding]));
  return { operators, edges };
}

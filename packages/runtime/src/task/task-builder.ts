/** Puts a task together: plan, channels, operators, compiled chain, input, tasklet. Opens nothing. */
import { canGenerateCode } from '@millrace/core/codegen/compile';
import { createCodec } from '@millrace/core/types/codec';
import { keyGroupRangeOf } from '@millrace/core/types/key-group';
import type { OneInputOperator, OperatorContext, Output, TwoInputOperator } from '@millrace/streaming/contract/operator';
import { MAX_WATERMARK } from '@millrace/streaming/contract/timestamp';
import type { StateBackend } from '../state/state-backend.ts';
import type { LatencyMarker } from '../network/latency-marker.ts';
import { BarrierAlignment } from './barrier-alignment.ts';
import type { BuiltTask } from './built-task.ts';
import { generateChain } from './chain-generator.ts';
import { interpretChain } from './chain-interpreter.ts';
import { type ChainPlan, planChain } from './chain-plan.ts';
import { ChainWalk } from './chain-walk.ts';
import type { CollectQueue } from './collect-queue.ts';
import type { ChainParts, CompiledChain } from './compiled-chain.ts';
import { type ControlElement, latencyElement, QUEUED_WATERMARK, statusElement, watermarkElement } from './control-element.ts';
import { declaredTypeOf, keyOf } from './declared-types.ts';
import { deepFreeze, EdgeCheck } from './edge-checks.ts';
import type { Flow } from './flow.ts';
import { withIngestionTime } from './ingestion-time.ts';
import { InputBuffers } from './input-buffers.ts';
import { InputGate } from './input-gate.ts';
import { openFeedbackGate, openIterationTail } from './iteration-ends.ts';
import { type LatencyTracking, trackLatency } from './latency-tracking.ts';
import { Mailbox } from './mailbox.ts';
import { memoryOf } from './memory-report.ts';
import { checkpointFiles } from './node/checkpoint-files.ts';
import { withOperatorFigures } from './operator-figures.ts';
import { OperatorServices } from './operator-services.ts';
import type { RecordOutput } from './record-output.ts';
import { SinkOperator } from './sink-operator.ts';
import { SourceInput } from './source-input.ts';
import { SourceWatermarks } from './source-watermarks.ts';
import { SplitTimes } from './split-times.ts';
import { Step } from './step.ts';
import { backlogBefore } from './overdraft-spills.ts';
import { openInputs, openOutputs, taskKeyOf } from './task-channels.ts';
import {
  checkpointRequestOf,
  createRegistries,
  memoryOfOperator,
  placeOf,
  statePortsOf,
  runtimeContextOf,
  settingsOf,
  subtaskPlaceOf,
  type TaskEnvironment,
  taskNameOf,
  vertexOf,
} from './task-environment.ts';
import type { TaskInput } from './task-input.ts';
import { TaskMetrics } from './task-metrics.ts';
import { TaskSchedule } from './task-schedule.ts';
import { TaskSnapshots } from './task-snapshots.ts';
import { Tasklet } from './tasklet.ts';
import { tellOfMisplacedReader } from './unread-sides.ts';
import { type GateInput, TwoInputGate } from './two-input-gate.ts';
import { locateError, locateUnlessNamed } from './user-code-error.ts';
import { writerContextOf } from './writer-context.ts';

export function buildTask(environment: TaskEnvironment): BuiltTask {
  return withOperatorFigures(new TaskBuilder(environment).build(), environment.ports);
}

class TaskBuilder {
  readonly #environment: TaskEnvironment;
  readonly #plan: ChainPlan;
  readonly #flow: Flow;
  readonly #mailbox: Mailbox;
  readonly #steps: readonly Step[];
  readonly #outputs: readonly RecordOutput[];
  readonly collects = new Map<string, CollectQueue>();
  readonly #checks = new Map<string, EdgeCheck>();
  readonly #schedule: TaskSchedule;
  readonly #metrics: TaskMetrics;
  readonly registries = createRegistries();
  /** In BATCH mode a watermark is made at the end of the input alone. */
  readonly #isBatch: boolean;
  #walk: ChainWalk | undefined = undefined;
  #input: TaskInput | undefined = undefined;
  #snapshots: TaskSnapshots | undefined = undefined;

  constructor(environment: TaskEnvironment) {
    const { job, deployed, bindings, channels } = environment;
    const { vertexId, subtask, attempt } = deployed.task;
    this.#environment = environment;
    this.#isBatch = job.jobGraph.configuration.isBatch === true;
    this.#plan = planChain(job.jobGraph, vertexId, withIngestionTime(bindings, environment.ports.clock));
    this.#flow = channels.flowOf(taskKeyOf(vertexId, subtask, attempt));
    this.#mailbox = new Mailbox(environment.wake);
    this.#schedule = new TaskSchedule(environment.ports.clock);
    this.#metrics = new TaskMetrics(deployed.metrics, environment.ports.clock.monotonic());
    this.#steps = this.#plan.steps.map((step) => new Step(step, this.#flow, backlogBefore(environment, step)));
    this.#outputs = openOutputs(environment, this.#plan, this.#flow);
  }

  build(): BuiltTask {
    const environment = this.#environment;
    const parts = this.#parts();
    const generate = (environment.ports.generateCode ?? true) && canGenerateCode();
    const compile = generate ? generateChain : interpretChain;
    const chain = compile(parts, environment.deployed.task.subtask);
    const latency = this.#trackLatency(() => tasklet.isReading);
    const walk = this.#createWalk(parts, latency);
    const snapshots = this.#createSnapshots(walk);
    const input = chain.splitOutput === undefined ? this.#gate(chain, snapshots) : this.#source(chain, snapshots);
    this.#input = input;
    const tasklet = new Tasklet({
      name: taskNameOf(environment),
      flow: this.#flow,
      mailbox: this.#mailbox,
      input,
      walk,
      snapshots,
      outputs: this.#outputs,
      buffers: new InputBuffers(input.readers ?? [], environment.job.jobGraph.configuration.bufferDebloat),
      metrics: this.#metrics,
    });
    return {
      tasklet,
      input,
      outputs: this.#outputs,
      steps: this.#steps,
      walk,
      snapshots,
      mailbox: this.#mailbox,
      schedule: this.#schedule,
      operatorAt: (place) => this.#placeOf(place),
      placeAtLine: (line) => chain.placeAtLine?.(line),
      latency,
      collects: this.collects,
      memory: () => this.#steps.map((step) => memoryOf(step, this.#placeOf(step.plan.index))),
      ...this.registries,
    };
  }

  #trackLatency(isReading: () => boolean): LatencyTracking | undefined {
    const send = (marker: LatencyMarker) => this.#fromInput(latencyElement(marker));
    return trackLatency(this.#environment, this.#plan.head, {
      schedule: this.#schedule,
      mailbox: this.#mailbox,
      metricGroups: this.registries.metricGroups,
      isReading,
      send,
    });
  }

  #createWalk(parts: ChainParts, latency: LatencyTracking | undefined): ChainWalk {
    this.#walk = new ChainWalk(parts, {
      snapshot: (step, barrier) => this.#snapshots?.reached(step, barrier),
      mark: ({ plan }, marker) => latency?.reached(plan, marker),
    });
    return this.#walk;
  }

  #parts(): ChainParts {
    return {
      plan: this.#plan,
      flow: this.#flow,
      steps: this.#steps,
      outputs: this.#outputs,
      freezeRecords: this.#environment.job.jobGraph.configuration.freezeRecords,
      hasIterations: this.#environment.job.jobGraph.vertices.some(({ coLocationGroup }) => coLocationGroup !== undefined),
      check: (step, tag) => this.#checkOf(step, tag),
      makeOperator: (step, main, sides) => this.#makeOperator(step, main, sides),
      makeTwoInputOperator: (step, main, sides) => this.#makeTwoInputOperator(step, main, sides),
      locate: (error, place, ...record) => this.#locate(error, place, record),
    };
  }

  /** The head keeps what the input does, whether it is an operator or not. */
  #createSnapshots(walk: ChainWalk): TaskSnapshots {
    const { ports, deployed, post } = this.#environment;
    const head = this.#steps[0] as Step;
    head.services ??= this.#servicesOf(head, this.#mailPorts(head));
    this.#snapshots = new TaskSnapshots({
      executionId: deployed.task.executionId,
      taskName: taskNameOf(this.#environment),
      head,
      operators: walk.operators,
      streams: (ports.checkpointFiles ?? checkpointFiles).streams,
      now: () => ports.clock.monotonic(),
      begun: ({ timestamp }, alignmentMs) => this.#metrics.barrierCame(ports.clock.now() - timestamp, alignmentMs),
      input: () => this.#input as TaskInput,
      walk: (element) => walk.fromInput(element),
      post,
      mail: (action) => this.#mailbox.put(action),
      locate: (error, step) => this.#locate(error, step.plan.index, []),
    });
    return this.#snapshots;
  }

  #alignment(channels: number, snapshots: TaskSnapshots): BarrierAlignment {
    const { ports, job } = this.#environment;
    return new BarrierAlignment({
      channels,
      mode: job.jobGraph.configuration.checkpointing?.mode ?? 'EXACTLY_ONCE',
      now: () => ports.clock.monotonic(),
      pass: (barrier, alignmentMs) => snapshots.begin(barrier, alignmentMs),
      abandon: (checkpointId, newerId) => snapshots.abandoned(checkpointId, newerId),
    });
  }

  #gate(chain: CompiledChain, snapshots: TaskSnapshots): TaskInput {
    const { head, secondHead } = chain;
    const control = (element: ControlElement) => this.#fromInput(element);
    const inputOf = (processRecord: (record: unknown) => void, index: 0 | 1): GateInput => ({
      readers: openInputs(this.#environment, this.#flow, index),
      handler: { processRecord },
    });
    const first = inputOf(head, 0);
    const common = { flow: this.#flow, control, place: subtaskPlaceOf(this.#environment) };
    const gateOfFirst = (to: (element: ControlElement) => void) =>
      new InputGate({ ...common, ...first, control: to, alignment: this.#alignment(first.readers.length, snapshots) });
    const { logic } = this.#plan.head;
    if (logic.kind === 'twoInput' && logic.iteration !== undefined && secondHead !== undefined) {
      const { operator } = this.#plan.head;
      const feedback = { processRecord: secondHead };
      return openFeedbackGate(this.#environment, {
        settings: logic.iteration,
        operator,
        gate: gateOfFirst,
        feedback,
        flow: this.#flow,
        control,
      });
    }
    if (secondHead === undefined) return gateOfFirst(control);
    const second = inputOf(secondHead, 1);
    const alignment = this.#alignment(first.readers.length + second.readers.length, snapshots);
    return new TwoInputGate({ ...common, inputs: [first, second], alignment });
  }

  #source(chain: CompiledChain, snapshots: TaskSnapshots): TaskInput {
    const environment = this.#environment;
    const { operator, logic } = this.#plan.head;
    if (logic.kind !== 'source' || chain.splitOutput === undefined) throw new Error('the head of a source task is no source');
    const outputs = new SourceWatermarks({
      flow: this.#flow,
      strategy: logic.strategy,
      settings: settingsOf(environment),
      outputClass: chain.splitOutput,
      sides: chain.sourceSides,
      ...(environment.ports.system === undefined ? {} : { splitTimes: new SplitTimes(() => environment.ports.clock.monotonic()) }),
      control: (element) => {
        if (!this.#isBatch || element.kind !== QUEUED_WATERMARK || element.value === MAX_WATERMARK) this.#fromInput(element);
      },
    });
    const { executionId } = environment.deployed.task;
    return new SourceInput({
      source: logic.source,
      runtime: runtimeContextOf(environment, this.registries, operator),
      clock: environment.ports.clock,
      flow: this.#flow,
      outputs,
      place: subtaskPlaceOf(this.#environment),
      checkpoint: (barrier) => snapshots.begin(barrier, 0),
      alignment: logic.strategy.describe().alignment,
      schedule: (delayMs, action) => this.#schedule.schedule(delayMs, () => this.#mailbox.put(action)),
      mail: (action) => this.#mailbox.put(action),
      send: (event) => environment.post({ type: 'operator-event', executionId, operatorId: operator.id, event }),
      locate: (error) => locateUnlessNamed(error, this.#placeOf(0)),
    });
  }

  #fromInput(element: ControlElement): void {
    this.#walk?.fromInput(element);
  }

  #makeOperator(step: Step, main: Output<unknown>, sides: ReadonlyMap<string, Output<unknown>>): OneInputOperator {
    const { logic } = step.plan;
    const context = this.#contextOf(step, main, sides);
    let operator: OneInputOperator;
    if (logic.kind === 'operator' && logic.iterationTail !== undefined)
      operator = openIterationTail(this.#environment, logic.iterationTail, step, context);
    else if (logic.kind === 'operator') operator = logic.create(context);
    else if (logic.kind === 'sink') {
      operator = new SinkOperator(logic.sink, context, writerContextOf(this.#environment, step.plan.operator, this), {
        locate: (error, record) => locateUnlessNamed(error, this.#placeOf(step.plan.index), record),
        emitsCommittables: logic.emitsCommittables === true,
      });
    } else throw new Error(`a step of kind ${logic.kind} has no operator`);
    step.operator = operator;
    return operator;
  }

  #makeTwoInputOperator(step: Step, main: Output<unknown>, sides: ReadonlyMap<string, Output<unknown>>): TwoInputOperator {
    const { logic } = step.plan;
    if (logic.kind !== 'twoInput') throw new Error(`a step of kind ${logic.kind} has no operator with two inputs`);
    const operator = logic.create(this.#contextOf(step, main, sides));
    step.operator = operator;
    return operator;
  }

  #contextOf(step: Step, main: Output<unknown>, sides: ReadonlyMap<string, Output<unknown>>): OperatorContext {
    const environment = this.#environment;
    const { index } = step.plan;
    const ports = this.#mailPorts(step);
    const services = this.#servicesOf(step, ports);
    return {
      flow: this.#flow,
      output: main,
      sideOutput: (tagId) => sides.get(tagId),
      unreadSideOutput: (tagId) => tellOfMisplacedReader(environment, step.plan.operator, tagId),
      runtime: runtimeContextOf(environment, this.registries, step.plan.operator),
      tables: services.tables,
      get keyedState() {
        return services.keyedState;
      },
      get operatorState() {
        return services.operatorState;
      },
      timers: (name, triggerable, namespaces) => services.timers(name, triggerable, namespaces),
      settings: settingsOf(environment),
      emitWatermark: (timestamp) => {
        if (!this.#isBatch || timestamp === MAX_WATERMARK) this.#walk?.behind(index, watermarkElement(timestamp));
      },
      memory: memoryOfOperator(environment, step.plan.operator),
      requestCheckpoint: checkpointRequestOf(environment),
      emitWatermarkStatus: (idle) => this.#walk?.behind(index, statusElement(idle)),
      ...ports,
      fail: (error) =>
        this.#mailbox.put(() => {
          throw locateUnlessNamed(error, this.#placeOf(index));
        }),
    };
  }

  /** How time and promises come back to an operator. What such an action throws names it. */
  #mailPorts(step: Step): Pick<OperatorContext, 'mail' | 'schedule' | 'currentProcessingTime'> {
    const { clock } = this.#environment.ports;
    const mail = (action: () => void) =>
      this.#mailbox.put(() => {
        if (this.#walk !== undefined) this.#walk.shown = step;
        try {
          action();
        } catch (error) {
          throw locateUnlessNamed(error, this.#placeOf(step.plan.index));
        }
      });
    return {
      mail,
      schedule: (delayMs, action) => this.#schedule.schedule(delayMs, () => mail(action)),
      currentProcessingTime: () => clock.now(),
    };
  }

  #servicesOf(step: Step, ports: Pick<OperatorContext, 'mail' | 'schedule' | 'currentProcessingTime'>): OperatorServices {
    const { maxParallelism, parallelism } = vertexOf(this.#environment);
    const { subtask } = this.#environment.deployed.task;
    const { stateBackend } = this.#environment.bindings; // checked where it was set
    const services = new OperatorServices({
      key: keyOf(step.plan.logic),
      flow: this.#flow,
      freeze: this.#environment.job.jobGraph.configuration.freezeRecords ? deepFreeze : undefined,
      ...ports,
      keyGroups: { ...keyGroupRangeOf(subtask, maxParallelism, parallelism), maxParallelism },
      ...statePortsOf(this.#environment, step.plan.operator),
      ...(stateBackend === undefined ? {} : { stateBackend: stateBackend as StateBackend }),
    });
    step.services = services;
    return services;
  }

  /** One count for all that a step emits on one output, or returns. By its declared type: chained steps have no codec that would. */
  #checkOf(step: Step, tag: string | undefined): EdgeCheck {
    const key = `${step.plan.index}:${tag ?? ''}`;
    const known = this.#checks.get(key);
    if (known !== undefined) return known;
    const check = new EdgeCheck(createCodec(declaredTypeOf(step, tag)));
    this.#checks.set(key, check);
    return check;
  }

  /** Errors of the engine's own sources and sinks name their file or system; whatever else failed is named by its operator. */
  #locate(error: unknown, place: number, record: readonly unknown[]): Error {
    const known = record.length === 0 ? undefined : { value: record[0] };
    const kind = this.#plan.steps[place]?.logic.kind;
    return (kind === 'sink' ? locateUnlessNamed : locateError)(error, this.#placeOf(place), known);
  }

  /** Steps first, then edges: a key selector belongs to the edge that it partitions. */
  #placeOf(place: number) {
    const step = this.#plan.steps[place];
    if (step !== undefined) return placeOf(this.#environment, step.operator.name, step.operator.uid);
    const edge = this.#plan.edges[place - this.#plan.steps.length];
    const source = this.#plan.steps[edge?.edge.sourceOperator ?? 0];
    const name = `${edge?.edge.partitioner ?? 'edge'} behind ${source?.operator.name ?? 'the task'}`;
    return placeOf(this.#environment, name, undefined);
  }
}

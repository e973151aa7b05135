/**
 * The chain as plain closures: the specification of what the generator writes, and what runs where `new Function` is forbidden.
 *
 * Every step is made after those that it feeds, so a step's function calls functions that exist.
 */
import { NO_TIMESTAMP } from '@millrace/streaming/contract/timestamp';
import type { PlannedOutput, PlannedStep } from './chain-plan.ts';
import { ChainOutput, type ChainParts, type CompiledChain } from './compiled-chain.ts';
import { deepFreeze, iteratorOf, refuseUndefined } from './edge-checks.ts';
import { channelChooser, EVERY_CHANNEL } from './partitioners.ts';
import type { RecordOutput } from './record-output.ts';
import { SplitOutput, type SplitOutputClass } from './split-output.ts';
import type { Step } from './step.ts';

type Push = (record: unknown) => void;

export function interpretChain(parts: ChainParts, subtask: number): CompiledChain {
  const pushes: Push[] = Array.from({ length: parts.steps.length });
  const interpreter = new ChainInterpreter(parts, subtask, pushes);
  for (let index = parts.steps.length - 1; index > 0; index--) pushes[index] = interpreter.stepPush(parts.steps[index] as Step);
  const headStep = parts.steps[0] as Step;
  const { kind } = parts.plan.head.logic;
  const noSource = { splitOutput: undefined, sourceSides: new Map() };
  if (kind === 'twoInput') return { ...interpreter.twoInputPushes(headStep), ...noSource };
  if (kind !== 'source') return { head: interpreter.stepPush(headStep), secondHead: undefined, ...noSource };
  const head = interpreter.outputPush(headStep, parts.plan.head.outputs[0] as PlannedOutput);
  const splitOutput = interpreter.splitOutput(head);
  return { head, secondHead: undefined, splitOutput, sourceSides: interpreter.sideOutputs(headStep) };
}

class ChainInterpreter {
  readonly #parts: ChainParts;
  readonly #subtask: number;
  readonly #pushes: readonly Push[];

  constructor(parts: ChainParts, subtask: number, pushes: readonly Push[]) {
    this.#parts = parts;
    this.#subtask = subtask;
    this.#pushes = pushes;
  }

  /** What a step does with a record that is fed to it. */
  stepPush(step: Step): Push {
    const { logic } = step.plan;
    switch (logic.kind) {
      case 'map':
        return this.#mapPush(step, logic.fn);
      case 'filter':
        return this.#filterPush(step, logic.fn);
      case 'flatMap':
        return this.#flatMapPush(step, logic.fn);
      case 'operator':
      case 'sink':
        return this.#operatorPush(step);
      case 'source':
        throw new Error('a source takes no records');
      case 'twoInput':
        throw new Error('an operator with two inputs is fed by the network only');
    }
  }

  /** What becomes of a record that a step emits on one of its outputs. */
  outputPush(step: Step, output: PlannedOutput, checks = true): Push {
    const { flow, freezeRecords } = this.#parts;
    const consumers = this.#consumersOf(output);
    const check = this.#parts.check(step, output.tag);
    return (record) => {
      const { timestamp } = flow;
      this.#located(step.plan.index, record, () => {
        if (checks && check.left > 0) check.record(record);
        if (freezeRecords) deepFreeze(record);
      });
      for (const consumer of consumers) {
        flow.timestamp = timestamp;
        consumer(record);
      }
      flow.timestamp = timestamp;
    };
  }

  sideOutputs(step: Step): ReadonlyMap<string, ChainOutput> {
    const sides = new Map<string, ChainOutput>();
    for (const output of step.plan.outputs) {
      if (output.tag !== undefined) sides.set(output.tag, new ChainOutput(this.outputPush(step, output)));
    }
    return sides;
  }

  splitOutput(head: Push): SplitOutputClass {
    const { flow } = this.#parts;
    const locate = (record: unknown, action: () => void) => this.#located(0, record, action);
    return class InterpretedSplitOutput extends SplitOutput {
      readonly #assigner: (record: unknown, timestamp: number) => number;

      constructor(...[host, splitId]: ConstructorParameters<SplitOutputClass>) {
        super(host, splitId);
        this.#assigner = host.strategy.createTimestampAssigner();
      }

      collect(record: unknown, timestamp?: number): void {
        if (this.isIdle) this.markActive();
        const given = timestamp ?? NO_TIMESTAMP;
        let assigned = given;
        locate(record, () => {
          assigned = this.#assigner(record, given);
          this.checkTimestamp(assigned, given);
        });
        flow.timestamp = assigned;
        if (assigned > this.greatest) this.greatest = assigned;
        head(record);
        locate(record, () => {
          this.generator?.onEvent(record, assigned, this);
          this.records += 1;
          if (this.records === this.everyRecords) this.endPeriod();
        });
      }
    };
  }

  #mapPush(step: Step, fn: (value: unknown) => unknown): Push {
    const check = this.#parts.check(step, undefined);
    const push = this.outputPush(step, step.plan.outputs[0] as PlannedOutput, false);
    return (record) => {
      let result: unknown;
      this.#located(step.plan.index, record, () => {
        result = fn(record);
        if (result === undefined) refuseUndefined();
        if (check.left > 0) check.record(result);
      });
      push(result);
    };
  }

  #filterPush(step: Step, fn: (value: unknown) => unknown): Push {
    const check = this.#parts.check(step, undefined);
    const push = this.outputPush(step, step.plan.outputs[0] as PlannedOutput, false);
    return (record) => {
      let kept: unknown;
      this.#located(step.plan.index, record, () => {
        kept = fn(record);
        if (check.left > 0) check.predicate(kept);
      });
      if (kept) push(record);
    };
  }

  #flatMapPush(step: Step, fn: (value: unknown) => unknown): Push {
    const push = this.outputPush(step, step.plan.outputs[0] as PlannedOutput);
    const { flow } = this.#parts;
    step.resumeItems = () => {
      const { items, iterator, nextItem, itemsOf } = step;
      step.items = undefined;
      step.iterator = undefined;
      flow.timestamp = step.itemsTimestamp;
      this.#located(step.plan.index, itemsOf, () => {
        if (items !== undefined) this.#emitArray(step, items, nextItem, push);
        else if (iterator !== undefined) this.#emitIterator(step, iterator, push);
      });
      return !step.hasSuspendedItems;
    };
    step.enter = (record) => {
      step.itemsOf = record;
      this.#located(step.plan.index, record, () => {
        const items = fn(record);
        if (Array.isArray(items)) {
          this.#emitArray(step, items, 0, push);
          return;
        }
        const iterator = iteratorOf(items);
        if (iterator !== undefined) this.#emitIterator(step, iterator, push);
      });
    };
    return (record) => (step.waiting ? step.add(record, flow.timestamp) : step.enter(record));
  }

  #emitArray(step: Step, items: readonly unknown[], from: number, push: Push): void {
    const { flow } = this.#parts;
    for (let item = from; item < items.length; item++) {
      push(items[item]);
      if (flow.blocked !== 0 && item + 1 < items.length) {
        step.suspendArray(items, item + 1, step.itemsOf, flow.timestamp);
        return;
      }
    }
  }

  #emitIterator(step: Step, iterator: Iterator<unknown>, push: Push): void {
    const { flow } = this.#parts;
    for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
      push(next.value);
      if (flow.blocked !== 0) {
        step.suspendIterator(iterator, step.itemsOf, flow.timestamp);
        return;
      }
    }
  }

  twoInputPushes(step: Step): { readonly head: Push; readonly secondHead: Push } {
    const sides = this.sideOutputs(step);
    const main = new ChainOutput(this.outputPush(step, step.plan.outputs[0] as PlannedOutput));
    const operator = this.#parts.makeTwoInputOperator(step, main, sides);
    const { flow } = this.#parts;
    step.enter = (record) => this.#located(step.plan.index, record, () => operator.processElement1(record));
    step.enterSecond = (record) => this.#located(step.plan.index, record, () => operator.processElement2(record));
    return {
      head: (record) => (step.waiting ? step.add(record, flow.timestamp) : step.enter(record)),
      secondHead: (record) => (step.waiting ? step.addSecond(record, flow.timestamp) : step.enterSecond(record)),
    };
  }

  #operatorPush(step: Step): Push {
    const sides = this.sideOutputs(step);
    const main = new ChainOutput(this.outputPush(step, step.plan.outputs[0] as PlannedOutput));
    const operator = this.#parts.makeOperator(step, main, sides);
    const { flow } = this.#parts;
    step.enter = (record) => this.#located(step.plan.index, record, () => operator.processElement(record));
    const refuses = () => step.waiting || (flow.blocked !== 0 && step.refuses());
    return (record) => (refuses() ? step.add(record, flow.timestamp) : step.enter(record));
  }

  #consumersOf(output: PlannedOutput): Push[] {
    const steps = output.steps.map((step: PlannedStep) => this.#pushes[step.index] as Push);
    return [...steps, ...output.edges.map((edge) => this.#edgePush(this.#parts.outputs[edge.index] as RecordOutput))];
  }

  #edgePush(output: RecordOutput): Push {
    const choose = channelChooser(output, this.#subtask);
    const { flow, steps } = this.#parts;
    return (record) => {
      let channel = 0;
      this.#located(steps.length + output.plan.index, record, () => {
        channel = choose(record);
      });
      output.records += 1;
      if (channel === EVERY_CHANNEL) for (const writer of output.writers) writer.write(record, flow.timestamp);
      else output.writers[channel]?.write(record, flow.timestamp);
    };
  }

  #located(place: number, record: unknown, action: () => void): void {
    try {
      action();
    } catch (error) {
      throw this.#parts.locate(error, place, record);
    }
  }
}

/**
 * All records of a subtask as one window, evaluated once, at the end of a bounded input. Flink: "Full Window Partition Processing". What it keeps is in operator state.
 *
 * PW1 everything is emitted when the last watermark comes and before it goes on, with the last timestamp there is, as from a global window.
 * PW2 records are kept in memory, in the order in which they came; a reduce or an aggregate keeps one value.
 */
import type { TypeInformation } from '@millrace/core/types/type-information';
import { createCodec } from '@millrace/core/types/codec';
import { SHAPE } from '@millrace/core/types/descriptions';
import { UsageError } from '@millrace/core/base/errors';
import type { AggregateFunction } from '../contract/functions.ts';
import type { ListState } from '../contract/keyed-state.ts';
import type { OneInputOperator, OperatorContext, OperatorLogic } from '../contract/operator.ts';
import { ListStateDescriptor } from '../contract/state-descriptor.ts';
import { MAX_TIMESTAMP, MAX_WATERMARK } from '../contract/timestamp.ts';
import { IterableEmitter } from './iterable-emitter.ts';
import { SortPartitionOperator } from './sort-partition-operator.ts';

export type PartitionEvaluation =
  /** `where` is the call, for messages. */
  | {
      readonly kind: 'elements';
      readonly fn: (elements: Iterable<unknown>) => unknown;
      readonly where: string;
      readonly type: TypeInformation<unknown> | undefined;
    }
  | {
      readonly kind: 'sort';
      readonly fn: (elements: Iterable<unknown>) => unknown;
      readonly compare: (a: unknown, b: unknown) => number;
      readonly where: string;
      readonly type: TypeInformation<unknown> | undefined;
    }
  | { readonly kind: 'reduce'; readonly fn: (a: unknown, b: unknown) => unknown; readonly type: TypeInformation<unknown> | undefined }
  | { readonly kind: 'aggregate'; readonly fn: AggregateFunction<unknown, unknown, unknown> };

export function partitionWindowOperator(evaluation: PartitionEvaluation): OperatorLogic {
  return {
    kind: 'operator',
    create: (context) =>
      evaluation.kind === 'sort' && context.requestCheckpoint === undefined
        ? new SortPartitionOperator(context, evaluation.type, evaluation.compare)
        : new PartitionWindowOperator(context, contentsOf(evaluation, context)),
  };
}

interface PartitionContents {
  readonly where: string;
  add(record: unknown): void;
  /** What is emitted. */
  result(): unknown;
  clear(): void;
  /** A snapshot has what is stored now: it must not be changed any more. */
  freeze?(): void;
}

class PartitionWindowOperator implements OneInputOperator {
  readonly #context: OperatorContext;
  readonly #contents: PartitionContents;
  readonly #emitter: IterableEmitter;

  constructor(context: OperatorContext, contents: PartitionContents) {
    this.#context = context;
    this.#contents = contents;
    this.#emitter = new IterableEmitter(context.flow, context.output, contents.where);
  }

  processElement(record: unknown): void {
    this.#contents.add(record);
  }

  processWatermark(timestamp: number): boolean {
    if (timestamp !== MAX_WATERMARK) return true;
    this.#context.flow.timestamp = MAX_TIMESTAMP;
    this.#emitter.emit(this.#contents.result());
    this.#contents.clear();
    return !this.#emitter.isSuspended;
  }

  resume(): boolean {
    return this.#emitter.resume();
  }

  snapshotState(): void {
    this.#contents.freeze?.();
  }

  close(): void {
    this.#emitter.close();
  }
}

function contentsOf(evaluation: PartitionEvaluation, { operatorState }: OperatorContext): PartitionContents {
  if (evaluation.kind === 'elements' || evaluation.kind === 'sort') {
    const state = operatorState.getListState(new ListStateDescriptor<unknown>('partition-elements', evaluation.type));
    const { fn, where } = evaluation;
    return { where, add: (record) => state.add(record), result: () => fn(state.get()), clear: () => state.clear() };
  }
  const type = evaluation.kind === 'reduce' ? evaluation.type : undefined;
  const state = operatorState.getListState(new ListStateDescriptor<unknown>('partition-accumulator', type));
  return evaluation.kind === 'reduce' ? reducing(evaluation.fn, state) : aggregating(evaluation.fn, state);
}

/** One value, which is undefined before the first record. Of several, as a rescaled job may be given, the reduced one. */
function reducing(fn: (a: unknown, b: unknown) => unknown, state: ListState<unknown>): PartitionContents {
  const add = (record: unknown) => {
    const [stored, ...others] = state.get();
    const result = stored === undefined ? record : fn(others.reduce(fn, stored), record);
    if (result === undefined || result instanceof Promise) throw refused('reduce', result);
    state.update([result]);
  };
  return { where: 'reduce of a full window', add, result: () => state.get(), clear: () => state.clear() };
}

function aggregating(fn: AggregateFunction<unknown, unknown, unknown>, state: ListState<unknown>): PartitionContents {
  const codec = createCodec(SHAPE);
  let isFrozen = false;
  const add = (record: unknown) => {
    const [stored = fn.createAccumulator(), ...others] = state.get();
    const before = isFrozen ? codec.copy(stored) : stored; // `add` may change it
    isFrozen = false;
    const accumulator = fn.add(record, before);
    if (accumulator === undefined || accumulator instanceof Promise) throw refused('add of an aggregate function', accumulator);
    state.update([accumulator, ...others]);
  };
  const result = () => [...state.get()].map((accumulator) => fn.getResult(accumulator));
  const freeze = () => {
    isFrozen = true;
  };
  return { where: 'aggregate of a full window', add, result, clear: () => state.clear(), freeze };
}

function refused(call: string, result: unknown): UsageError {
  return new UsageError(`${call} returned ${result === undefined ? 'undefined' : 'a promise'} in a full window. Return the result itself.`);
}

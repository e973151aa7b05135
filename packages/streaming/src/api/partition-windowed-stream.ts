import { UsageError } from '@millrace/core/base/errors';
import type { TypeInformation } from '@millrace/core/types/type-information';
import type { Emittable } from '../contract/emittable.ts';
import type { AggregateFunction } from '../contract/functions.ts';
import type { TransformationId } from '../graph/transformation.ts';
import { compareValues } from '../operators/field-aggregation.ts';
import { type PartitionEvaluation, partitionWindowOperator } from '../operators/partition-window-operator.ts';
import { GlobalWindows } from '../window/global-windows.ts';
import { checkFunction, checkPlainFunction, show } from './function-checks.ts';
import type { SingleOutputStreamOperator } from './single-output-stream-operator.ts';
import type { StreamScope, WindowedInput } from './stream-scope.ts';
import type { Comparable, FieldOf } from './stream-types.ts';
import { checkAggregate, WindowDefinition } from './window-definition.ts';

export type Order = 'ASCENDING' | 'DESCENDING';
export const Order: { readonly [O in Order]: O } = { ASCENDING: 'ASCENDING', DESCENDING: 'DESCENDING' };

/** Adds the operator of one call, with the name of that call. */
export type PartitionWindows = <R>(name: string, evaluation: PartitionEvaluation) => SingleOutputStreamOperator<R>;

/**
 * All records of a partition as one window, evaluated once, at the end of a bounded input: of a subtask, or on a keyed stream of a key. Where the input has no end, nothing
 * is ever emitted, and a warning says so when the job is submitted. The records of a partition are kept in memory, but for `reduce` and `aggregate`, and for
 * `sortPartition` without a key in a job that takes no checkpoints, which sorts more than there is memory for.
 */
export class PartitionWindowedStream<out T> {
  readonly #windows: PartitionWindows;
  readonly #type: TypeInformation<unknown> | undefined;
  /** For the compiler only. */
  declare protected readonly holds: T;

  /** Internal: made by `fullWindowPartition`. */
  constructor(windows: PartitionWindows, type: TypeInformation<unknown> | undefined) {
    this.#windows = windows;
    this.#type = type;
  }

  /** Emits what the iterable yields that the function makes of all records, one by one and lazily. Without a key it is called in every subtask, also of none. */
  mapPartition<R extends Emittable>(fn: (elements: Iterable<T>) => Iterable<R> & object): SingleOutputStreamOperator<R> {
    checkFunction(fn, 'mapPartition', 'a function from all records of a partition to an iterable of records');
    return this.#elements('MapPartition', 'mapPartition', fn as (elements: Iterable<unknown>) => unknown);
  }

  /**
   * Emits the records of each partition in order: of a field, of what a function takes from a record, or as `compare` says, as for `Array.sort`. Equal ones keep the
   * order in which they came.
   *
   * ```ts
   * scores.fullWindowPartition().sortPartition('points', 'DESCENDING');
   * ```
   */
  sortPartition(compare: (a: T, b: T) => number): SingleOutputStreamOperator<T>;
  sortPartition(selector: (value: T) => Comparable, order: Order): SingleOutputStreamOperator<T>;
  sortPartition<F extends FieldOf<T, Comparable>>(field: F, order: Order): SingleOutputStreamOperator<T>;
  sortPartition(by: unknown, order?: Order): SingleOutputStreamOperator<T> {
    const compare = comparison(by, order);
    const sorted = (elements: Iterable<unknown>) => [...elements].sort(compare);
    return this.#windows('SortPartition', { kind: 'sort', fn: sorted, compare, where: 'sortPartition', type: this.#type });
  }

  /** One record for each partition that has any, reduced from all of them. */
  reduce(reducer: (a: T, b: T) => T): SingleOutputStreamOperator<T> {
    checkPlainFunction(reducer, 'reduce', 'a function from two records to one');
    return this.#windows('PartitionReduce', { kind: 'reduce', fn: reducer as (a: unknown, b: unknown) => unknown, type: this.#type });
  }

  /** One record for each partition that has any: the result of an accumulator that takes its records one by one. */
  aggregate<ACC extends Emittable, R extends Emittable>(aggregate: AggregateFunction<T, ACC, R>): SingleOutputStreamOperator<R> {
    checkAggregate(aggregate);
    return this.#windows('PartitionAggregate', { kind: 'aggregate', fn: aggregate as AggregateFunction<unknown, unknown, unknown> });
  }

  #elements<R>(name: string, where: string, fn: (elements: Iterable<unknown>) => unknown): SingleOutputStreamOperator<R> {
    return this.#windows(name, { kind: 'elements', fn, where, type: this.#type });
  }
}

/** Without a key: the records of each subtask. */
export function partitionWindows<T>(scope: StreamScope, input: TransformationId): PartitionWindowedStream<T> {
  const type = scope.program.typeOf(input) as TypeInformation<unknown> | undefined;
  return new PartitionWindowedStream(<R>(name: string, evaluation: PartitionEvaluation) => {
    const keepsRecords = name === 'SortPartition' || evaluation.kind === 'reduce';
    const operator = {
      operation: 'Partition Window',
      name,
      logic: partitionWindowOperator(evaluation),
      outputOnlyAfterEndOfStream: true,
    } as const;
    return scope.streams.operator<R>(scope, scope.program.addOperator({ ...operator, type: keepsRecords ? type : undefined, input }));
  }, type);
}

/** The records of each key: a global window that fires at the end. */
export function keyedPartitionWindows<T, K>(input: WindowedInput<T, K>): PartitionWindowedStream<T> {
  const type = input.scope.program.typeOf(input.id) as TypeInformation<unknown> | undefined;
  return new PartitionWindowedStream(<R>(name: string, evaluation: PartitionEvaluation) => {
    const window = new WindowDefinition(input, GlobalWindows.createWithEndOfStreamTrigger(), false);
    return added<R>(window, evaluation).name(name);
  }, type);
}

function added<R>(window: WindowDefinition, evaluation: PartitionEvaluation): SingleOutputStreamOperator<R> {
  if (evaluation.kind === 'reduce') return window.reduced(evaluation.fn, undefined);
  if (evaluation.kind === 'aggregate') return window.aggregated(evaluation.fn, undefined);
  const { fn } = evaluation;
  return window.collected(() => ({ flat: (_key, _window, elements) => fn(elements as Iterable<unknown>) as Iterable<unknown> }));
}

function comparison(by: unknown, order: Order | undefined): (a: unknown, b: unknown) => number {
  if (order === undefined) {
    if (typeof by === 'string')
      throw new UsageError(`sortPartition got the field '${by}' without an order. Give it 'ASCENDING' or 'DESCENDING' as well.`);
    checkPlainFunction(by, 'sortPartition', 'a function that compares two records, or a field or a selector and an order');
    return by as (a: unknown, b: unknown) => number;
  }
  if (order !== 'ASCENDING' && order !== 'DESCENDING') {
    throw new UsageError(`sortPartition got ${show(order)} as its order. Give it 'ASCENDING' or 'DESCENDING'.`);
  }
  const selector = selectorOf(by);
  const aggregation = { name: 'sortPartition', field: typeof by === 'string' ? by : undefined };
  const sign = order === 'ASCENDING' ? 1 : -1;
  return (a, b) => sign * compareValues(selector(a), selector(b), aggregation);
}

function selectorOf(by: unknown): (record: unknown) => unknown {
  if (typeof by === 'string' && by !== '') return (record) => (record as Readonly<Record<string, unknown>>)[by];
  checkPlainFunction(by, 'sortPartition', 'the name of a field, or a function from a record to what it is sorted by');
  return by as (record: unknown) => unknown;
}

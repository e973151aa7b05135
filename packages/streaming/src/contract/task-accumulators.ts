/**
 * The accumulators of one task, by operator and name: what its functions have registered.
 *
 * Owned by the task, which reports their values; filled through the runtime context of each operator.
 * A1 one name means one type in all operators of a task, and one object in each: whatever else is refused where it is registered. Between tasks the JobMaster sees to it.
 */
import { UsageError } from '@millrace/core/base/errors';
import { type AccumulatorValue, type AccumulatorValues, isSameAccumulator, mergeAccumulators } from './accumulator-values.ts';
import { type AnyAccumulator, accumulatorValue, DoubleCounter, Histogram, IntCounter, LongCounter } from './accumulators.ts';
import type { AccumulatorRegistry } from './functions.ts';

interface Registered {
  readonly operator: string;
  readonly name: string;
  readonly accumulator: AnyAccumulator;
}

export class TaskAccumulators {
  readonly #registered: Registered[] = [];

  /** What the functions of one operator see. */
  of(operator: string): AccumulatorRegistry {
    const getOrAdd = <A extends AnyAccumulator>(call: string, name: string, make: new () => A): A => {
      const known = this.#find(operator, name)?.accumulator;
      if (known instanceof make) return known;
      if (known !== undefined) {
        throw new UsageError(
          `${call}('${name}') found a ${typeOf(known)} of that name in '${operator}'. Give each accumulator a name of its own.`,
        );
      }
      const made = new make();
      this.#add({ operator, name, accumulator: made });
      return made;
    };
    return {
      addAccumulator: (name, accumulator) => this.#add({ operator, name, accumulator }),
      getAccumulator: (name) => this.#find(operator, name)?.accumulator,
      getIntCounter: (name) => getOrAdd('getIntCounter', name, IntCounter),
      getLongCounter: (name) => getOrAdd('getLongCounter', name, LongCounter),
      getDoubleCounter: (name) => getOrAdd('getDoubleCounter', name, DoubleCounter),
      getHistogram: (name) => getOrAdd('getHistogram', name, Histogram),
    };
  }

  /** What they hold now, those of one name merged; undefined where there are none. */
  values(): AccumulatorValues | undefined {
    if (this.#registered.length === 0) return undefined;
    const values: Record<string, AccumulatorValue> = {};
    for (const { name, accumulator } of this.#registered) {
      const value = accumulatorValue(accumulator);
      const before = values[name];
      values[name] = before === undefined ? value : mergeAccumulators(before, value);
    }
    return values;
  }

  #find(operator: string, name: string): Registered | undefined {
    return this.#registered.find((each) => each.operator === operator && each.name === name);
  }

  #add(added: Registered): void {
    check(added);
    const { operator, name, accumulator } = added;
    for (const known of this.#registered) {
      if (known.name !== name) continue;
      if (!isSameAccumulator(accumulatorValue(known.accumulator), accumulatorValue(accumulator))) throw wrongType(known, added);
      if (known.operator !== operator) continue;
      if (known.accumulator === accumulator) return;
      throw new UsageError(
        `addAccumulator of '${operator}' got a second accumulator named '${name}'. Give each a name of its own, or take the first by getAccumulator('${name}').`,
      );
    }
    this.#registered.push(added);
  }
}

function check({ operator, name, accumulator }: Registered): void {
  if (typeof name !== 'string' || name === '') {
    throw new UsageError(`addAccumulator of '${operator}' got ${name === '' ? 'an empty text' : String(name)} as its name. Name it.`);
  }
  const methods = accumulator as unknown as Partial<Record<'add' | 'getLocalValue' | 'merge', unknown>> | null | undefined;
  for (const method of ['add', 'getLocalValue', 'merge'] as const) {
    if (typeof methods?.[method] === 'function') continue;
    throw new UsageError(
      `addAccumulator('${name}') of '${operator}' got what has no ${method}. Give it an accumulator, for example new IntCounter().`,
    );
  }
}

function typeOf(accumulator: AnyAccumulator): string {
  return accumulatorValue(accumulator).type;
}

function wrongType(known: Registered, added: Registered): UsageError {
  return new UsageError(
    `Accumulator '${added.name}' is a ${typeOf(known.accumulator)} in '${known.operator}' and a ${typeOf(added.accumulator)} in '${added.operator}': ` +
      'accumulators of different types cannot be merged. Give each a name of its own, or one type.',
    { reason: 'accumulator-type' },
  );
}

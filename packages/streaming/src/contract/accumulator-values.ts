/**
 * What accumulators are while they travel: plain data with the name of their type, merged by it without the code of the job. Subtasks report them, the JobMaster merges
 * them, clients read the results.
 */
export interface AccumulatorValue {
  /** `IntCounter`; of an accumulator of the user's own, the name of its class. */
  readonly type: string;
  readonly value: unknown;
  /** Of the user's own: `value` is the list of the local values of all subtasks, for only the program knows how to merge them. */
  readonly isCustom?: true;
}

/** By name. */
export type AccumulatorValues = Readonly<Record<string, AccumulatorValue>>;

export interface AverageValue {
  readonly sum: number;
  readonly count: number;
}

interface AccumulatorKind {
  merge(a: unknown, b: unknown): unknown;
  /** What users see of a value. */
  resultOf(value: unknown): unknown;
}

const same = (value: unknown): unknown => value;
const sum: AccumulatorKind = { merge: (a, b) => (a as number) + (b as number), resultOf: same };
const maximum: AccumulatorKind = { merge: (a, b) => extreme(a, b, Math.max), resultOf: same };
const minimum: AccumulatorKind = { merge: (a, b) => extreme(a, b, Math.min), resultOf: same };

const KINDS = {
  IntCounter: sum,
  LongCounter: sum,
  DoubleCounter: sum,
  IntMaximum: maximum,
  LongMaximum: maximum,
  DoubleMaximum: maximum,
  IntMinimum: minimum,
  LongMinimum: minimum,
  DoubleMinimum: minimum,
  AverageAccumulator: {
    merge: (a, b) => mergeAverages(a as AverageValue, b as AverageValue),
    resultOf: (value) => averageOf(value as AverageValue),
  },
  /** A list of values and how often each came. */
  Histogram: {
    merge: (a, b) => mergeCounts(a as Counts, b as Counts),
    resultOf: (value) => new Map([...(value as Counts)].sort(([one], [other]) => one - other)),
  },
  ListAccumulator: { merge: (a, b) => [...(a as unknown[]), ...(b as unknown[])], resultOf: (value) => [...(value as unknown[])] },
} satisfies Record<string, AccumulatorKind>;

export type AccumulatorType = keyof typeof KINDS;
type Counts = readonly (readonly [value: number, count: number])[];

/** Of equal types; the caller has checked that. */
export function mergeAccumulators(a: AccumulatorValue, b: AccumulatorValue): AccumulatorValue {
  if (a.isCustom) return { ...a, value: [...(a.value as unknown[]), ...(b.value as unknown[])] };
  return { type: a.type, value: KINDS[a.type as AccumulatorType].merge(a.value, b.value) };
}

/** What `getAccumulatorResult` gives. */
export function accumulatorResult({ type, value, isCustom }: AccumulatorValue): unknown {
  return isCustom ? value : KINDS[type as AccumulatorType].resultOf(value);
}

/** Whether two may be merged; an own class that is called like one of these is another type. */
export function isSameAccumulator(a: AccumulatorValue, b: AccumulatorValue): boolean {
  return a.type === b.type && a.isCustom === b.isCustom;
}

/** Nothing was added where it is undefined. */
function extreme(a: unknown, b: unknown, choose: (a: number, b: number) => number): unknown {
  if (a === undefined || b === undefined) return a ?? b;
  return choose(a as number, b as number);
}

function averageOf({ sum: total, count }: AverageValue): number {
  return count === 0 ? 0 : total / count;
}

function mergeAverages(a: AverageValue, b: AverageValue): AverageValue {
  return { sum: a.sum + b.sum, count: a.count + b.count };
}

function mergeCounts(a: Counts, b: Counts): Counts {
  const counts = new Map(a);
  for (const [value, count] of b) counts.set(value, (counts.get(value) ?? 0) + count);
  return [...counts];
}

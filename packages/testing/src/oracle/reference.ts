/**
 * What a random program must emit, computed the plainest way: every stream is one list of records and watermarks, made from the lists of its inputs, from the beginning
 * each time. No tasks, no channels, no state. For reading, not for speed.
 */
import { MAX_WATERMARK } from '@millrace/streaming/contract/timestamp';
import { type Firing, ReferenceWindows } from '@millrace/streaming/operators/reference-windows';
import { aggregated, answers, copiesOf, isKept, mapped, marked, SHIFT_MS } from './operations.ts';
import type { NodePlan, OracleProgram, OracleRecord, SimplePlan, SourcePlan, TwoInputPlan, WindowPlan } from './program.ts';
import { slow } from './reference-async.ts';
import { countWindow, generalWindow } from './reference-general.ts';
import { intervalJoin, windowsOfTwo } from './reference-joins.ts';
import {
  type Element,
  eachRecord,
  lineOf,
  NO_PHASE,
  NONE,
  recordsOf,
  type ReferenceClock,
  type Stream,
  type Timed,
  union,
} from './reference-streams.ts';
import { bucketsOfMany, rules, timers } from './reference-timers.ts';
import { traitsOf } from './traits.ts';

export interface Moment {
  /** How many phases are over. */
  readonly phases: number;
  /** … and all sources have ended. */
  readonly ended: boolean;
}

/** The sorted lines of every sink. */
export function expectedLines(program: OracleProgram, moment: Moment, parallelism: number): readonly (readonly string[])[] {
  const streams = new ReferenceProgram(program, moment, parallelism).streams();
  const traits = traitsOf(program);
  return program.sinks.map((sink) => {
    const lines = recordsOf(streams[sink] as Stream).map(({ record, at }) =>
      lineOf(record, traits[sink]?.timestampsKnown === true ? at : undefined),
    );
    return lines.sort();
  });
}

class ReferenceProgram {
  readonly #program: OracleProgram;
  readonly #parallelism: number;
  readonly #clock: ReferenceClock;
  readonly #streams: Stream[];
  /** Late records and other side outputs, by the stream that has them. */
  readonly #sides = new Map<number, Stream>();

  constructor(program: OracleProgram, { phases, ended }: Moment, parallelism: number) {
    this.#program = program;
    this.#parallelism = parallelism;
    this.#clock = {
      phase: phases - 1,
      timeOf: (phase) => phase * program.advanceMs,
      now: Math.max(0, phases - 1) * program.advanceMs,
    };
    this.#streams = program.sources.map((source) => sourceStream(source, phases, ended));
  }

  streams(): readonly Stream[] {
    for (const node of this.#program.nodes) this.#streams.push(this.#streamOf(node));
    return this.#streams;
  }

  #streamOf(node: NodePlan): Stream {
    if (node.op === 'union') return union(node.inputs.map((input) => this.#streams[input] as Stream));
    if (node.op === 'late' || node.op === 'side') return this.#sides.get(node.input) as Stream;
    if (node.op === 'many')
      return bucketsOfMany(
        node,
        node.inputs.map((input) => this.#streams[input] as Stream),
      );
    if ('inputs' in node) return this.#ofTwo(node, this.#streams[node.inputs[0]] as Stream, this.#streams[node.inputs[1]] as Stream);
    const input = this.#streams[node.input] as Stream;
    switch (node.op) {
      case 'window': {
        const { fired, late } = windowed(node, input);
        return this.#with(fired, late);
      }
      case 'general': {
        const { fired, late } = generalWindow(node, input, this.#clock);
        return this.#with(fired, late);
      }
      case 'slow':
        return slow(node, input, this.#clock);
      case 'timers': {
        const { main, side } = timers(node, input, this.#clock);
        return this.#with(main, side);
      }
      case 'process': {
        const repeated = this.#repeated(node, input);
        const divides = ({ v }: OracleRecord) => v % node.modulus === 0;
        const side = eachRecord(repeated, (record) => (divides(record) ? [record] : []));
        return this.#with(
          eachRecord(repeated, (record) => (divides(record) ? [] : [record])),
          side,
        );
      }
      default:
        return simple(node, this.#repeated(node, input), this.#program.autoWatermarkRecords);
    }
  }

  #with(main: Stream, side: Stream): Stream {
    this.#sides.set(this.#streams.length, side);
    return main;
  }

  /** Behind a broadcast, every subtask has every record. */
  #repeated(node: SimplePlan, input: Stream): Stream {
    const copies = node.partitioning === 'broadcast' ? (node.parallelism ?? this.#parallelism) : 1;
    return eachRecord(input, (record) => Array.from({ length: copies }, () => record));
  }

  #ofTwo(node: TwoInputPlan, first: Stream, second: Stream): Stream {
    switch (node.op) {
      case 'coMap': {
        const one = (stream: Stream, input: number, copies: number) =>
          eachRecord(stream, (record) => (node.flat ? copiesOf(marked(record, input), copies) : [marked(record, input)]));
        return union([one(first, 0, 2), one(second, 1, 3)]);
      }
      case 'coTimers':
        return bucketsOfMany(node, [first, second]);
      case 'rules':
        return rules(first, second, node.parallelism ?? this.#parallelism);
      case 'intervalJoin':
        return intervalJoin(node, first, second);
      case 'windowJoin':
      case 'coGroup':
        return windowsOfTwo(node, first, second);
    }
  }
}

function sourceStream({ phases }: SourcePlan, count: number, ended: boolean): Stream {
  const elements: Element[] = [];
  let idle = false;
  for (const [phase, steps] of phases.slice(0, count).entries()) {
    for (const step of steps) {
      idle = step.kind === 'idle';
      if (step.kind === 'record') elements.push({ record: step.record, at: step.at, phase });
      else if (step.kind === 'watermark') elements.push({ watermark: step.at });
    }
  }
  if (ended) elements.push({ watermark: MAX_WATERMARK });
  return { elements, idle: idle && !ended };
}

function simple(node: Exclude<SimplePlan, { op: 'process' | 'slow' }>, stream: Stream, autoWatermarkRecords: number): Stream {
  switch (node.op) {
    case 'map':
      return eachRecord(stream, (record) => [mapped(record, node.factor, node.keys, node.plus)]);
    case 'filter':
      return eachRecord(stream, (record) => (isKept(record, node.modulus, node.remainder) ? [record] : []));
    case 'flatMap':
      return eachRecord(stream, (record) => copiesOf(record, node.copies));
    case 'rolling':
      return rolling(stream, node.aggregate);
    case 'timestamps':
      return reassigned(stream, node.outOfOrdernessMs, autoWatermarkRecords);
    case 'async':
      return eachRecord(stream, (record) => answers(record, node.many));
    case 'countWindow':
      return countWindow(node, stream);
  }
}

/** Everything of the key so far, aggregated anew for each record. */
function rolling(stream: Stream, aggregate: 'count' | 'sum' | 'max' | 'reduce'): Stream {
  const values = new Map<number, number[]>();
  return eachRecord(stream, ({ k, v }) => {
    values.set(k, [...(values.get(k) ?? []), v]);
    return [{ k, v: aggregated(aggregate, values.get(k) as number[]) }];
  });
}

/** The timestamps move; watermarks come after every so many records, those of the input are dropped, but for the last. */
function reassigned({ elements, idle }: Stream, outOfOrdernessMs: number, everyRecords: number): Stream {
  const made: Element[] = [];
  let greatest = NONE;
  let records = 0;
  for (const element of elements) {
    if ('watermark' in element) {
      if (element.watermark === MAX_WATERMARK) made.push(element);
      continue;
    }
    const at = element.at + SHIFT_MS;
    made.push({ ...element, at });
    greatest = Math.max(greatest, at);
    records += 1;
    if (records % everyRecords === 0) made.push({ watermark: greatest - outOfOrdernessMs - 1 });
  }
  return { elements: made, idle };
}

function windowed(node: WindowPlan, { elements, idle }: Stream): { readonly fired: Stream; readonly late: Stream } {
  const records = elements.filter((element) => 'record' in element);
  const reference = new ReferenceWindows(node);
  const fired: Element[] = [];
  let id = 0;
  for (const element of elements) {
    const firings =
      'record' in element ? reference.record({ key: element.record.k, id: id++ }, element.at) : reference.watermark(element.watermark);
    for (const firing of firings) fired.push({ record: resultOf(firing, node, records), at: firing.end - 1, phase: NO_PHASE });
    if ('watermark' in element) fired.push(element);
  }
  const watermarks = elements.filter((element) => 'watermark' in element);
  return {
    fired: { elements: fired, idle },
    late: { elements: [...reference.late.map((late) => records[late] as Timed), ...watermarks], idle },
  };
}

function resultOf({ key, ids }: Firing, { aggregate }: WindowPlan, records: readonly Timed[]): OracleRecord {
  return {
    k: key as number,
    v: aggregated(
      aggregate,
      ids.map((id) => (records[id] as Timed).record.v),
    ),
  };
}

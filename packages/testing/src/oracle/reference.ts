/**
 * What a random program must emit, computed the plainest way: every stream is one list of records and watermarks, made from the lists of its inputs, from the beginning
 * each time. No tasks, no channels, no state. For reading, not for speed.
 */
import { MAX_WATERMARK } from '@millrace/streaming/contract/timestamp';
import { type Firing, ReferenceWindows } from '@millrace/streaming/operators/reference-windows';
import { aggregated, copiesOf, isKept, mapped } from './operations.ts';
import type { NodePlan, OracleProgram, OracleRecord, SourcePlan, WindowPlan } from './program.ts';
import { traitsOf } from './traits.ts';

interface Timed {
  readonly record: OracleRecord;
  readonly at: number;
}

type Element = Timed | { readonly watermark: number };

interface Stream {
  readonly elements: readonly Element[];
  readonly idle: boolean;
}

const NONE = Number.NEGATIVE_INFINITY;

/** The sorted lines of every sink after so many phases; `ended`: and after the end of all sources. */
export function expectedLines(program: OracleProgram, phases: number, ended: boolean, parallelism: number): readonly (readonly string[])[] {
  const streams = streamsOf(program, phases, ended, parallelism);
  const traits = traitsOf(program);
  return program.sinks.map((sink) => {
    const lines = recordsOf(streams[sink] as Stream).map(({ record, at }) =>
      lineOf(record, traits[sink]?.timestampsKnown === true ? at : undefined),
    );
    return lines.sort();
  });
}

export function lineOf({ k, v }: OracleRecord, at: number | undefined): string {
  return at === undefined ? `k${k} v${v}` : `k${k} v${v} at ${at}`;
}

function streamsOf(program: OracleProgram, phases: number, ended: boolean, parallelism: number): readonly Stream[] {
  const streams = program.sources.map((source) => sourceStream(source, phases, ended));
  /** Late side outputs, by the stream of their window. */
  const late = new Map<number, Stream>();
  for (const [index, node] of program.nodes.entries()) {
    if (node.op === 'union') streams.push(union(node.inputs.map((input) => streams[input] as Stream)));
    else if (node.op === 'late') streams.push(late.get(node.input) as Stream);
    else if (node.op === 'window') {
      const windows = windowed(node, streams[node.input] as Stream);
      streams.push(windows.fired);
      late.set(program.sources.length + index, windows.late);
    } else streams.push(behind(node, streams[node.input] as Stream, { program, parallelism }));
  }
  return streams;
}

function sourceStream({ phases }: SourcePlan, count: number, ended: boolean): Stream {
  const elements: Element[] = [];
  let idle = false;
  for (const step of phases.slice(0, count).flat()) {
    idle = step.kind === 'idle';
    if (step.kind === 'record') elements.push({ record: step.record, at: step.at });
    else if (step.kind === 'watermark') elements.push({ watermark: step.at });
  }
  if (ended) elements.push({ watermark: MAX_WATERMARK });
  return { elements, idle: idle && !ended };
}

function recordsOf({ elements }: Stream): Timed[] {
  return elements.filter((element) => 'record' in element);
}

function watermarkOf({ elements }: Stream): number {
  return elements.reduce((greatest, element) => ('watermark' in element ? Math.max(greatest, element.watermark) : greatest), NONE);
}

/** In no order, so only the last watermark counts: that of the input that is furthest behind, but for those that are idle. */
function union(inputs: readonly Stream[]): Stream {
  const active = inputs.filter(({ idle }) => !idle);
  const watermark = active.length === 0 ? Math.max(...inputs.map(watermarkOf)) : Math.min(...active.map(watermarkOf));
  return { elements: [...inputs.flatMap(recordsOf), ...(watermark === NONE ? [] : [{ watermark }])], idle: active.length === 0 };
}

interface Surroundings {
  readonly program: OracleProgram;
  readonly parallelism: number;
}

type SimpleNode = Exclude<NodePlan, { op: 'window' | 'union' | 'late' }>;

function behind(node: SimpleNode, input: Stream, { program, parallelism }: Surroundings): Stream {
  const copies = node.partitioning === 'broadcast' ? (node.parallelism ?? parallelism) : 1;
  const repeated = input.elements.flatMap((element): Element[] =>
    'record' in element ? Array.from({ length: copies }, () => element) : [element],
  );
  const stream = { elements: repeated, idle: input.idle };
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
      return reassigned(stream, node.outOfOrdernessMs, program.autoWatermarkRecords);
  }
}

function eachRecord({ elements, idle }: Stream, fn: (record: OracleRecord) => OracleRecord[]): Stream {
  const made = elements.flatMap((element): Element[] =>
    'record' in element ? fn(element.record).map((record) => ({ record, at: element.at })) : [element],
  );
  return { elements: made, idle };
}

/** Everything of the key so far, aggregated anew for each record. */
function rolling(stream: Stream, aggregate: 'count' | 'sum' | 'max' | 'reduce'): Stream {
  const values = new Map<number, number[]>();
  return eachRecord(stream, ({ k, v }) => {
    values.set(k, [...(values.get(k) ?? []), v]);
    return [{ k, v: aggregated(aggregate, values.get(k) as number[]) }];
  });
}

/** The timestamps move by 5 ms; watermarks come after every so many records, those of the input are dropped, but for the last. */
function reassigned({ elements, idle }: Stream, outOfOrdernessMs: number, everyRecords: number): Stream {
  const made: Element[] = [];
  let greatest = NONE;
  let records = 0;
  for (const element of elements) {
    if ('watermark' in element) {
      if (element.watermark === MAX_WATERMARK) made.push(element);
      continue;
    }
    const at = element.at + 5;
    made.push({ record: element.record, at });
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
    for (const firing of firings) fired.push({ record: resultOf(firing, node, records), at: firing.end - 1 });
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

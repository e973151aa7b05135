// The window operators alone, without tasks and channels: nanoseconds per record of a 1 s tumbling count and of a 10 s by 100 ms sliding count, 10 000 numeric keys,
// 100 records for each millisecond of event time, a watermark for every 1000 records, as keyed-window and sliding-window have them.
import { HeapTableFactory } from '../packages/runtime/dist/state/heap-tables.js';
import { Types } from '../packages/core/dist/types/types.js';
import { windowOperator } from '../packages/streaming/dist/operators/window-operator.js';
import { SlidingEventTimeWindows } from '../packages/streaming/dist/window/sliding-event-time-windows.js';
import { TumblingEventTimeWindows } from '../packages/streaming/dist/window/tumbling-event-time-windows.js';
import { MAX_WATERMARK } from '../packages/streaming/dist/contract/timestamp.js';

const KEYS = 10_000;
const RECORDS_PER_MS = 100;
const WATERMARK_EVERY = 1_000;

const count = () => ({ createAccumulator: () => 0, add: (_bid, n) => n + 1, getResult: (n) => n, merge: (a, b) => a + b });
const sum = () => ({ createAccumulator: () => 0.5, add: (bid, n) => n + bid.price, getResult: (n) => n, merge: (a, b) => a + b });
const mean = () => ({
  createAccumulator: () => ({ n: 0, sum: 0 }),
  add: (bid, acc) => {
    acc.n += 1;
    acc.sum += bid.price;
    return acc;
  },
  getResult: (acc) => acc.sum / acc.n,
  merge: (a, b) => ({ n: a.n + b.n, sum: a.sum + b.sum }),
});

export function operatorOf({ assigner, aggregate, selector = (bid) => bid.auction, type = Types.LONG, onResult = () => {} }) {
  const flow = { timestamp: 0, blocked: 0 };
  const logic = windowOperator({
    key: { selector, type },
    assigner,
    aggregation: { kind: 'aggregate', fn: aggregate },
    windowFunction: (auction, window, n) => ({ auction, end: window.end, n }),
  });
  const operator = logic.create({
    flow,
    output: { collect: onResult },
    sideOutput: () => undefined,
    tables: new HeapTableFactory(),
    currentProcessingTime: () => 0,
  });
  return { flow, operator };
}

/** Feeds the benchmark's records and returns nanoseconds for each. */
export function feed({ flow, operator }, records, from = 0) {
  let x = 1;
  const start = process.hrtime.bigint();
  for (let n = from; n < from + records; n++) {
    x = (Math.imul(x, 1103515245) + 12345) & 0x7fffffff;
    const ts = 1_700_000_000_000 + Math.floor(n / RECORDS_PER_MS);
    flow.timestamp = ts;
    operator.processElement({ auction: 1000 + ((x >>> 8) % KEYS), bidder: 1000 + ((x >>> 4) % 5000), price: (x >>> 10) % 10000, ts });
    if (n % WATERMARK_EVERY === WATERMARK_EVERY - 1) operator.processWatermark(ts - 1);
  }
  return Number(process.hrtime.bigint() - start) / records;
}

const tumbling = (aggregate, onResult) => operatorOf({ assigner: TumblingEventTimeWindows.of('1 s'), aggregate, onResult });
const sliding = (aggregate, onResult) => operatorOf({ assigner: SlidingEventTimeWindows.of('10 s', '100 ms'), aggregate, onResult });

function measure(make, records) {
  let results = 0;
  const bench = make(() => {
    results++;
  });
  feed(bench, Math.min(records, 1_500_000)); // warm, and the sliding windows full
  results = 0;
  const cpuBefore = process.cpuUsage();
  const ns = feed(bench, records, 1_500_000);
  const cpu = process.cpuUsage(cpuBefore);
  const start = process.hrtime.bigint();
  bench.operator.processWatermark(MAX_WATERMARK);
  return {
    nsPerRecord: Number(ns.toFixed(1)),
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
    resultsPerRecord: Number((results / records).toFixed(2)),
    lastWatermarkMs: Number(process.hrtime.bigint() - start) / 1e6,
  };
}

export async function run({ records = 3_000_000, json = false } = {}) {
  const cases = {
    'tumbling count': (onResult) => tumbling(count(), onResult),
    'sliding count': (onResult) => sliding(count(), onResult),
    'tumbling sum': (onResult) => tumbling(sum(), onResult),
    'sliding sum': (onResult) => sliding(sum(), onResult),
    'tumbling mean': (onResult) => tumbling(mean(), onResult),
    'sliding mean': (onResult) => sliding(mean(), onResult),
  };
  const figures = {};
  for (const [name, make] of Object.entries(cases)) {
    figures[name] = measure(make, records);
    if (!json) console.log(name.padEnd(16), figures[name]);
  }
  const all = Object.values(figures);
  const seconds = Number(all.reduce((sum, { nsPerRecord }) => sum + (nsPerRecord * records) / 1e9, 0).toFixed(3));
  const total = records * all.length;
  const cpuSeconds = Number(all.reduce((sum, figure) => sum + figure.cpuSeconds, 0).toFixed(2));
  return { records: total, seconds, recordsPerSecond: Math.round(total / seconds), cpuSeconds, details: figures };
}

// What it costs to write and read a record: declared and undeclared, beside JSON. `npm run bench -- codecs [--records N] [--json]`.
import { cpuSeconds } from './process-figures.mjs';
import { BytesReader } from '@millrace/core/bytes/bytes-reader';
import { BytesWriter } from '@millrace/core/bytes/bytes-writer';
import { createCodec } from '@millrace/core/types/codec';
import { descriptionOf, Types } from '@millrace/core/types/types';

const DISTINCT = 4_096; // records, written over and over: enough for caches to matter, few enough to fit into one buffer
const ROUNDS = 5;

const Numbers = Types.row({ auction: Types.LONG, price: Types.DOUBLE, time: Types.LONG });
const Bid = Types.row({
  auction: Types.LONG,
  bidder: Types.LONG,
  price: Types.DOUBLE,
  channel: Types.STRING,
  url: Types.STRING,
  dateTime: Types.LONG,
  extra: Types.STRING,
});
const WordCount = Types.row({ word: Types.STRING, count: Types.INT });

const numbers = (index) => ({ auction: 1000 + (index % 97), price: index * 1.5, time: 1_700_000_000_000 + index });
const channels = ['Google', 'Facebook', 'Baidu', 'Apple'];
const bid = (index) => ({
  auction: 1000 + (index % 97),
  bidder: 2000 + index,
  price: index * 1.5,
  channel: channels[index % 4],
  url: `https://www.nexmark.com/item.htm?query=${index % 512}`,
  dateTime: 1_700_000_000_000 + index,
  extra: `extra-${(index * 2654435761) >>> 0}`,
});
const words = 'the of and to in is that for it was on are as with his they be at one have'.split(' ');
const wordCount = (index) => ({ word: words[index % words.length], count: index });

const CASES = [
  ['three numbers, declared', Numbers, numbers],
  ['three numbers, undeclared', undefined, numbers],
  ['seven fields, declared', Bid, bid],
  ['seven fields, undeclared', undefined, bid],
  ['word and count, declared', WordCount, wordCount],
  ['word and count, undeclared', undefined, wordCount],
];

export async function run({ records = 2_000_000, json = false } = {}) {
  const details = [];
  const cpuBefore = cpuSeconds();
  const started = performance.now();
  let headline;
  for (const [name, type, make] of CASES) {
    details.push(measure(name, codecPair(type), make, records));
    headline ??= { seconds: (performance.now() - started) / 1_000, cpuSeconds: since(cpuBefore) };
  }
  for (const [name, make] of [
    ['three numbers, JSON', numbers],
    ['seven fields, JSON', bid],
  ])
    details.push(measure(name, jsonPair(), make, records / 10));
  if (!json)
    for (const { name, writeNs, readNs, bytes } of details)
      console.log(`${name.padEnd(28)} write ${writeNs} ns, read ${readNs} ns, ${bytes} bytes`);
  // The first case, all of its rounds: written and read. `details` has the best round of each.
  const done = details[0].records;
  return { records: done, recordsPerSecond: Math.round(done / headline.seconds), ...headline, details };
}

/** The best of some rounds, each over the same records in one buffer. */
function measure(name, pair, make, records) {
  const values = Array.from({ length: DISTINCT }, (_, index) => make(index));
  const repeats = Math.max(1, Math.round(records / DISTINCT / ROUNDS));
  let writeNs = Infinity;
  let readNs = Infinity;
  let bytes = pair.write(values); // shapes are told once, so the first bytes are read before they are written over
  pair.read(DISTINCT);
  for (let round = 0; round < ROUNDS + 2; round++) {
    const written = performance.now();
    for (let repeat = 0; repeat < repeats; repeat++) bytes = pair.write(values);
    const read = performance.now();
    for (let repeat = 0; repeat < repeats; repeat++) pair.read(DISTINCT);
    const done = performance.now();
    writeNs = Math.min(writeNs, ((read - written) * 1e6) / repeats / DISTINCT);
    readNs = Math.min(readNs, ((done - read) * 1e6) / repeats / DISTINCT);
  }
  return {
    name,
    records: repeats * DISTINCT * (ROUNDS + 2),
    writeNs: round1(writeNs),
    readNs: round1(readNs),
    bytes: Math.round(bytes / DISTINCT),
  };
}

function codecPair(type) {
  const codec = createCodec(descriptionOf(type));
  const memory = new Uint8Array(new SharedArrayBuffer(4 << 20));
  const output = new BytesWriter(memory);
  const input = new BytesReader(memory);
  const encoder = codec.createEncoder();
  const decoder = codec.createDecoder();
  return {
    write(values) {
      output.reset();
      for (let index = 0; index < values.length; index++) encoder.write(values[index], output);
      return output.position;
    },
    read(count) {
      input.position = 0;
      input.limit = output.position;
      let last;
      for (let index = 0; index < count; index++) last = decoder.read(input);
      return last;
    },
  };
}

function jsonPair() {
  let texts = [];
  return {
    write(values) {
      texts = values.map((value) => JSON.stringify(value));
      return texts.reduce((sum, text) => sum + text.length, 0);
    },
    read() {
      let last;
      for (let index = 0; index < texts.length; index++) last = JSON.parse(texts[index]);
      return last;
    },
  };
}

function since(cpuBefore) {
  return cpuBefore === undefined ? undefined : Number((cpuSeconds() - cpuBefore).toFixed(2));
}

function round1(value) {
  return Math.round(value * 10) / 10;
}

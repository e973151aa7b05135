// What a channel costs by itself: records of three numbers (24 bytes) and of strings (about 160 bytes) from one slot to another through the shared-memory
// ring with the generated codecs, and by reference through the in-thread queue. `mixed` sends both kinds over two edges between the same two slots.
import { cpuSeconds } from './process-figures.mjs';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { systemClock } from '../packages/core/dist/base/clock.js';
import { createCodec } from '../packages/core/dist/types/codec.js';
import { NetworkMemory } from '../packages/runtime/dist/memory/network-memory.js';
import { SEGMENT_BYTES } from '../packages/runtime/dist/memory/segment.js';
import { END_OF_INPUT } from '../packages/runtime/dist/network/channel.js';
import { createEdgeChannels } from '../packages/runtime/dist/network/edge-channels.js';
import { Doorbell } from '../packages/runtime/dist/network/doorbell.js';
import { attachRing, createRing, DEFAULT_SEGMENTS_PER_CHANNEL } from '../packages/runtime/dist/network/ring-control.js';

const row = (...fields) => ({ kind: 'row', fields: fields.map(([name, kind]) => ({ name, type: { kind } })) });
const url = 'https://www.nexmark.com/abcde/fghij/klmno/item.htm?query=1&channel_id=123456789';
const KINDS = {
  numbers: {
    description: row(['auction', 'double'], ['bidder', 'double'], ['price', 'double']),
    make: (i) => ({ auction: i, bidder: i & 1023, price: i * 0.5 }),
    weigh: (record) => record.price,
  },
  strings: {
    description: row(['id', 'double'], ['price', 'double'], ['channel', 'string'], ['url', 'string'], ['extra', 'string']),
    make: (i) => ({ id: i, price: i * 0.5, channel: 'channel-1234', url, extra: 'jmsogixbezldxcoaqvewgrwbzjdjqkpbbhmtcxoynnskryvp' }),
    weigh: (record) => record.price + record.url.length - url.length,
  },
};
const CASES = { numbers: ['numbers'], strings: ['strings'], mixed: ['numbers', 'strings'] };
const newFlow = () => ({ timestamp: 0, blocked: 0 });

/** The first one warms up. */
const ROUNDS = 3;

export async function run({ records = 10_000_000 }) {
  const details = { segmentsPerChannel: DEFAULT_SEGMENTS_PER_CHANNEL };
  const cpuBefore = cpuSeconds();
  let cpu;
  for (const name of Object.keys(CASES)) {
    details[`ring ${name}`] = await ring(CASES[name], records);
    if (cpuBefore !== undefined) cpu ??= Number(((cpuSeconds() - cpuBefore) / ROUNDS).toFixed(2));
  }
  for (const name of Object.keys(KINDS)) details[`in-thread ${name}`] = inThread(KINDS[name], records);
  const { seconds, recordsPerSecond } = details['ring numbers'];
  return { records, seconds, recordsPerSecond, cpuSeconds: cpu, details }; // `ring numbers`; the CPU time is the mean of its rounds
}

function rate(records, seconds) {
  return { seconds: Number(seconds.toFixed(3)), recordsPerSecond: Math.round(records / seconds) };
}

async function ring(kinds, records) {
  const memory = NetworkMemory.create(64 * SEGMENT_BYTES);
  const [sendingBell, receivingBell] = [Doorbell.createMemory(), Doorbell.createMemory()];
  const rings = kinds.map((kind) => createRing(memory, { channel: kind, epoch: 0 }, DEFAULT_SEGMENTS_PER_CHANNEL));
  const start = (role, bell, peer) =>
    new Worker(fileURLToPath(import.meta.url), {
      workerData: { role, kinds, records, bell, attachments: rings.map((ring) => attachRing(ring, peer)) },
    });
  const workers = [start('send', sendingBell, receivingBell), start('receive', receivingBell, sendingBell)];
  const answers = () =>
    Promise.all(workers.map((worker) => new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))));
  const runs = [];
  await answers(); // ready
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const worker of workers) worker.postMessage('go');
    runs.push((await answers())[1]);
  }
  for (const worker of workers) worker.postMessage('end');
  // The first run warms up.
  return rate(records, Math.min(runs[1].seconds, runs[2].seconds));
}

function inThread(kind, records) {
  const channels = createEdgeChannels('in-thread');
  const [producer, consumer] = [newFlow(), newFlow()];
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 3; round += 1) {
    const { writer, reader } = channels.createLocalChannel(producer, consumer);
    const handler = {
      sum: 0,
      processRecord(record) {
        this.sum += kind.weigh(record);
      },
    };
    const start = performance.now();
    for (let sent = 0; sent < records; ) {
      while (sent < records && producer.blocked === 0) writer.write(kind.make(sent), sent++);
      while (reader.hasData()) reader.drain(handler, 1024);
      writer.tryDrain();
    }
    best = Math.min(best, (performance.now() - start) / 1000);
  }
  return rate(records, best);
}

/** One slot: runs `turn` until it says `done`, parks when it got nowhere. */
async function slotLoop(bell, turn) {
  for (let idle = false; ; ) {
    const state = turn();
    if (state === 'done') return;
    if (state === 'advanced') {
      if (idle) bell.cancel();
      idle = false;
    } else if (idle) {
      await bell.park(Number.POSITIVE_INFINITY);
      idle = false;
    } else {
      bell.prepare();
      idle = true;
    }
  }
}

function sender({ kinds, records, attachments }) {
  const flow = newFlow();
  const writers = attachments.map((attachment, i) =>
    createEdgeChannels(kinds[i]).openRingWriter(attachment, createCodec(KINDS[kinds[i]].description).createEncoder(), flow, 0),
  );
  const makes = kinds.map((kind) => KINDS[kind].make);
  let sent = 0;
  const turn = () => {
    let free = true;
    for (const writer of writers) free = writer.tryDrain() && free;
    if (!free) return 'idle';
    if (sent < records) {
      const until = Math.min(records, sent + 4096);
      while (sent < until && flow.blocked === 0) {
        const edge = sent % writers.length;
        writers[edge].write(makes[edge](sent), sent);
        sent += 1;
      }
      return 'advanced';
    }
    for (const writer of writers) {
      writer.writeEndOfInput();
      writer.flush();
    }
    sent = 0;
    return 'done';
  };
  return turn;
}

function receiver({ kinds, attachments }) {
  const flow = newFlow();
  const readers = attachments.map((attachment, i) =>
    createEdgeChannels(kinds[i]).openRingReader(attachment, createCodec(KINDS[kinds[i]].description).createDecoder(), flow, 0),
  );
  // One class for each kind, as a generated chain would be.
  const classes = {
    numbers: class {
      sum = 0;
      processRecord(record) {
        this.sum += record.price;
      }
    },
    strings: class {
      sum = 0;
      processRecord(record) {
        this.sum += record.price + record.url.length;
      }
    },
  };
  const handlers = kinds.map((kind) => new classes[kind]());
  let ended = 0;
  return () => {
    let advanced = false;
    for (let i = 0; i < readers.length; i += 1) {
      const result = readers[i].drain(handlers[i], 4096);
      if (readers[i].drained > 0) advanced = true;
      if (result === END_OF_INPUT) ended += 1;
    }
    if (ended < readers.length) return advanced ? 'advanced' : 'idle';
    ended = 0;
    return 'done';
  };
}

if (!isMainThread && workerData?.role !== undefined) {
  const turn = workerData.role === 'send' ? sender(workerData) : receiver(workerData);
  const bell = new Doorbell(workerData.bell, systemClock);
  parentPort.on('message', async (message) => {
    if (message === 'end') return parentPort.close();
    const start = performance.now();
    await slotLoop(bell, turn);
    parentPort.postMessage({ seconds: (performance.now() - start) / 1000 });
  });
  parentPort.postMessage('ready');
}

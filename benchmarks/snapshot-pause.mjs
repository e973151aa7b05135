// One operator with a gigabyte of heap state: how long the record path stands still while a snapshot of it is written to a disk, and how long it takes to read it back.
// Run with: NODE_OPTIONS=--max-old-space-size=12000 npm run bench -- snapshot-pause [--records KEYS]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileSystemOf } from '../packages/core/dist/fs/file-systems.js';
import { Types } from '../packages/core/dist/types/types.js';
import { CheckpointDirectory } from '../packages/runtime/dist/checkpoint/checkpoint-directory.js';
import { checkpointFiles } from '../packages/runtime/dist/task/node/checkpoint-files.js';
import { OperatorServices } from '../packages/runtime/dist/task/operator-services.js';
import { ValueStateDescriptor } from '../packages/streaming/dist/contract/state-descriptor.js';

const KEY_GROUPS = { maxParallelism: 128, first: 0, last: 127 };
const TURN_RECORDS = 1000; // between two pieces of the snapshot, as in a task
const PIECE_MS = 2;
const ENTRIES = 256;

const Value = Types.row({ name: Types.STRING, count: Types.LONG, sum: Types.DOUBLE, last: Types.LONG, tags: Types.list(Types.INT) });

function servicesOf(restored) {
  return new OperatorServices({
    key: { type: Types.LONG },
    flow: { timestamp: 0, blocked: 0 },
    freeze: undefined,
    currentProcessingTime: () => 0,
    mail: () => {},
    schedule: () => ({ cancel() {} }),
    keyGroups: KEY_GROUPS,
    restored,
  });
}

const customerOf = (n) => ({
  name: `customer number ${n} of the northern region`,
  count: 1,
  sum: n / 7,
  last: n,
  tags: [n & 7, n & 15, n & 31, 4],
});

/** A turn of the record path: reads and writes random keys. */
function turn(state, services, random, keys) {
  for (let record = 0; record < TURN_RECORDS; record++) {
    const key = random() % keys;
    services.keyedState.setCurrentKey(key);
    const value = state.value();
    state.update({ ...value, count: value.count + 1 });
  }
}

function randomOf(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state;
  };
}

/** Turns until `isOver`; the longest of them, what was done beside the records included. */
async function turns(work, isOver) {
  const lengths = [];
  while (!isOver()) {
    const start = performance.now();
    work();
    lengths.push(performance.now() - start);
    await nextTurn();
  }
  lengths.sort((a, b) => a - b);
  const at = (share) => Number((lengths[Math.min(lengths.length - 1, Math.floor(lengths.length * share))] ?? 0).toFixed(1));
  return { turns: lengths.length, medianMs: at(0.5), p99Ms: at(0.99), longestMs: at(1) };
}

export async function run({ records: keys = 3_500_000 }) {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const directory = new CheckpointDirectory({
    directory: folder,
    jobId: 'bench',
    fileSystem: fileSystemOf(folder),
    inlineBytesMax: 20_000,
  });
  await directory.prepare();
  const { handles, ...figures } = await snapshotOf(keys, directory);
  const recoverySeconds = await recover(handles, keys, directory);
  rmSync(folder, { recursive: true });
  return { keys, ...figures, recoverySeconds };
}

/** What it has made is garbage when it is over: a program that recovers has only one copy of its state. */
async function snapshotOf(keys, directory) {
  const services = servicesOf(undefined);
  await services.load();
  const state = services.keyedState.getState(new ValueStateDescriptor('customers', Value));
  const heapBefore = process.memoryUsage().heapUsed;
  for (let key = 0; key < keys; key++) {
    services.keyedState.setCurrentKey(key);
    state.update(customerOf(key));
  }
  const heapMiB = Math.round((process.memoryUsage().heapUsed - heapBefore) / 2 ** 20);
  const random = randomOf(7);
  let quietTurns = 1500; // about as many as the snapshot takes, for a full garbage collection comes into either
  const quiet = await turns(
    () => turn(state, services, random, keys),
    () => quietTurns-- <= 0,
  );
  const location = await directory.begin(1);
  const begunMs = performance.now();
  const snapshot = services.beginSnapshot({ checkpointId: 1, timestamp: 0, kind: 'checkpoint', location }, checkpointFiles.streams);
  snapshot.seal();
  const freezeMs = Number((performance.now() - begunMs).toFixed(1));
  let isEncoded = false;
  const duringSnapshot = await turns(
    () => {
      turn(state, services, random, keys);
      const untilMs = performance.now() + PIECE_MS;
      do {
        const progress = snapshot.advance(ENTRIES);
        isEncoded = progress === 'done';
        if (progress === 'waiting') break;
      } while (!isEncoded && performance.now() < untilMs);
    },
    () => isEncoded,
  );
  const handles = await snapshot.finish();
  const snapshotSeconds = Number(((performance.now() - begunMs) / 1000).toFixed(2));
  const stateMiB = Math.round(snapshot.checkpointedBytes / 2 ** 20);
  return { handles, heapMiB, stateMiB, freezeMs, quiet, duringSnapshot, snapshotSeconds };
}

async function recover(state, keys, directory) {
  const begunMs = performance.now();
  const restored = servicesOf({ checkpointId: 1, state, openStream: (handle) => checkpointFiles.open(handle, directory.base) });
  const found = restored.keyedState.getState(new ValueStateDescriptor('customers', Value));
  await restored.load();
  const seconds = Number(((performance.now() - begunMs) / 1000).toFixed(2));
  restored.keyedState.setCurrentKey(keys - 1);
  if (found.value() === undefined) throw new Error('the last key was not restored');
  return seconds;
}

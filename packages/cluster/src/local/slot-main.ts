/** Entry of a slot's thread: a `Slot` of the runtime with the ports that a thread can give it. */
import { parentPort, threadId, workerData } from 'node:worker_threads';
import { invariant } from '@millrace/core/base/assert';
import { systemClock } from '@millrace/core/base/clock';
import { restoreFailure } from '@millrace/runtime/protocol/failure-description';
import { systemFigures } from '@millrace/runtime/task/node/system-figures';
import { Slot } from '@millrace/runtime/task/slot';
import { bindProgram } from '../client/bind-program.ts';
import { loadApi } from '../client/program-host.ts';
import { BatchedStreams } from './batched-streams.ts';
import { phase } from './phase.ts';
import type { ProfileSettings } from './profile-settings.ts';
import type { SlotProfile } from './slot-profile.ts';
import { installConsole, redirectProcessStreams } from './slot-console.ts';
import { writeOrDrop } from './standard-streams.ts';
import { type FromSlotWorker, SLOT_REPORT, type SlotWorkerData, type ToSlotWorker } from './worker-messages.ts';

const STACK_FRAMES_MAX = 200;

const port = parentPort;
invariant(port !== null, () => 'slot-main is the entry of a worker thread');
const { location, doorbell, overdraftMemoryBytes, memoryLimitBytes, managedMemoryBytes, profile: settings } = workerData as SlotWorkerData;
const { activity, closeTimeoutMs, systemMetrics, logging } = workerData as SlotWorkerData;

const post = (message: FromSlotWorker) => port.postMessage(message);
const streams = new BatchedStreams({
  send: (stream, text) => post({ kind: 'output', stream, text }),
  later: (flush) => setImmediate(flush),
});
// Back-pressure is for print sinks.
const writeText = (stream: 'stdout' | 'stderr', text: string) => writeOrDrop(streams, stream, text);

const slot = new Slot({
  location,
  doorbell,
  clock: systemClock,
  threadId,
  post(message) {
    profile?.posts(message);
    streams.flush();
    phase(`slot says: ${message.type}`);
    post({ kind: 'slot', message });
  },
  bind: bindProgram,
  standardStreams: streams,
  overdraftMemoryBytes,
  memoryLimitBytes,
  managedMemoryBytes,
  activity,
  closeTimeoutMs,
  logging,
  system: systemMetrics ? systemFigures() : undefined,
});

// For the inspector, which calls it on top of whatever this thread does (slot-worker.ts).
Object.defineProperty(globalThis, Symbol.for(SLOT_REPORT), {
  value(asked: number) {
    if (asked !== location.slot) return undefined; // another slot's thread was meant
    streams.flush(); // what the function has logged before it did not come back
    return JSON.stringify(slot.report(stackOfThread()));
  },
});

const profile = settings && (await profileOf(settings));

async function profileOf(given: ProfileSettings): Promise<SlotProfile> {
  const { SlotProfile } = await import('./slot-profile.ts');
  return new SlotProfile(given, { operatorFunctions: () => slot.operatorFunctions(), print: (text) => writeText('stderr', text) });
}

installConsole({ write: writeText, taskName: () => slot.currentTaskName() });
redirectProcessStreams(writeText);

phase('slot ready');
port.on('message', (message: ToSlotWorker) => {
  if (message.kind === 'slot') {
    phase(`slot: ${message.message.type}`);
    profile?.receives(message.message);
    slot.receive(message.message);
  } else streams.acknowledge(message.stream, message.chars, message.failure && restoreFailure(message.failure));
});

function stackOfThread(): string {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = STACK_FRAMES_MAX;
  try {
    return new Error().stack ?? '';
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

// The program that comes needs the API: loaded now, it is there when the job is. An error shows when the program is bound.
loadApi().catch(() => {});

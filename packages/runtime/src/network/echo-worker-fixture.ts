/** The other thread of ring-threads.test.ts: echoes until the end of input, then posts how often it parked. */
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '@millrace/core/base/clock';
import { seededRandom } from '@millrace/core/base/random';
import { Doorbell } from './doorbell.ts';
import { Echo, type EchoSetup, runSlot } from './echo-fixture.ts';
import { payloadDecoder, payloadEncoder } from './payload-fixture.ts';
import { openRingReader } from './ring-reader.ts';
import { openRingWriter } from './ring-writer.ts';

const port = parentPort!;
port.on('message', () => port.close()); // holds the event loop while the slot is parked

const { seed, input, output, bell } = workerData as EchoSetup;
const flow = { timestamp: 0, blocked: 0 };
const reader = openRingReader(input, payloadDecoder, flow, 0);
const writer = openRingWriter(output, payloadEncoder, flow, 0);
const echo = new Echo({ reader, writer }, flow, seededRandom(seed + 1));
const parks = await runSlot(
  new Doorbell(bell, systemClock),
  () => echo.turn(),
  () => echo.isFinished(),
);
port.postMessage(parks);

/** What both threads of the two-thread tests run: a slot with a doorbell, and a task that sends back what it gets. */
import type { Random } from '@millrace/core/base/random';
import { type ChannelReader, type ChannelWriter, EMPTY, END_OF_INPUT, RECORD, WATERMARK } from './channel.ts';
import type { Doorbell } from './doorbell.ts';
import type { Payload } from './payload-fixture.ts';
import type { RingAttachment } from './ring-control.ts';

export interface EchoSetup {
  readonly seed: number;
  readonly input: RingAttachment;
  readonly output: RingAttachment;
  readonly bell: SharedArrayBuffer;
}

/** The slot loop in small: `turn` says whether it got anywhere; when it did not, the slot parks without a time limit, so a lost wake-up hangs. */
export async function runSlot(bell: Doorbell, turn: () => boolean, isDone: () => boolean): Promise<number> {
  let parks = 0;
  while (!isDone()) {
    if (turn()) continue;
    bell.prepare();
    if (turn() || isDone()) {
      bell.cancel();
      continue;
    }
    parks += 1;
    await bell.park(Number.POSITIVE_INFINITY);
  }
  return parks;
}

/** Forwards everything; takes input only while its output is not blocked, flushes at random and always before it reports that it is idle. */
export class Echo {
  done = false;
  private readonly reader: ChannelReader<Payload>;
  private readonly writer: ChannelWriter<Payload>;
  private readonly random: Random;
  private readonly flow: { timestamp: number; blocked: number };

  constructor(
    ends: { reader: ChannelReader<Payload>; writer: ChannelWriter<Payload> },
    flow: { timestamp: number; blocked: number },
    random: Random,
  ) {
    this.reader = ends.reader;
    this.writer = ends.writer;
    this.flow = flow;
    this.random = random;
  }

  processRecord(record: Payload): void {
    this.writer.write(record, this.flow.timestamp);
    if (this.random.nextInt(8) === 0) this.writer.flush();
  }

  turn(): boolean {
    const wasBlocked = this.writer.isBlocked;
    if (!this.writer.tryDrain()) return false;
    const result = this.reader.drain(this, 1 + this.random.nextInt(40));
    if (result === WATERMARK) this.writer.writeWatermark(this.reader.value);
    if (result === END_OF_INPUT) {
      this.writer.writeEndOfInput();
      this.done = true;
    }
    const advanced = wasBlocked || this.reader.drained > 0 || (result !== EMPTY && result !== RECORD);
    if (!advanced || this.done) this.writer.flush();
    return advanced;
  }

  /** The last bytes may still wait for credit. */
  isFinished(): boolean {
    return this.done && this.writer.tryDrain();
  }
}

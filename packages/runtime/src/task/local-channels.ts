/** The channels whose two ends are both in this slot. The first task that asks for an end makes the channel with both flows. */
import { createLocalChannel, type LocalChannel } from '../network/local-channel.ts';
import { Flow } from './flow.ts';

interface Ends {
  readonly channel: LocalChannel<unknown>;
  writerTaken: boolean;
  readerTaken: boolean;
}

/**
 * Owned by the slot. A task's flow exists before the task, so that a channel can be made when only one of its tasks is built.
 * Forgets a channel once both ends are taken.
 */
export class LocalChannels {
  readonly #channels = new Map<string, Ends>();
  readonly #flows = new Map<string, Flow>();

  /** `taskKey` names a subtask of a vertex in one attempt. */
  flowOf(taskKey: string): Flow {
    const known = this.#flows.get(taskKey);
    if (known !== undefined) return known;
    const flow = new Flow();
    this.#flows.set(taskKey, flow);
    return flow;
  }

  forget(taskKey: string): void {
    this.#flows.delete(taskKey);
  }

  takeWriter(key: string, producer: Flow, consumer: Flow): LocalChannel<unknown>['writer'] {
    const ends = this.#endsOf(key, producer, consumer);
    ends.writerTaken = true;
    this.#forgetTaken(key, ends);
    return ends.channel.writer;
  }

  takeReader(key: string, producer: Flow, consumer: Flow): LocalChannel<unknown>['reader'] {
    const ends = this.#endsOf(key, producer, consumer);
    ends.readerTaken = true;
    this.#forgetTaken(key, ends);
    return ends.channel.reader;
  }

  #endsOf(key: string, producer: Flow, consumer: Flow): Ends {
    const known = this.#channels.get(key);
    if (known !== undefined) return known;
    const ends = { channel: createLocalChannel<unknown>(producer, consumer), writerTaken: false, readerTaken: false };
    this.#channels.set(key, ends);
    return ends;
  }

  #forgetTaken(key: string, ends: Ends): void {
    if (ends.writerTaken && ends.readerTaken) this.#channels.delete(key);
  }
}

/** The channels whose two ends are both in this slot. The first task that asks for an end makes the channel with both flows. */
import type { BacklogOptions } from '../network/backlog.ts';
import type { EdgeChannels } from '../network/edge-channels.ts';
import type { LocalChannel } from '../network/local-channel.ts';
import { FeedbackQueue } from './feedback-queue.ts';
import { Flow } from './flow.ts';

/** A channel of one edge, by its own key and the flows of the tasks at its ends. */
export interface LocalEnds {
  readonly key: string;
  readonly producer: Flow;
  readonly consumer: Flow;
  /** Where the writer's overdraft goes. */
  readonly backlog?: BacklogOptions;
}

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
  readonly #capacity: number | undefined;
  readonly #channels = new Map<string, Ends>();
  readonly #feedback = new Map<string, FeedbackQueue>();
  readonly #flows = new Map<string, Flow>();

  /** `capacity`: records in each channel, a power of two; absent: the network's default. */
  constructor(capacity?: number) {
    this.#capacity = capacity;
  }

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

  /** The way back from an iteration's tail to its head, of one subtask. Either of them asks first; the second time it is forgotten. */
  feedbackOf(key: string): FeedbackQueue {
    const known = this.#feedback.get(key);
    if (known !== undefined) {
      this.#feedback.delete(key);
      return known;
    }
    const queue = new FeedbackQueue();
    this.#feedback.set(key, queue);
    return queue;
  }

  takeWriter(edge: EdgeChannels, named: LocalEnds): LocalChannel<unknown>['writer'] {
    const ends = this.#endsOf(edge, named);
    ends.writerTaken = true;
    this.#forgetTaken(named.key, ends);
    return ends.channel.writer;
  }

  takeReader(edge: EdgeChannels, named: LocalEnds): LocalChannel<unknown>['reader'] {
    const ends = this.#endsOf(edge, named);
    ends.readerTaken = true;
    this.#forgetTaken(named.key, ends);
    return ends.channel.reader;
  }

  /** Made with the code of the edge whose end asks first; one edge has code at each of its ends, and both are its own. */
  #endsOf(edge: EdgeChannels, { key, producer, consumer, backlog }: LocalEnds): Ends {
    const known = this.#channels.get(key);
    if (known !== undefined) return known;
    const channel = edge.createLocalChannel<unknown>(producer, consumer, { capacity: this.#capacity, backlog });
    const ends = { channel, writerTaken: false, readerTaken: false };
    this.#channels.set(key, ends);
    return ends;
  }

  #forgetTaken(key: string, ends: Ends): void {
    if (ends.writerTaken && ends.readerTaken) this.#channels.delete(key);
  }
}

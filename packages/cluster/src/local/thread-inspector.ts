/**
 * Asks threads of this process something while they do not listen: through V8's inspector, which interrupts a thread even in an endless loop.
 *
 * Owns the inspector's session.
 * I1 nothing is attached before the first question. From then on the session stays: threads that start after one was ended are not shown to the next (Node 20).
 * I2 every question is settled, with undefined where no answer comes in ANSWER_MS_MAX: a thread in a native call cannot be interrupted.
 * I3 a thread must not be terminated while it is asked: the evaluation would swallow the termination, and the thread's own code go on. `answered` waits for that.
 */
import { Session } from 'node:inspector';

const ANSWER_MS_MAX = 1_000;

type Settle = (answer: string | undefined) => void;

interface Question {
  readonly threadId: number;
  readonly expression: string;
  readonly settle: Settle;
  readonly timer: NodeJS.Timeout;
}

/** The worker's id counts what was attached; that of the thread stands in the title. */
function threadIdOf({ title, workerId }: { readonly title: string; readonly workerId: string }): number {
  return Number(/^\[worker (\d+)\]/.exec(title)?.[1] ?? workerId);
}

interface WorkerMessage {
  readonly id?: number;
  readonly result?: { readonly result?: { readonly value?: unknown } };
}

export class ThreadInspector {
  #session: Session | undefined;
  /** By thread. */
  readonly #attached = new Map<number, string>();
  readonly #open = new Map<number, Question>();
  #lastId = 0;
  #waiting: { readonly threadId: number; readonly resolve: () => void }[] = [];

  /** I1 */
  get isAttached(): boolean {
    return this.#session !== undefined;
  }

  /** Evaluates an expression that gives a text, in the global scope of a worker thread and on top of whatever it does. */
  ask(threadId: number, expression: string, settle: Settle): void {
    const id = ++this.#lastId;
    const timer = setTimeout(() => this.#settle(id, undefined), ANSWER_MS_MAX);
    this.#open.set(id, { threadId, expression, settle, timer });
    if (this.#session === undefined) this.#attach();
    else this.#send(id);
  }

  /** Settles when no question to the thread is open. */
  answered(threadId: number): Promise<void> {
    if (!this.#isAsked(threadId)) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ threadId, resolve }));
  }

  #isAsked(threadId: number): boolean {
    return [...this.#open.values()].some((question) => question.threadId === threadId);
  }

  #attach(): void {
    const session = new Session();
    this.#session = session;
    session.connect();
    session.on('NodeWorker.attachedToWorker', ({ params: { sessionId, workerInfo } }) => {
      const threadId = threadIdOf(workerInfo);
      this.#attached.set(threadId, sessionId);
      for (const [id, question] of this.#open) if (question.threadId === threadId) this.#send(id);
    });
    session.on('NodeWorker.detachedFromWorker', ({ params: { sessionId } }) => {
      for (const [threadId, attached] of this.#attached) if (attached === sessionId) this.#attached.delete(threadId);
    });
    session.on('NodeWorker.receivedMessageFromWorker', ({ params: { message } }) => {
      const { id, result } = JSON.parse(message) as WorkerMessage;
      const value = result?.result?.value;
      if (id !== undefined) this.#settle(id, typeof value === 'string' ? value : undefined);
    });
    session.post('NodeWorker.enable', { waitForDebuggerOnStart: false });
  }

  #send(id: number): void {
    const { threadId, expression } = this.#open.get(id) as Question;
    const sessionId = this.#attached.get(threadId);
    if (sessionId === undefined) return; // it follows when the thread is attached, or never
    const message = JSON.stringify({ id, method: 'Runtime.evaluate', params: { expression, returnByValue: true, silent: true } });
    this.#session?.post('NodeWorker.sendMessageToWorker', { sessionId, message });
  }

  #settle(id: number, answer: string | undefined): void {
    const question = this.#open.get(id);
    if (question === undefined) return;
    this.#open.delete(id);
    clearTimeout(question.timer);
    setImmediate(() => question.settle(answer));
    const free = this.#waiting.filter(({ threadId }) => !this.#isAsked(threadId));
    this.#waiting = this.#waiting.filter((each) => !free.includes(each));
    for (const { resolve } of free) resolve();
  }
}

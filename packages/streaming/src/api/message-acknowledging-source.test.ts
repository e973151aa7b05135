// Goal (SRC-12, SRC-13): a message is acknowledged when the checkpoint that has its effects is complete, not before, and is counted once however often the broker gives it.
// Method: a broker that keeps what is not acknowledged and gives it again to the next session; a driver that plays the engine and dies after every single step.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Types } from '@millrace/core/types/types';
import { FunctionState, type SavedList } from '../builtin/function/function-state.ts';
import type { SourceContext } from '../contract/source-function.ts';
import { MessageAcknowledgingSourceBase, MultipleIdsMessageAcknowledgingSourceBase } from './message-acknowledging-source.ts';

class Broker {
  readonly unacknowledged = new Map<number, string>();
  #tags: string[] = [];

  constructor(messages: number) {
    for (let n = 0; n < messages; n++) this.unacknowledged.set(n, `m${n}`);
  }

  /** A new session: everything that is not acknowledged comes again, under new tags. */
  connect(): readonly { readonly tag: number; readonly id: string }[] {
    this.#tags = [...this.unacknowledged.values()];
    return this.#tags.map((id, tag) => ({ tag, id }));
  }

  acknowledgeIds(ids: readonly string[]): void {
    for (const [n, id] of this.unacknowledged) if (ids.includes(id)) this.unacknowledged.delete(n);
  }

  acknowledgeTags(tags: readonly number[]): void {
    this.acknowledgeIds(tags.map((tag) => this.#tags[tag] as string));
  }
}

interface Source {
  take(message: { readonly tag: number; readonly id: string }): boolean;
}

class ById extends MessageAcknowledgingSourceBase<string, string> implements Source {
  readonly #broker: Broker;
  constructor(broker: Broker) {
    super(Types.STRING);
    this.#broker = broker;
  }
  take({ id }: { readonly id: string }): boolean {
    return this.addId(id);
  }
  override run(_context: SourceContext<string>) {}
  override cancel() {}
  protected override acknowledgeIds(_checkpointId: number, ids: readonly string[]) {
    this.#broker.acknowledgeIds(ids);
  }
}

class BySession extends MultipleIdsMessageAcknowledgingSourceBase<string, string, number> implements Source {
  readonly #broker: Broker;
  constructor(broker: Broker) {
    super(Types.STRING);
    this.#broker = broker;
  }
  take({ tag, id }: { readonly tag: number; readonly id: string }): boolean {
    this.sessionIds.push(tag);
    return this.addId(id);
  }
  override run(_context: SourceContext<string>) {}
  override cancel() {}
  protected override acknowledgeSessionIds(tags: readonly number[]) {
    this.#broker.acknowledgeTags(tags);
  }
}

class Killed extends Error {}

/** Counts messages in a state that is part of the checkpoint; notifications of every second checkpoint are lost. */
async function countAll(
  create: (broker: Broker) => ById | BySession,
  kills: readonly number[],
): Promise<{ counts: Map<string, number>; steps: number; left: number }> {
  const broker = new Broker(5);
  let checkpoint: { lists: readonly SavedList[]; counts: ReadonlyMap<string, number> } | undefined;
  let steps = 0;
  let checkpointId = 0;
  const step = () => {
    if (kills.includes(++steps)) throw new Killed();
  };
  for (;;) {
    const state = new FunctionState(checkpoint?.lists ?? []);
    const counts = new Map(checkpoint?.counts);
    const source = create(broker);
    source.initializeState({
      isRestored: () => checkpoint !== undefined,
      getRestoredCheckpointId: () => undefined,
      getOperatorStateStore: () => state,
    });
    const take = async () => {
      checkpointId += 1;
      const id = checkpointId;
      source.snapshotState({ getCheckpointId: () => id, getCheckpointTimestamp: () => 0 });
      const taken = { lists: state.save(), counts: new Map(counts) };
      step();
      checkpoint = taken;
      step();
      if (id % 2 === 0) await source.notifyCheckpointComplete(id);
      step();
    };
    try {
      for (const message of broker.connect()) {
        if (source.take(message)) counts.set(message.id, (counts.get(message.id) ?? 0) + 1);
        step();
        if (message.tag % 2 === 1) await take();
      }
      while (broker.unacknowledged.size > 0) await take();
      return { counts, steps, left: broker.unacknowledged.size };
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
    }
  }
}

for (const [name, create] of [
  ['SRC-12: by the id of the message', (broker: Broker) => new ById(broker)],
  ['SRC-13: by the id of the session', (broker: Broker) => new BySession(broker)],
] as const) {
  test(`${name}: killed after any step, and after any two, each message counts once and all are acknowledged`, async () => {
    const { steps } = await countAll(create, []);
    for (let first = 1; first <= steps; first++) {
      for (let second = first; second <= first + steps; second++) {
        const { counts, left } = await countAll(create, [first, second]);
        assert.deepEqual(
          [Object.fromEntries(counts), left],
          [{ m0: 1, m1: 1, m2: 1, m3: 1, m4: 1 }, 0],
          `killed after ${first} and ${second}`,
        );
      }
    }
  });
}

test('nothing is acknowledged before its checkpoint is complete', async () => {
  const broker = new Broker(2);
  const source = new ById(broker);
  source.initializeState({
    isRestored: () => false,
    getRestoredCheckpointId: () => undefined,
    getOperatorStateStore: () => new FunctionState([]),
  });
  const [first, second] = broker.connect();
  source.take(first as never);
  source.snapshotState({ getCheckpointId: () => 1, getCheckpointTimestamp: () => 0 });
  source.take(second as never);
  assert.equal(broker.unacknowledged.size, 2);
  await source.notifyCheckpointComplete(1);
  assert.deepEqual([...broker.unacknowledged.values()], ['m1']);
});
